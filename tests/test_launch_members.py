"""Several networks that answer as one model, through the command line."""

import csv
import json
import re

import pytest
from test_launch import TINY, launch

FLAGS = (*TINY[:-1], "--config.train.epochs=2", "--config.train.refit=no", "--config.train.members=2")


def test_members_train_predict_and_are_told_apart(tmp_path):
    workdir = tmp_path / "run"
    said = launch(workdir, *FLAGS).stdout
    summary = json.loads((workdir / "summary.json").read_text())
    each = re.search(r"model: 2 members of ([\d,]+) parameters, float32", said)[1]
    assert summary["model"]["parameters"] == 2 * int(each.replace(",", ""))
    for head, alone in summary["members"].items():
        assert len(alone["top1"]) == 2 and alone["mean"] == pytest.approx(sum(alone["top1"]) / 2), head
    assert list(summary["members"]) == ["gloss", "hands"]
    assert re.search(r"^members: top-1 \d+\.\d ± \d+\.\d % alone, \d+\.\d % together, means over 2 heads$", said, re.M)
    assert "Top-1 of the members alone (mean and standard deviation of 2)" in (workdir / "report.html").read_text()

    # From the run folder, with the clips as unlabelled ones: what evaluation found.
    launch(workdir, "--mode=predict", "--config.data.source=signavatars", f"--config.data.path={workdir / 'corpus'}")
    columns = ("gloss_predicted", "gloss_probability", "gloss_best", "hands_best")
    with (workdir / "predictions.csv").open() as file:
        known = {row["clip"]: [row[name] for name in columns] for row in csv.DictReader(file) if row["split"] == "test"}
    with (workdir / "predicted.csv").open() as file:
        found = {row["clip"]: [row[name] for name in columns if name in row] for row in csv.DictReader(file)}
    assert len(known) == 8 and known.items() <= found.items()

    refused = launch(workdir, *FLAGS[:-1], "--config.train.members=3", status=1).stderr
    assert "train.members was 2 and is now 3" in refused and "Traceback" not in refused

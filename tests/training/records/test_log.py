import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from signjax.training.records import log
from signjax.training.records.log import MetricsLog, Progress, read_log

ROOT = Path(__file__).resolve().parent.parent.parent.parent


def test_records_of_epochs_that_are_made_again_are_dropped(tmp_path):
    with MetricsLog(tmp_path, 0) as metrics:
        for epoch in (1, 2, 3):
            metrics.write({"epoch": epoch, "step": 10 * epoch, "train": {"loss": 1 / epoch}})
    with MetricsLog(tmp_path, 2) as metrics:
        metrics.write({"epoch": 3, "step": 30, "train": {"loss": 0.5}})
    assert [(record["epoch"], record["train"]["loss"]) for record in read_log(tmp_path / "metrics.jsonl")] == [
        (1, 1.0),
        (2, 0.5),
        (3, 0.5),
    ]
    assert list((tmp_path / "tensorboard").iterdir())


def test_a_damaged_line_costs_that_line_alone_and_is_told(tmp_path):
    path = tmp_path / "metrics.jsonl"
    good = [{"epoch": epoch, "step": 3 * epoch} for epoch in (1, 2, 3)]
    lines = [
        *map(json.dumps, good[:2]),
        '{"epoch": 2, "\x00',
        '{"step": 5}',
        "[1]",
        json.dumps(good[2]),
        '{"epoch": 4, "tr',
    ]
    path.write_text("\n".join(lines))
    said: list[str] = []
    assert read_log(path, said.append) == good
    assert [line.split(": ")[1] for line in said] == [f"{path}, line {number}" for number in (3, 4, 5, 7)]
    assert read_log(tmp_path / "absent.jsonl") == []
    with MetricsLog(tmp_path, 3) as metrics:
        metrics.write({"epoch": 4, "step": 12})
    assert [record["epoch"] for record in read_log(path)] == [1, 2, 3, 4]


def test_without_a_terminal_a_plain_line_comes_now_and_then(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(log.time, "monotonic", lambda: now[0])
    progress = Progress(total_steps=100, done=20)
    for seconds, text in ((1.0, "epoch 1"), (20.0, "epoch 2"), (21.0, "epoch 3")):
        now[0] = seconds
        for _ in range(10):
            progress.advance(1)
        progress.epoch(text)
    progress.close()
    assert capsys.readouterr().out.splitlines() == [
        "train: epoch 2, 1.0 steps/s, at most 1 min left",
        "train: ended at epoch 3, 1.4 steps/s",
    ]


@pytest.mark.parametrize(("seconds", "text"), [(12, "12 s"), (150, "2 min"), (7260, "2 h 1 min")])
def test_durations_are_for_people(seconds, text):
    assert log._duration(seconds) == text


def test_torch_is_not_loaded_where_it_is_installed(tmp_path):
    """tensorboardX would import it; code that imports torch afterwards must still find it."""
    (tmp_path / "torch.py").write_text("LOADED = True\n")
    program = """
import sys
from pathlib import Path
from signjax.training.records.log import MetricsLog
with MetricsLog(Path(sys.argv[1]), 0) as log:
    log.write({"epoch": 1, "step": 3, "loss": 0.5})
assert "torch" not in sys.modules
import torch
assert torch.LOADED
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True, env=environment)
    assert list((tmp_path / "tensorboard").iterdir())


def test_every_name_has_a_curve_of_its_own_in_tensorboard(tmp_path):
    heads = ["gloss", "a b", "a_b", "a/b", "<b>", "$\\foo{$", "\udcff", "\x00", "你好", "x" * 300]
    record = {"epoch": 1, "step": 3, "valid": {head: {"top1": 0.5} for head in heads}}
    with MetricsLog(tmp_path, 0) as metrics:
        metrics.write(record)
    assert read_log(tmp_path / "metrics.jsonl") == [record]
    found = log.tags(f"valid/{head}/top1" for head in heads)
    assert len(set(found.values())) == len(heads)
    assert found["valid/gloss/top1"] == "valid/gloss/top1"

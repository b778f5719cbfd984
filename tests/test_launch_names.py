"""Names that users choose, through the command line."""

import html
import json

import numpy as np
from nasty import CLASSES
from test_launch import TINY, launch

from signjax.data.csv_table import read_table
from signjax.data.visible import visible
from signjax.runtime.jax_setup import cores

# None with a NUL, which no command line can hold.
HEADS = ("gloss", "a", "a_label", "a/b", "..", "frames", "$\\foo{$")


def test_a_run_with_any_names_ends_and_its_files_hold_them(tmp_path):
    rng = np.random.default_rng(0)
    splits = ("train", "train", "train", "valid", "test")
    rows = {
        f"-clip {code} {take}": {"split": split} | {head: f"{head}{code % 2}" for head in HEADS} | {"gloss": name}
        for code, name in enumerate(CLASSES)
        for take, split in enumerate(splits)
    }
    frames = rng.normal(size=(len(rows), 12, 6)).cumsum(1).astype(np.float32)
    np.savez(tmp_path / "clips.npz", frames=frames, clips=list(rows))
    (tmp_path / "labels.json").write_text(json.dumps(rows))
    workdir = tmp_path / "run"
    done = launch(
        workdir,
        *TINY[3:],
        "--config.data.source=arrays",
        f"--config.data.path={tmp_path / 'clips.npz'}",
        f"--config.data.labels={tmp_path / 'labels.json'}",
        f"--config.data.heads={','.join(HEADS)}",
        "--config.train.epochs=1",
        "--config.train.refit=no",
        devices=None,
    )
    assert f"device: {cores()} x CPU" in done.stdout
    assert "Glyph" not in done.stderr and "font" not in done.stderr
    for name in ("report.html", "data_card.html"):
        text = html.unescape((workdir / name).read_text(encoding="utf-8"))
        assert all(visible(head) in text for head in HEADS)
        assert all(visible(name) in text for name in ("two\nlines", "long " * 60 + "b"))
    summary = json.loads((workdir / "summary.json").read_text(encoding="utf-8"))
    assert list(summary["test"]) == list(HEADS)
    predictions = read_table(workdir / "predictions.csv")
    for row in predictions:
        told = rows[row["clip"]]
        assert row["split"] == told["split"] and all(row[f"{head}_label"] == told[head] for head in HEADS)
    assert {row["gloss_label"] for row in predictions} == set(CLASSES)
    lines = done.stdout.splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("test "))
    verdict = next(i for i, line in enumerate(lines) if line.startswith("verdict: "))
    assert verdict < first and lines[verdict + 1].startswith("  ! ")

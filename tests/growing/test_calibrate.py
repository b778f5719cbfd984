"""A run whose model is calibrated to a signer, from Python and from the command line."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import silent

import signjax
from benchmarks import few_shot
from signjax import pipeline
from signjax.data.clip import Clip
from signjax.data.csv_table import read_table
from signjax.data.dataset import open_dataset
from signjax.errors import InputError
from signjax.prediction.calibration.calibrated import describe, fit_heads
from signjax.prediction.calibration.record import read_calibration
from signjax.programs import load_program
from signjax.settings import base

TINY = {
    "synthetic.signs": 3,
    "synthetic.signers": 5,
    "synthetic.takes": 2,
    "data.max_frames": 32,
    "data.workers": 1,
    "model.filters": (8,),
    "model.kernels": (5,),
    "model.units": 4,
    "model.heads": 2,
    "model.depth": 1,
    "train.batch_size": 8,
    "train.epochs": 1,
    "train.members": 2,
}


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    return signjax.train(workdir=tmp_path_factory.mktemp("growing") / "run", settings=TINY, say=silent).folder


@pytest.fixture(scope="module")
def model(run):
    return signjax.load(run)


@pytest.fixture(scope="module")
def given(run) -> Path:
    """A folder with the first takes of the test signer, and a table of their labels."""
    chosen = [row for row in read_table(run / "dataset" / "clips.csv") if row["split"] == "test"][::2]
    folder = run.parent / "given"
    folder.mkdir()
    for row in chosen:
        shutil.copy(row["source"], folder)
    with (folder / "labels.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["clip", "gloss"])
        rows.writerows([row["clip"], row["gloss"]] for row in chosen)
    return folder


@pytest.fixture(scope="module")
def new(run, given) -> Path:
    """The folder of the calibrated model, made by the command."""
    said: list[str] = []
    folder = run.parent / "new"
    before = contents(run)
    load_program("calibrate")([str(run), str(given), f"--workdir={folder}"], said.append)
    assert said[-1] == (
        f"calibrate: 3 clips of gloss (3 classes, 1 of each); the model is {folder}, which predict, evaluate and load take"
    )
    assert contents(run) == before
    assert not folder.with_name("new.new").exists()
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(file): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file() and file.name != ".lock"
    }


def labelled(given: Path) -> list[Clip]:
    return signjax.read(given, labels=given / "labels.csv")


def test_the_clips_that_it_saw_are_more_likely_and_the_model_before_stays(model, given):
    clips = labelled(given)
    before = model.predict(clips)
    calibrated = model.calibrated(clips)
    again = model.calibrated([clip.frames for clip in clips], [clip.labels["gloss"] for clip in clips])
    for clip, old, one, other, still in zip(
        clips, before, calibrated.predict(clips), again.predict(clips), model.predict(clips), strict=True
    ):
        true = one["gloss"].classes.index(clip.labels["gloss"])
        assert one["gloss"].probabilities[true] > old["gloss"].probabilities[true]
        assert one["gloss"].name == other["gloss"].name == clip.labels["gloss"]
        np.testing.assert_array_equal(still["gloss"].logits, old["gloss"].logits)
    assert model.calibration is None and calibrated.calibration.heads == ("gloss",)
    body, old_body = calibrated.variables, model.variables
    assert body["batch_stats"] is old_body["batch_stats"] and body["params"]["stem"] is old_body["params"]["stem"]
    assert body["params"]["head_gloss"]["kernel"].shape == old_body["params"]["head_gloss"]["kernel"].shape


def test_the_folder_answers_as_the_model_in_memory(model, given, new, run):
    clips = labelled(given)
    loaded, fresh = signjax.load(new), model.calibrated(clips)
    for one, other in zip(loaded.predict(run / "corpus"), fresh.predict(run / "corpus"), strict=True):
        np.testing.assert_array_equal(one["gloss"].logits, other["gloss"].logits)
    assert loaded.calibration == fresh.calibration == read_calibration(new)
    with pytest.raises(InputError, match=r"calibrated already; calibrate .*run with the clips of both times"):
        loaded.calibrated(clips)


def test_evaluating_scores_no_clip_that_it_was_calibrated_with(new, run, given):
    kept = (new / "random_convolution.npz").read_bytes()
    pipeline.run(base.get_config(), str(new), "evaluate", silent)
    summary = json.loads((new / "summary.json").read_text())
    before = json.loads((run / "summary.json").read_text())
    assert before["test"]["gloss"]["clips"] == 6 and summary["test"]["gloss"]["clips"] == 3
    used = {clip.name for clip in labelled(given)}
    rows = {row["clip"] for row in read_table(new / "predictions.csv")}
    assert used and not used & rows
    assert any(
        "calibrated with 3 clips (gloss)" in line and "not scored" in line for line in summary["verdict"]["notes"]
    )
    assert (new / "random_convolution.npz").read_bytes() == kept
    loaded = signjax.load(new)
    tested = next(row for row in read_table(new / "predictions.csv") if row["split"] == "test")
    again = loaded.predict(run / "corpus" / f"{tested['clip']}.pkl")[0]
    assert tested["gloss_predicted"] == again["gloss"].name
    with pytest.raises(InputError, match="calibrated model, which is not trained further"):
        pipeline.run(base.get_config(), str(new), "train", silent)


def test_what_cannot_be_calibrated_is_refused_with_all_names(model, given, run, new, tmp_path):
    clips = labelled(given)
    frames, names = [clip.frames for clip in clips], [clip.labels["gloss"] for clip in clips]
    with pytest.raises(InputError, match=r"(?s)these clips have none: clip 1, clip 2.*does not know.*'cat'.*init_from"):
        model.calibrated(frames, ["cat", "", None])
    with pytest.raises(InputError, match="all of one class"):
        model.calibrated(frames[:1], names[:1])
    with pytest.raises(InputError, match="expected one for each of the 3 clips; found 2"):
        model.calibrated(frames, names[:2])
    with pytest.raises(InputError, match="no head 'hands'; it has gloss"):
        model.calibrated(frames, {"hands": names})
    with pytest.raises(InputError, match=r"clip 0: expected frames"):
        model.calibrated([frames[0][:, :3], *frames[1:]], names)
    with pytest.raises(InputError, match="there are no clips"):
        model.calibrated([], [])
    calibrate = load_program("calibrate")
    with pytest.raises(InputError, match="exists and is not empty"):
        calibrate([str(run), str(given), f"--workdir={new}"], silent)
    with pytest.raises(InputError, match="no run to calibrate"):
        calibrate([str(tmp_path), str(given), f"--workdir={tmp_path / 'new'}"], silent)
    assert not (tmp_path / "new").exists()


def test_the_benchmark_scores_what_the_model_answers(model, run, given):
    dataset = open_dataset(run / "dataset")
    rows = dataset.indices("test")
    described = describe(model, few_shot._subset(dataset, rows))
    names = [row["clip"] for row in np.array(dataset.clips)[rows]]
    used = [clip.name for clip in labelled(given)]
    few = described.some(np.flatnonzero(np.isin(names, used)))
    new = model.calibrated(labelled(given))
    variables, fusion = fit_heads(model, few, ["gloss"])
    np.testing.assert_allclose(
        variables["params"]["head_gloss"]["kernel"],
        new.variables["params"]["head_gloss"]["kernel"],
        rtol=1e-4,
        atol=1e-5,
    )
    answers = [new.predict(run / "corpus" / f"{name}.pkl")[0]["gloss"].name for name in names]
    right = [answer == dataset.label(row, "gloss") for answer, row in zip(answers, rows, strict=True)]
    found = few_shot.right(new, described, np.arange(len(rows)))
    assert found["fused"] == np.mean(right) and fusion.weights == new.fusion.weights

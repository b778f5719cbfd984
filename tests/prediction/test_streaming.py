"""A tiny trained model at streams of frames."""

import copy
import dataclasses
import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

import signjax
from signjax.api import Run
from signjax.errors import InputError
from signjax.evaluation.open_set import FILE
from signjax.prediction import streaming
from signjax.runtime.compile_counter import compilations


@pytest.fixture(scope="module")
def run(trained):
    return Run(trained, json.loads((trained / "summary.json").read_text()))


@pytest.fixture(scope="module")
def model(run):
    return run.load()


@pytest.fixture(scope="module")
def frames(run):
    """Clips of which the source says that everything was seen."""
    clips = [clip.frames for clip in signjax.read(run.folder / "corpus") if clip.valid.all()]
    assert len(clips) >= 2
    return clips


def test_a_window_of_one_clip_has_the_numbers_of_predict(model, frames):
    clip = frames[0]
    (sign,) = model.stream(window=len(clip), hop=len(clip), reject=None).signs(clip)
    assert (sign.start, sign.stop, sign.known) == (0, len(clip), True)
    np.testing.assert_array_equal(sign.prediction["gloss"].logits, model.predict(clip)["gloss"].logits)


def test_a_stretch_of_movement_has_the_numbers_of_predict(model, frames):
    rest = np.repeat(frames[0][-1:], 40, axis=0)
    joined = np.concatenate([frames[0], rest, frames[1], rest])
    signs = list(model.stream(reject=None).signs(joined))
    assert signs
    for sign in signs:
        of_clip = model.predict(joined[sign.start : sign.stop])
        np.testing.assert_array_equal(sign.prediction["gloss"].logits, of_clip["gloss"].logits)
        assert sign.prediction.clip == f"frames {sign.start} to {sign.stop - 1}"


def test_nothing_is_compiled_after_a_stream_has_begun(model, frames):
    streams = [model.stream(hop=hop, window=window, reject=None) for hop, window in ((None, None), (3, 20), (9, 60))]
    before = compilations()
    for stream in streams:
        for clip in frames[:3]:
            list(stream.signs(clip))
    assert compilations() == before


def test_bad_values_and_pauses_do_no_harm(model, frames):
    clip = frames[0].copy()
    clip[10, 3], clip[20, 60] = np.nan, np.inf
    given = [*clip[:30], None, None, *clip[32:]]
    stream = model.stream(window=len(clip), hop=len(clip), reject=None)
    (sign,) = stream.signs(given)
    assert np.isfinite(sign.prediction["gloss"].logits).all() and stream.frames == len(clip)
    with pytest.raises(InputError, match=f"frame {len(clip)}: expected {model.layout.width} numbers"):
        stream.push(clip[0][:5])
    assert list(model.stream(window=9, hop=3).signs([None] * 30)) == []


def test_the_usual_length_and_the_threshold_come_from_the_run(run, model):
    assert streaming.usual_frames(model) == run.summary["model"]["median_frames"] < 64
    content = json.loads((run.folder / FILE).read_text())
    assert content["clips"] == run.summary["split"]["sizes"]["valid"]
    assert content["scores"] == sorted(content["scores"]) and content["false_rejection"] == 0.05
    assert content["threshold"] is None  # eight clips do not tell what one in twenty is


def test_the_class_of_clips_in_which_nothing_is_seen_is_no_sign(model, frames, monkeypatch):
    def answer_one(recognizer, clip, open_set):
        seen = bool(clip.valid.any()) and clip.frames[0, 0] != 7
        return {"gloss": SimpleNamespace(name="sign" if seen else "empty", probability=1.0)}, None

    monkeypatch.setattr(streaming, "answer_one", answer_one)
    fake = copy.copy(model)
    fake.spec = dataclasses.replace(model.spec, no_sign=True)
    clip = frames[0]
    assert [one.names for one in fake.stream(window=len(clip), hop=len(clip), reject=None).signs(clip)] == [("sign",)]
    marked = clip.copy()
    marked[0, 0] = 7
    assert list(fake.stream(window=len(clip), hop=len(clip), reject=None).signs(marked)) == []


def test_arguments_that_cannot_be_used_are_named_at_once(model):
    with pytest.raises(InputError, match=r"(?s)window is 0.*hop is 1\.5.*reject is 1"):
        model.stream(window=0, hop=1.5, reject=1)


def test_a_run_that_was_not_evaluated_cannot_reject(run, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(run.folder, folder, ignore=shutil.ignore_patterns("corpus", "dataset", FILE))
    model = signjax.load(folder)
    with pytest.raises(InputError, match=r"open_set\.json.*--mode=evaluate.*reject=None"):
        model.stream()
    assert model.stream(reject=None).frames == 0


def test_a_run_that_lost_its_classifier_cannot_judge_signs(run, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(run.folder, folder, ignore=shutil.ignore_patterns("corpus", "dataset", "random_convolution.npz"))
    with pytest.raises(
        InputError, match=r"random_convolution\.npz does not exist, and open_set\.json says.*--mode=evaluate"
    ):
        signjax.load(folder).stream()

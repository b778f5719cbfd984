"""What a clip consists of for the classifier beside the network, and its warped copies."""

import dataclasses

import numpy as np
import pytest

from signjax.data.clip import Clip, ClipInfo
from signjax.data.dataset import Dataset, in_memory
from signjax.data.layout.parts import Layout, Part
from signjax.data.layout.registry import BUILT_IN
from signjax.random_convolution.classifier import as_arrays, fit_random_convolution, from_arrays
from signjax.random_convolution.features import Signals, choose_signals, resample, signals_of, standardised, warped

ARM = Layout(
    "arm",
    (Part("arm", 3, "xyz", "arm"), Part("glove", 2, "scalar", "glove")),
    mirrors=False,
    skeleton=((("arm", 0), ("arm", 1)), (("arm", 1), ("arm", 2))),
)
WITHOUT = dataclasses.replace(ARM, skeleton=())


def arms(lengths: tuple[float, float], layout: Layout = ARM) -> Dataset:
    """Twelve clips of an arm with an upper and a lower arm of these lengths, in two movements, beside two scalars."""
    clips = []
    for clip in range(12):
        time = np.linspace(0, 3, 20 + clip)
        upper = np.stack([np.sin(time), np.cos(time), 0 * time], 1)
        lower = np.stack([np.cos(time * (1 + clip % 2)), 0 * time, np.sin(time * (1 + clip % 2))], 1)
        elbow = lengths[0] * upper
        frames = np.concatenate([0 * elbow, elbow, elbow + lengths[1] * lower, np.ones((len(time), 2))], 1)
        clips.append(Clip(ClipInfo(str(clip), "file", {}), frames.astype(np.float32), None))
    width = layout.width
    statistics = {
        "mean": np.zeros(width, np.float32),
        **{name: np.ones(width, np.float32) for name in ("std", "within", "speed")},
        "low": np.full(width, -np.inf, np.float32),
        "high": np.full(width, np.inf, np.float32),
    }
    dataset = in_memory(clips, layout, {"gloss": ("a", "b")}, statistics)
    return dataclasses.replace(dataset, labels=(np.arange(12) % 2)[:, None].astype(np.int32))


def test_signals_are_bones_and_what_they_do_not_tell():
    short, long = (arms(lengths) for lengths in ((1, 1), (2, 3)))
    chosen = choose_signals(short)
    assert chosen.bones.tolist() == [*range(6)] and chosen.channels.tolist() == [
        0,
        1,
        2,
        9,
        10,
    ]  # where bones begin; scalars
    found = [signals_of(dataset, 0, chosen) for dataset in (short, long)]
    np.testing.assert_allclose(found[0], found[1], atol=1e-4)
    np.testing.assert_allclose(found[0][0], [0, 3, 0, 3, 0, 0, 0, 0, 0, 1, 1], atol=1e-4)
    dataset = arms((2, 3), WITHOUT)
    assert choose_signals(dataset).channels.tolist() == [*range(11)]
    np.testing.assert_array_equal(signals_of(dataset, 0, choose_signals(dataset)), standardised(dataset, 0))


def test_bones_that_hardly_move_are_left_out_and_points_without_lines_kept_if_they_move_much():
    part = Part("body", 6, "xyz", "body")
    lines = ((("body", 0), ("body", 1)), (("body", 1), ("body", 2)), (("body", 0), ("body", 3)))
    layout = Layout("body", (part,), False, lines, shoulders=(("body", 0), ("body", 3)))
    dataset = arms((1, 1), ARM)
    within = np.repeat([0.05, 0.3, 1.0, 0.1, 0.2, 0.5], 3).astype(np.float32)
    dataset = dataclasses.replace(dataset, layout=layout, within=within)
    chosen = choose_signals(dataset)
    assert chosen.bones.tolist() == [0, 1, 2, 3, 4, 5]  # either end counts; between the shoulders, neither moves
    assert chosen.channels.tolist() == [15, 16, 17]
    smplx = dataclasses.replace(dataset, layout=BUILT_IN["smplx"], within=np.ones(169, np.float32))
    assert chosen_counts(choose_signals(smplx)) == (3 * 39, 13)  # jaw and expression beside the joints


def chosen_counts(signals: Signals) -> tuple[int, int]:
    return len(signals.bones), len(signals.channels)


def test_a_classifier_does_not_see_how_long_arms_are():
    short, long, everything = arms((1, 1)), arms((2, 3)), np.arange(12)
    classifier = fit_random_convolution(short, everything, 0)
    seen = [from_arrays(as_arrays(classifier)).log_probabilities(some, everything)["gloss"] for some in (short, long)]
    np.testing.assert_allclose(seen[0], seen[1], atol=1e-3, rtol=1e-3)
    without = [dataclasses.replace(some, layout=WITHOUT) for some in (short, long)]
    classifier = fit_random_convolution(without[0], everything, 0)
    seen = [classifier.log_probabilities(some, everything)["gloss"] for some in without]
    assert not np.allclose(seen[0], seen[1], atol=1e-2)


@pytest.mark.parametrize("length", [2, 40])
def test_a_warped_copy_has_the_same_ends_and_another_pace(length):
    ramp = np.tile(np.linspace(0, 1, length, dtype=np.float32)[:, None], (1, 50))
    clips = np.stack([ramp, 2 * ramp])
    copies = warped(clips, np.random.default_rng(0))
    assert copies.shape == clips.shape and copies.dtype == np.float32
    np.testing.assert_allclose(copies[:, [0, -1]], clips[:, [0, -1]], atol=1e-5)
    np.testing.assert_allclose(copies[1], 2 * copies[0], atol=1e-5)  # all signals of a clip alike
    if length > 2:
        pace = np.diff(copies[0], axis=0) * (length - 1)
        assert 0.2 < np.std(pace) < 0.7 and (pace > 0).mean() > 0.95
        assert np.abs(copies[0][:, 0] - copies[0][:, 1]).max() > 0.02


def test_warping_keeps_what_resampling_gave_to_clips_that_do_not_move():
    dataset = arms((1, 1))
    still = resample(dataset, np.arange(12), 30)[-2:]
    np.testing.assert_allclose(warped(still, np.random.default_rng(0)), still, atol=1e-6)

"""`preprocessing.json` is enough to do what signjax does: it is followed here in plain Python, with nothing of signjax."""

import dataclasses
import json
from itertools import pairwise

import numpy as np
import pytest

from signjax.data.batching.excerpts import frame_indices
from signjax.data.cleaning.clean import Cleaned, Cleaning, clean, cleaned_layout
from signjax.data.clip import Clip, ClipInfo
from signjax.data.layout.parts import Layout, Part
from signjax.export import preprocessing
from signjax.export.network import TrainedModel
from signjax.model.input_spec import InputSpec
from signjax.plans.hybrid import HybridSettings

FRAMES = 24

LAYOUT = Layout(
    "small",
    (
        Part("body", 3, "xy", "body", (0, 2, 1)),
        Part("left_hand", 4, "xy", "right_hand"),
        Part("right_hand", 4, "xy", "left_hand"),
    ),
    mirrors=True,
    shoulders=(("body", 1), ("body", 2)),
    wrists=(("left_hand", 0), ("right_hand", 0)),
)


def spec_for(cleaning: Cleaning, layout: Layout) -> InputSpec:
    after = cleaned_layout(layout, cleaning)
    ones = np.ones(after.width, np.float32)
    return InputSpec(
        "", after, layout, {"gloss": ("a", "b")}, ones, ones, ones, ones, -ones, ones, None, cleaning, False, (FRAMES,)
    )


def steps_of(cleaning: Cleaning, layout: Layout) -> dict:
    described = preprocessing.describe(TrainedModel(HybridSettings(), spec_for(cleaning, layout), {}))
    return json.loads(json.dumps(described))


def follow(described: dict, frames: list, mirrored: bool) -> tuple[np.ndarray, np.ndarray]:
    """Channels and what was seen, after all steps but padding; parts are of coordinates."""
    frames, parts = np.array(frames, np.float64), described["source_parts"]
    places = {
        part["name"]: slice(part["first_channel"], part["first_channel"] + part["points"] * part["channels_per_point"])
        for part in parts
    }
    names = [part["name"] for part in parts]

    def points(part: dict) -> np.ndarray:
        return frames[:, places[part["name"]]].reshape(len(frames), part["points"], part["channels_per_point"])

    def point(at: dict) -> np.ndarray:
        return frames[:, at["first_channel"] : at["first_channel"] + 2]

    def of(at: dict) -> np.ndarray:
        return seen[:, names.index(at["part"])]

    for step in described["before_the_program"]:
        if step["step"] == "order":
            frames = frames[:, step["columns"]]
        elif step["step"] == "refuse":
            assert step["shortest"] <= len(frames) <= step["longest"]
        elif step["step"] == "seen":
            seen = np.stack(
                [(np.isfinite(points(part)).all(2) & (points(part) != 0).any(2)).any(1) for part in parts], axis=1
            )
        elif step["step"] == "mirror" and mirrored:
            frames, seen = frames[:, step["channel"]] * step["sign"], seen[:, step["part"]]
        elif step["step"] == "fill":
            frames, seen = filled(frames, seen, parts, places, step["longest_gap"])
        elif step["step"] == "trim":
            kept = active(step, frames, lambda hand: (points(parts[names.index(hand["part"])]), of(hand)), point)
            frames, seen = frames[kept], seen[kept]
        elif step["step"] == "centre":
            left, right = (point(at) for at in step["shoulders"])
            both = np.all([of(at) & (point(at) != 0).any(1) for at in step["shoulders"]], axis=0)
            centre = np.median((left + right)[both] / 2, axis=0)
            width = np.median(np.linalg.norm((left - right)[both], axis=1))
            for index, part in enumerate(parts):
                moved = (points(part) - centre) / width
                frames[:, places[part["name"]]] = moved.reshape(len(frames), -1) * seen[:, index, None]
        elif step["step"] == "hand_shapes":
            assert step["first_channel"] == frames.shape[1]
            for hand in step["hands"]:
                both = of(hand) & of(hand["wrist"])
                shape = points(parts[names.index(hand["part"])]) - point(hand["wrist"])[:, None]
                frames = np.concatenate([frames, shape.reshape(len(frames), -1) * both[:, None]], axis=1)
                seen = np.concatenate([seen, both[:, None]], axis=1)
        elif step["step"] == "shorten" and len(frames) > step["frames"]:
            count, length = step["frames"], len(frames)
            kept = [(2 * n * (length - 1) + count - 1) // (2 * (count - 1)) for n in range(count)]
            frames, seen = frames[kept], seen[kept]
    return frames, seen


def filled(frames, seen, parts, places, longest):
    """The step `fill`."""
    frames, seen, time = frames.copy(), seen.copy(), np.arange(len(frames))
    for index, part in enumerate(parts):
        numbers = frames[:, places[part["name"]]]
        known = (np.isfinite(numbers).reshape(len(frames), part["points"], -1)).all(2)
        numbers = np.nan_to_num(numbers)
        known &= (numbers.reshape(len(frames), part["points"], -1) != 0).any(2) & seen[:, index, None]
        for one in range(part["points"]):
            there = known[:, one]
            if there.any() and (there != seen[:, index]).any():
                for channel in (2 * one, 2 * one + 1):
                    numbers[~there, channel] = np.interp(time[~there], time[there], numbers[there, channel])
        before = np.flatnonzero(seen[:, index])
        for first, second in pairwise(before):
            for between in range(first + 1, second):
                if second - first - 1 <= longest:
                    share = (between - first) / (second - first)
                    numbers[between] = numbers[first] * (1 - share) + numbers[second] * share
                    seen[between, index] = True
        frames[:, places[part["name"]]] = numbers * seen[:, index, None]
    return frames, seen


def active(step, frames, hand_of, point):
    """The frames that the step `trim` keeps."""
    span, count = step["span"], len(frames)
    if count <= span:
        return slice(0, count)
    motion = np.zeros(count)
    for hand in step["hands"]:
        own, seen = hand_of(hand)
        together = np.concatenate([own, point(hand["wrist"])[:, None]], axis=1)
        way = np.linalg.norm(together[span:] - together[:-span], axis=2).mean(1)
        assert hand["arm"] is None
        motion[span // 2 : count - span // 2] += np.where(seen[span:] & seen[:-span], way, 0)
    motion[: span // 2], motion[count - span // 2 :] = motion[span // 2], motion[count - span // 2 - 1]
    most = np.percentile(motion, 95)
    moves = np.flatnonzero(motion > step["idle_share"] * most)
    if most <= 0:
        return slice(0, count)
    start, stop = max(moves[0] - step["margin"], 0), min(moves[-1] + 1 + step["margin"], count)
    return slice(start, stop) if stop - start >= step["fewest_frames"] else slice(0, count)


def made_clip(seed: int, length: int) -> np.ndarray:
    """A clip in pixels that rests, moves and rests, with points and parts that were not found."""
    random = np.random.default_rng(seed)
    moving = np.zeros(length)
    moving[length // 3 : -length // 4] = 1
    way = np.cumsum(random.normal(size=(length, 2, 2)) * 20 * moving[:, None, None], axis=0)
    body = np.array([[320, 80], [420, 200], [220, 200]]) + random.normal(size=(length, 3, 2))
    hands = np.array([[400, 400], [240, 400]])[None] + way
    fingers = hands[:, :, None] + 15 * random.normal(size=(1, 2, 4, 2)) + random.normal(size=(length, 2, 4, 2))
    frames = np.concatenate([body.reshape(length, -1), fingers.reshape(length, -1)], axis=1)
    frames[5:8, 6:14] = np.nan  # the left hand for three frames
    frames[12:22, 14:22] = 0  # the right hand for ten
    frames[9, 8:10] = np.nan  # a finger
    return frames.astype(np.float32)


@pytest.mark.parametrize(
    ("changes", "columns"),
    [({}, None), ({"trim": False, "hand_shapes": False}, tuple(range(21, -1, -1))), ({"longest_gap": 20}, None)],
)
def test_following_the_file_gives_what_signjax_cleans(changes, columns):
    layout = dataclasses.replace(LAYOUT, columns=columns)
    cleaning = Cleaning(**changes)
    described = steps_of(cleaning, layout)
    for seed, (length, hand) in enumerate([(60, None), (30, "left"), (23, None)]):
        frames = made_clip(seed, length)
        given = frames if columns is None else frames[:, ::-1]  # the source's columns run backwards
        wanted = clean(Clip(ClipInfo("clip", "", dominant_hand=hand), given), layout, cleaning)
        assert isinstance(wanted, Cleaned)
        shown = frame_indices(0, len(wanted.clip.frames) - 1, min(len(wanted.clip.frames), FRAMES))
        found, seen = follow(described, given.tolist(), mirrored=hand == "left")
        np.testing.assert_array_equal(seen, wanted.clip.valid[shown])
        np.testing.assert_allclose(found, wanted.clip.frames[shown], atol=1e-4)
    assert [part["name"] for part in described["parts"]] == list(cleaned_layout(layout, cleaning).part_names)


def test_only_the_steps_of_the_model_are_named(dataset):
    plain = Cleaning(trim=False, centre=False, hand_shapes=False, handedness="as_is")
    names = [step["step"] for step in steps_of(plain, LAYOUT)["before_the_program"]]
    assert names == ["refuse", "seen", "fill", "shorten", "pad"]
    body = steps_of(Cleaning(rotations="6d"), dataset.source_layout)["before_the_program"]
    assert [step["step"] for step in body] == [
        "refuse",
        "seen",
        "mirror",
        "fill",
        "trim",
        "rotations",
        "shorten",
        "pad",
    ]
    assert len(body[4]["forward_kinematics"]["parents"]) == 55

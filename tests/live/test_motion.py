import dataclasses

import numpy as np
import pytest

from signjax.data.cleaning.body_frame import with_hand_shapes
from signjax.data.layout.parts import Layout, Part
from signjax.live.motion import SPAN, Motion

BODY = Part("pose", 3, "xy", "pose")
HANDS = (Part("left_hand", 2, "xy", "right_hand"), Part("right_hand", 2, "xy", "left_hand"))
LAYOUT = Layout(
    "body",
    (BODY, *HANDS),
    mirrors=True,
    shoulders=(("pose", 0), ("pose", 1)),
    wrists=(("left_hand", 0), ("right_hand", 0)),
)
CLEANED = with_hand_shapes(LAYOUT)


def measured(frames: np.ndarray, layout: Layout = LAYOUT, usable: np.ndarray | None = None, **flags) -> list[float]:
    motion = Motion(layout, CLEANED, np.full(CLEANED.width, 0.1, np.float32), **{"centred": True} | flags)
    seen = np.ones((len(frames), len(layout.parts)), bool) if usable is None else usable
    return [motion.add(frame, parts) for frame, parts in zip(frames.astype(np.float32), seen, strict=True)]


def moving(count: int = 12, step: float = 0.1) -> np.ndarray:
    """Shoulders 1 apart that stand still, hands of which every channel changes by `step` per frame."""
    frames = np.tile(np.array([1, 1, 2, 1, 5, 5, 3, 3, 4, 4, 6, 6, 7, 7.0]), (count, 1))
    frames[:, 6:] += step * np.arange(count)[:, None]
    return frames


def test_clips_that_move_as_those_of_training_have_1():
    found = measured(moving())
    assert found[:SPAN] == [0.0] * SPAN
    np.testing.assert_allclose(found[SPAN:], 1.0, rtol=1e-5)
    np.testing.assert_allclose(measured(moving(step=0.05))[SPAN:], 0.5, rtol=1e-5)


def test_the_size_of_the_picture_does_not_count():
    np.testing.assert_allclose(measured(100 * moving()), measured(moving()), rtol=1e-4)
    assert measured(100 * moving(), centred=False)[-1] == pytest.approx(100, rel=1e-4)


def test_without_shoulders_the_spread_of_the_points_is_the_unit():
    bare = dataclasses.replace(LAYOUT, shoulders=None)
    small, large = measured(moving(), bare), measured(100 * moving(), bare)
    assert small[-1] > 0
    np.testing.assert_allclose(large, small, rtol=1e-4)


def test_only_hands_count_where_there_are_hands():
    frames = moving(step=0.0)
    frames[:, 4:6] += np.arange(len(frames))[:, None]
    assert measured(frames) == [0.0] * len(frames)


def test_what_is_not_seen_does_not_move():
    frames = moving(step=0.0)
    flickering = frames.copy()
    flickering[::2, 6:10] = 0
    flickering[1::3, 10:] = np.nan
    assert measured(flickering) == [0.0] * len(frames)
    usable = np.ones((len(frames), 3), bool)
    usable[5:, 1:] = False
    assert measured(moving(), usable=usable)[5:] == [0.0] * (len(frames) - 5)
    assert measured(np.full_like(frames, np.nan)) == [0.0] * len(frames)


def test_frames_before_a_pause_do_not_count():
    motion = Motion(LAYOUT, CLEANED, np.full(CLEANED.width, 0.1, np.float32), centred=True)
    frames, usable = moving().astype(np.float32), np.ones(3, bool)
    for frame in frames:
        motion.add(frame, usable)
    motion.forget()
    assert [motion.add(frame, usable) for frame in frames[:SPAN]] == [0.0] * SPAN

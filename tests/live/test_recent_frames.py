import dataclasses

import numpy as np
import pytest

from signjax.data.layout.parts import Layout, Part
from signjax.errors import InputError
from signjax.live.recent_frames import RecentFrames

LAYOUT = Layout(
    "two", (Part("hand", 2, "xy", "hand"), Part("wrist", 1, "axis_angle", "wrist")), mirrors=False
)  # seven channels


def numbered(count: int) -> np.ndarray:
    return np.arange(1, count + 1, dtype=np.float32)[:, None] + np.zeros(7, np.float32)


def test_any_run_of_the_last_frames_is_there_and_memory_does_not_grow():
    recent = RecentFrames(5, LAYOUT)
    frames = numbered(10_000)
    arrays = [recent._frames, recent._usable]
    for count, frame in enumerate(frames, 1):
        recent.add(frame)
        if count % 997 == 0:
            for start in range(count - 5, count + 1):
                found, usable = recent.between(start, count)
                np.testing.assert_array_equal(found, frames[start:count])
                assert usable.all() and usable.shape == (count - start, 2)
    assert recent.count == 10_000 and [recent._frames, recent._usable] == arrays
    assert all(len(array) == 10 for array in arrays)
    for start, stop in ((9_994, 9_999), (9_999, 10_001), (9_999, 9_998)):
        with pytest.raises(ValueError, match="the last 5 are kept"):
            recent.between(start, stop)


def test_what_is_returned_does_not_change_with_later_frames():
    recent = RecentFrames(2, LAYOUT)
    recent.add(numbered(1)[0])
    found, _ = recent.between(0, 1)
    for frame in numbered(9):
        recent.add(frame)
    np.testing.assert_array_equal(found, numbered(1))


def test_a_bad_value_hides_its_part_and_a_missing_point_does_not():
    recent = RecentFrames(9, LAYOUT)
    good = np.arange(1.0, 8)
    faults = {
        0: (np.nan, [True, True]),
        1: (np.inf, [False, True]),
        2: (1e300, [False, True]),
        5: (np.nan, [True, False]),
    }
    for channel, (value, expected) in faults.items():
        frame = good.copy()
        frame[channel] = value
        kept, usable = recent.add(frame)
        assert usable.tolist() == expected
        assert np.isnan(kept).sum() == (channel == 0) and not np.isinf(kept).any()
    kept, usable = recent.add(None)
    assert not kept.any() and not usable.any() and recent.count == 5


@pytest.mark.parametrize(
    "frame", [np.zeros(6), np.zeros((7, 1, 1)), np.array(["a"] * 7), 1.0, [], np.zeros(7, complex)]
)
def test_what_is_no_frame_is_refused_and_the_stream_goes_on(frame):
    recent = RecentFrames(3, LAYOUT)
    with pytest.raises(InputError, match=r"frame 0: expected 7 numbers.*was not added"):
        recent.add(frame)
    assert recent.count == 0
    recent.add(numbered(1)[0])
    assert recent.count == 1


def test_channels_are_put_in_the_order_of_the_layout():
    shuffled = dataclasses.replace(LAYOUT, columns=(6, 5, 4, 3, 2, 1, 0))
    kept, _ = RecentFrames(3, shuffled).add(np.arange(7))
    assert kept.tolist() == [6, 5, 4, 3, 2, 1, 0]
    points = dataclasses.replace(LAYOUT, parts=(Part("hand", 3, "xy", "hand"),))
    assert RecentFrames(3, points).add(np.arange(6).reshape(3, 2))[0].tolist() == [0, 1, 2, 3, 4, 5]

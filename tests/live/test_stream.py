"""Streams with a namer that knows what the frames say: their first channel is the class."""

from types import SimpleNamespace

import numpy as np
import pytest

from signjax.data.layout.parts import Layout, Part
from signjax.errors import InputError
from signjax.live.motion import Motion
from signjax.live.recent_frames import RecentFrames
from signjax.live.runs import Runs, Sign
from signjax.live.segments import Boundaries
from signjax.live.stream import Stream

LAYOUT = Layout("hand", (Part("hand", 2, "scalar", "hand"),), mirrors=False)


def name(frames: np.ndarray, usable: np.ndarray, start: int) -> Sign | None:
    """The number in the second channel, 0 for none; the familiarity is the share of frames with it."""
    codes = frames[:, 1].astype(int)
    code = int(np.bincount(codes).argmax())
    share = float((codes == code).mean())
    if not code:
        return None
    answer = {"gloss": SimpleNamespace(name=str(code))}
    return Sign(start, start + len(frames), answer, share, share > 0.5)


def make_stream(window: int = 20, hop: int | None = None) -> Stream:
    motion = Motion(LAYOUT, LAYOUT, np.ones(2, np.float32), centred=False)
    boundaries = Boundaries(rest=4, margin=2, shortest=6, longest=40, patience=8)
    return Stream(name, RecentFrames(80, LAYOUT), motion, boundaries, window, hop)


def signing(*codes: int, length: int = 20, rest: int = 16) -> np.ndarray:
    """The hand moves for `length` frames in each sign, and rests after it."""
    frames = []
    for code in codes:
        swing = 9 * np.sin(np.arange(length) * 2)
        frames += [np.stack([swing, np.full(length, code)], 1), np.tile([swing[-1], code], (rest, 1))]
    return np.concatenate([np.zeros((8, 2)), *frames]).astype(np.float32)


def names(signs: list[Sign]) -> list[str]:
    return [one.prediction["gloss"].name for one in signs]


def test_signs_between_rests_come_as_soon_as_they_have_ended():
    stream = make_stream()
    came = [(number, one) for number, frame in enumerate(signing(3, 1, 3)) for one in stream.push(frame)]
    assert names([one for _, one in came]) == ["3", "1", "3"]
    for number, one in came:
        assert one.stop <= number + 1 <= one.stop + 8  # frames of patience
        assert 18 <= one.stop - one.start <= 30
    assert stream.pause() == []


def test_windows_with_the_same_answer_are_one_sign():
    assert names(list(make_stream(hop=5).signs(signing(3, 1, 2)))) == ["3", "1", "2"]


def test_a_window_of_exactly_one_clip_is_that_clip():
    frames = signing(4, length=30, rest=0)[8:]
    (sign,) = make_stream(window=30, hop=30).signs(frames)
    assert (sign.start, sign.stop, sign.familiarity) == (0, 30, 1.0)


def test_a_pause_ends_a_sign_and_what_follows_is_another():
    for hop in (None, 5):
        stream = make_stream(hop=hop)
        first = signing(2, rest=0)
        found = [one for frame in first for one in stream.push(frame)] + stream.pause()
        found += [one for frame in first for one in stream.push(frame)] + stream.pause()
        assert names(found) == ["2", "2"], hop
        assert found[0].stop <= len(first) <= found[1].start
        assert stream.pause() == []


def test_dropped_frames_count_but_do_not_move():
    stream = make_stream()
    frames = [*signing(2, rest=0), *[None] * 20]
    (sign,) = stream.signs(frames)
    assert stream.frames == len(frames) and sign.stop <= len(frames)
    assert list(make_stream().signs([None] * 100)) == list(make_stream().signs([])) == []


def test_a_wrong_frame_is_refused_and_the_stream_goes_on():
    stream = make_stream()
    frames = signing(2)
    found = []
    for number, frame in enumerate(frames):
        if number == 15:
            with pytest.raises(InputError, match="frame 15: expected 2 numbers"):
                stream.push(np.zeros(3))
        found += stream.push(frame)
    assert names(found) == ["2"] and stream.frames == len(frames)


def test_minutes_of_signing_need_no_more_memory_than_a_second():
    stream = make_stream(hop=7)
    once, count = signing(1, 2), 0
    for _ in range(60):
        count += sum(len(stream.push(frame)) for frame in once)
    assert stream.frames == 60 * len(once) and count >= 120 - 1
    assert len(stream._recent._frames) == 160 and len(stream._motion._recent) == 5


def test_a_run_of_too_few_windows_is_chance():
    runs = Runs(2)
    one, other = (Sign(0, 5, {"gloss": SimpleNamespace(name=text)}, 0.5, True) for text in "ab")
    assert runs.add(one) == [] and runs.add(other) == [] and runs.add(other) == []
    assert [sign.names for sign in runs.add(one)] == [("b",)]
    assert runs.finish() == [] and runs.finish() == []

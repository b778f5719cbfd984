"""A model at a stream of frames: `Recognizer.stream`."""

from typing import TYPE_CHECKING

import numpy as np

from signjax.data.cleaning.clean import Cleaning
from signjax.data.clip import Clip, ClipInfo, Rejected
from signjax.data.layout.parts import Layout
from signjax.errors import InputError, together
from signjax.evaluation.open_set import FILE
from signjax.live.motion import Motion
from signjax.live.recent_frames import RecentFrames
from signjax.live.runs import Sign
from signjax.live.segments import Boundaries
from signjax.live.stream import Stream

if TYPE_CHECKING:
    from signjax.prediction.recognizer import Prediction, Recognizer


def open_stream(
    recognizer: "Recognizer", window: int | None, hop: int | None, reject: float | None
) -> "Stream[Prediction]":
    """A stream whose signs a model names; see `Recognizer.stream`.

    Raises:
      InputError: an argument cannot be used; the message names it and the allowed values.
    """
    spec = recognizer.spec
    window = recognizer.usual_frames if window is None else window
    _check(window, hop, reject, spec.cleaning)
    if reject is not None and recognizer.open_set is None:
        raise InputError(
            f"{recognizer.folder / FILE} does not exist, so it is not known which answers to reject: --mode=evaluate writes it for "
            "a run with validation clips. reject=None believes every answer"
        )
    cleaning = spec.cleaning
    boundaries = Boundaries(
        shortest=max(Boundaries.shortest, cleaning.shortest_clip),
        longest=min(max(2 * window, spec.frames), cleaning.longest_clip),
    )
    layout = spec.source_layout.in_order()
    motion = Motion(layout, spec.layout, spec.speed, centred=cleaning.centre)
    recent = RecentFrames(max(window, 2 * boundaries.longest), spec.source_layout)
    recognizer.warm_up()
    blank = _no_sign(recognizer, layout)

    def name(frames: np.ndarray, usable: np.ndarray, start: int) -> "Sign[Prediction] | None":
        clip = Clip(ClipInfo(f"frames {start} to {start + len(frames) - 1}"), frames, usable)
        found = recognizer.answer_one(clip)
        if isinstance(found, Rejected):
            return None
        prediction, familiarity = found
        known = reject is None or familiarity is None or familiarity > reject
        sign = Sign(start, start + len(frames), prediction, familiarity, known)
        return None if sign.names == blank else sign

    return Stream(name, recent, motion, boundaries, window, hop)


def _no_sign(recognizer: "Recognizer", layout: Layout) -> tuple[str, ...] | None:
    """The classes that a model with a class for clips in which nothing is seen names for such a clip; None for other models."""
    if not recognizer.spec.no_sign:
        return None
    frames = max(recognizer.usual_frames, recognizer.spec.cleaning.shortest_clip)
    nothing = np.zeros((frames, layout.width), np.float32), np.zeros((frames, len(layout.parts)), bool)
    found = recognizer.answer_one(Clip(ClipInfo("nothing"), *nothing))
    return None if isinstance(found, Rejected) else tuple(one.name for one in found[0].values())


def _check(window: int, hop: int | None, reject: float | None, cleaning: Cleaning) -> None:
    problems = []
    shortest, longest = cleaning.shortest_clip, cleaning.longest_clip
    if isinstance(window, bool) or not isinstance(window, int) or not shortest <= window <= longest:
        problems.append(f"window is {window!r}; it must be a whole number of frames from {shortest} to {longest}")
    if hop is not None and (isinstance(hop, bool) or not isinstance(hop, int) or hop < 1):
        problems.append(f"hop is {hop!r}; it must be a whole number of frames, at least 1, or None to find rests")
    if reject is not None and not 0 <= reject < 1:
        problems.append(f"reject is {reject!r}; it must be a share of known signs, at least 0 and below 1, or None")
    if problems:
        raise together([InputError(f"stream: {problem}") for problem in problems])

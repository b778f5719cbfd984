"""A model at a stream of frames: `Recognizer.stream`."""

import numpy as np

from signjax.data.cleaning.clean import Cleaning
from signjax.data.clip import Clip, ClipInfo, Rejected
from signjax.data.layout.parts import Layout
from signjax.errors import InputError, together
from signjax.evaluation.fusion import FILE as FUSION_FILE
from signjax.evaluation.open_set import FILE, OpenSet, read_open_set
from signjax.live.motion import Motion
from signjax.live.recent_frames import RecentFrames
from signjax.live.runs import Sign
from signjax.live.segments import Boundaries
from signjax.live.stream import Stream
from signjax.prediction.recognizer import Prediction, Recognizer
from signjax.settings import run_config


def open_stream(
    recognizer: Recognizer, window: int | None, hop: int | None, reject: float | None
) -> Stream[Prediction]:
    """A stream whose signs a model names; see `Recognizer.stream`.

    Raises:
      InputError: an argument cannot be used; the message names it and the allowed values.
    """
    spec = recognizer.spec
    window = usual_frames(recognizer) if window is None else window
    _check(window, hop, reject, spec.cleaning)
    open_set = read_open_set(recognizer.folder)
    if reject is not None and open_set is None:
        raise InputError(
            f"{recognizer.folder / FILE} does not exist, so it is not known which answers to reject: --mode=evaluate writes it for "
            "a run with validation clips. reject=None believes every answer"
        )
    if open_set is not None and open_set.fused and recognizer.fusion is None:
        raise InputError(
            f"{recognizer.folder / FUSION_FILE} does not exist, and {FILE} says that its classifier is asked too. Restore it; "
            "or --mode=evaluate writes both, where the run has its data"
        )
    cleaning = spec.cleaning
    boundaries = Boundaries(
        shortest=max(Boundaries.shortest, cleaning.shortest_clip),
        longest=min(max(2 * window, spec.frames), cleaning.longest_clip),
    )
    layout = spec.source_layout.in_order()
    motion = Motion(layout, spec.layout, spec.speed, centred=cleaning.centre)
    recent = RecentFrames(max(window, 2 * boundaries.longest), spec.source_layout)
    warm_up(recognizer)
    blank = _no_sign(recognizer, layout)

    def name(frames: np.ndarray, usable: np.ndarray, start: int) -> Sign[Prediction] | None:
        clip = Clip(ClipInfo(f"frames {start} to {start + len(frames) - 1}"), frames, usable)
        found = answer_one(recognizer, clip, open_set)
        if isinstance(found, Rejected):
            return None
        prediction, familiarity = found
        known = reject is None or familiarity is None or familiarity > reject
        sign = Sign(start, start + len(frames), prediction, familiarity, known)
        return None if sign.names == blank else sign

    return Stream(name, recent, motion, boundaries, window, hop)


def usual_frames(recognizer: Recognizer) -> int:
    """Frames of a usual clip: the median of the training clips, or the most that the model sees if the run was not evaluated."""
    file = recognizer.folder / "summary.json"
    told = run_config.read_object(file).get("model", {}) if file.is_file() else {}
    return int(told.get("median_frames", recognizer.spec.frames))


def warm_up(recognizer: Recognizer) -> None:
    """Compiles what single clips need, for each length that they are padded to, so that no prediction waits for that."""
    spec = recognizer.spec
    for frames in spec.buckets:
        still = np.zeros((frames, spec.layout.width), np.float32)
        recognizer.answers([Clip(ClipInfo(""), still, np.zeros((frames, len(spec.layout.parts)), bool))])


def answer_one(
    recognizer: Recognizer, clip: Clip, open_set: OpenSet | None
) -> tuple[Prediction, float | None] | Rejected:
    """The prediction for a clip that is not cleaned yet, and its familiarity; why there is none, if it cannot be used.

    Its channels are in the order of the layout's parts, not in that of the source's columns.
    """
    rejected: list[Rejected] = []
    cleaned = list(recognizer.clean(clip, recognizer.layout.in_order(), rejected))
    if rejected:
        return rejected[0]
    found = recognizer.answers([cleaned[0].clip])
    familiarity = None if open_set is None else float(open_set.familiarity(found.network, found.other)[0])
    return recognizer.told(cleaned[0], found.fused.logits, 0), familiarity


def _no_sign(recognizer: Recognizer, layout: Layout) -> tuple[str, ...] | None:
    """The classes that a model with a class for clips in which nothing is seen names for such a clip; None for other models."""
    if not recognizer.spec.no_sign:
        return None
    frames = max(usual_frames(recognizer), recognizer.spec.cleaning.shortest_clip)
    nothing = np.zeros((frames, layout.width), np.float32), np.zeros((frames, len(layout.parts)), bool)
    found = answer_one(recognizer, Clip(ClipInfo("nothing"), *nothing), None)
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

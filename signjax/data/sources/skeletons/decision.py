"""What most clips of a source have in common: the meaning of their numbers, and their layout."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from signjax.data.clip import Request
from signjax.data.layout.parts import ChosenLayout
from signjax.data.sources.shared.choosing import by_name, channels_of
from signjax.data.sources.shared.npy import NUMPY_ERRORS
from signjax.data.sources.skeletons import spoter
from signjax.data.sources.skeletons.collection import ContentError
from signjax.data.sources.skeletons.contents import READERS, Stored
from signjax.data.sources.skeletons.forms import FormError, Frames
from signjax.data.sources.skeletons.points import Numbers, coordinates, layout_of, layout_of_values, numbers_of
from signjax.errors import InputError

_PROBES = 16  # clips that are read
# The errors that reading a clip raises.
ERRORS = (ContentError, FormError, *NUMPY_ERRORS)


class Decided(NamedTuple):
    """What most clips have: the meaning of their numbers (None for features), the width of a frame, and the layout."""

    numbers: Numbers | None
    width: int
    chosen: ChosenLayout


def decide(path: Path, clips: Sequence[Stored]) -> Decided:
    """What most of some clips have that are spread over the source.

    Raises:
      InputError: none of the clips can be read.
    """
    count: Counter[tuple[int, ...]] = Counter()
    kept: dict[tuple[int, ...], list[Frames]] = {}
    faults = []
    usable = [clip for clip in clips if not clip.fault]
    for clip in usable[:: -(-len(usable) // _PROBES)] if usable else ():
        try:
            found = READERS[clip.form](str(clip.file), clip.key)
        except ERRORS as error:
            faults.append(f"{clip.file}: {error}")
            continue
        if not len(found.values):
            faults.append(f"{clip.file}: the clip has no frames")
            continue
        shape = (*found.values.shape[1:], found.scores is not None)
        count[shape] += 1
        kept.setdefault(shape, []).append(found)
    if not count:
        first = next((f"{clip.file}: {clip.fault}" for clip in clips if clip.fault), "")
        raise InputError(first if first and not faults else faults[0] if faults else f"{path}: there are no clips")
    most = count.most_common(1)[0][0]
    return _meaning(clips[0], kept[most])


def _meaning(clip: Stored, found: Sequence[Frames]) -> Decided:
    """What the numbers of clips of one shape mean."""
    values = np.concatenate([frames.values for frames in found])
    if values.ndim == 2:
        with np.errstate(over="ignore"):  # too large a number becomes infinite, which is reported later
            values = values.astype(np.float32)
        return Decided(None, values.shape[1], layout_of_values(values.shape[1], values))
    numbers = numbers_of(values, found[0].scores is not None)
    if clip.form == "openpose":
        names = clip.key[1].names
        tracker = "OpenPose"
        numbers = Numbers(values.shape[1], 3, 2, True, names if len(names) == values.shape[1] else (), tracker)
    elif clip.form == "spoter":
        numbers = numbers._replace(axes=2, scored=False, names=spoter.point_names(clip.file), tracker="SPOTER")
    frames = np.concatenate([coordinates(frames.values, frames.scores, numbers) for frames in found])
    return Decided(numbers, numbers.width, layout_of(numbers, frames))


def channels(request: Request, decided: Decided) -> tuple[int, ...] | None:
    """The channels of the requested layout; None for all.

    Raises:
      InputError: the clips do not have them.
    """
    if request.layout in ("auto", "generic"):
        return None
    wanted, given = by_name(request.layout), decided.chosen.layout
    if wanted.width == decided.width and request.layout.endswith(".json"):
        return None
    columns = np.arange(given.width) if given.columns is None else np.array(given.columns)
    return tuple(columns[channels_of(wanted, given)].tolist())

"""What the page shows of a clip: its figure, and what the model says of it the more of it has been seen.

Shapes: T frames, F channels, M moments, C classes.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from signjax.data.cleaning.clean import Cleaned, usable
from signjax.data.cleaning.gaps import seen_parts
from signjax.data.clip import Clip, Rejected, hand_over
from signjax.data.layout.parts import Layout
from signjax.demo.landmarks import clip_of, unordered
from signjax.demo.network import base64_of, network_inputs
from signjax.errors import InputError, first_line
from signjax.evaluation.calibration import probabilities
from signjax.prediction.new_clips import NewClips, listed
from signjax.prediction.recognizer import Recognizer
from signjax.report.figures import draw, stick_of
from signjax.runtime.output import silent

MOMENTS = 24  # at which the model is asked, spread over the clip
_MOST_DRAWN = 600  # frames
_NAMED = 200  # clips of a file that the page offers


@dataclass(frozen=True)
class Opened:
    """One clip of a file.

    Attributes:
      clip: in the layout of the model's source.
      names: the names of all clips of the file, at most `_NAMED`.
      number: which of them this one is.
    """

    clip: Clip
    names: tuple[str, ...]
    number: int = 0


def open_clip(path: Path, number: int, model: Recognizer) -> Opened:
    """Reads one clip of a file or folder that `signjax predict` takes, or of a JSON file of landmarks.

    Args:
      path: the file.
      number: of the clip, from 0.
      model: that will be asked.

    Raises:
      InputError: it cannot be read, or has another layout than the model's.
    """
    if path.suffix.lower() == ".json" and path.is_file():
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise InputError(f"{path.name}: the file is not JSON: {first_line(error)}") from error
        clip = clip_of(content, path.name, model.layout, pixels=model.settings.data.source == "pose")
        return Opened(clip, (clip.name,))
    with listed(path, "", model.settings.data, model.layout, silent) as new:
        names = tuple(item.name for item in new.items[:_NAMED])
        if not 0 <= number < len(names):
            raise InputError(f"{path.name}: it has {len(names)} clips, so there is no clip number {number}")
        found = list(NewClips(new.source, [new.items[number]], new.layout).read())
    hand_over([one for one in found if isinstance(one, Rejected)], None)
    clip = next(one for one in found if isinstance(one, Clip))
    return Opened(_rearranged(clip, new.layout, model.layout), names, number)


def open_sent(body: bytes, name: str, number: int, model: Recognizer) -> Opened:
    """Reads one clip of a file that the browser sent.

    Args:
      body: the content of the file.
      name: its name, of which nothing but harmless characters is used.
      number: of the clip in it, from 0.
      model: that will be asked.

    Raises:
      InputError: it cannot be used.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / (re.sub(r"[^\w.-]+", "_", name)[-80:].lstrip("._") or "clip")
        path.write_bytes(body)
        try:
            return open_clip(path, number, model)
        except InputError as error:  # the user knows the file without our folder
            raise InputError(str(error).replace(f"{folder}/", "").replace(f"{folder}\\", "")) from error


def _rearranged(clip: Clip, given: Layout, wanted: Layout) -> Clip:
    """The clip in the column order of the model's source; other files may have the same channels in another order."""
    if given.columns == wanted.columns or clip.frames.shape[1] != given.width:
        return clip
    return replace(clip, frames=unordered(given.ordered(clip.frames), wanted))


def moments(frames: int, shortest: int, most: int = MOMENTS) -> list[int]:
    """The numbers of frames after which the model is asked; the last is all of them.

    >>> moments(10, 4, 3)
    [4, 7, 10]
    """
    first = min(max(shortest, 1), frames)
    count = 1 if most == 1 else min(most, frames - first + 1)
    return sorted({round(float(number)) for number in np.linspace(frames, first, count)})


def so_far(clip: Clip, frames: int) -> Clip:
    """The clip up to a frame."""
    valid = None if clip.valid is None else clip.valid[:frames]
    return replace(clip, frames=clip.frames[:frames], valid=valid)


def show(
    opened: Opened,
    model: Recognizer,
    *,
    most: int = MOMENTS,
    figure: bool = True,
    ask: bool = True,
) -> dict[str, Any]:
    """Everything that the page shows of a clip, as JSON can hold it.

    Args:
      opened: the clip.
      model: is asked; its last answer is that of the whole clip.
      most: how often the model is asked.
      figure: whether the page draws it.
      ask: whether the model is asked here; otherwise the browser asks its network.

    Returns:
      `name`; `names` and `number`, of all clips of the file and of this one; `labels`, head -> the sign that it is, where known;
      `frames`, T; `figure`, see `figures.draw`, or None; `moments`, for each answer the number of frames that had been seen; and
      either `probabilities`, head -> base64 of little-endian float32 (M, C), or `inputs`, see `network_inputs`.

    Raises:
      InputError: the model cannot be asked about the whole clip.
    """
    clip = opened.clip
    parts = _parts(clip, model, most)
    some = [parts[moment] for moment in sorted(parts)]
    asked = {"probabilities": _probabilities(some, model)} if ask else {"inputs": network_inputs(some, model)}
    return asked | {
        "name": clip.name,
        "names": opened.names,
        "number": opened.number,
        "labels": dict(clip.labels),
        "frames": len(clip.frames),
        "figure": _figure(clip, model.layout) if figure else None,
        "moments": sorted(parts),
    }


def _parts(clip: Clip, model: Recognizer, most: int) -> dict[int, Clip]:
    """Number of frames -> the cleaned clip up to there; without moments at which too little had been seen for an answer.

    Raises:
      InputError: the whole clip cannot be used.
    """
    found = {}
    for moment in moments(len(clip.frames), model.spec.cleaning.shortest_clip, most):
        part = usable(so_far(clip, moment), model.layout, model.spec.cleaning, no_sign=model.spec.no_sign)
        if isinstance(part, Cleaned):
            found[moment] = part.clip
        elif moment == len(clip.frames):
            hand_over([part], None)
    return found


def _probabilities(clips: Sequence[Clip], model: Recognizer) -> dict[str, str]:
    logits = model.logits(clips)
    return {head: base64_of(probabilities(logits[head]).astype("<f4")) for head in model.heads}


def _figure(clip: Clip, layout: Layout) -> dict[str, object] | None:
    stick = stick_of(layout)
    if stick is None or clip.frames.shape[1] != layout.width:
        return None
    frames, layout = layout.ordered(clip.frames), layout.in_order()
    return draw(frames, seen_parts(frames, clip.valid, layout), layout, stick, _MOST_DRAWN)

"""The functions of source `skeletons`: what is found is listed, given labels, and read in one form.

All clips must have as many points as most of them. Labels come from a table that is named, else from the files themselves, else
from a table that lies beside them, else from the folders that the clips lie in.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from signjax.data.clip import Clip, ClipInfo, Item, Rejected, Request, Say
from signjax.data.layout.parts import ChosenLayout
from signjax.data.sources.skeletons.contents import READERS, SUFFIXES, Stored, contents
from signjax.data.sources.skeletons.decision import ERRORS, channels, decide
from signjax.data.sources.skeletons.forms import FormError, Frames
from signjax.data.sources.skeletons.points import Numbers, coordinates
from signjax.data.tables.matching import Found, find_label_tables, match, segment, with_table
from signjax.errors import InputError

HEAD = "gloss"
_LONGEST_NAME = 3  # words of a gloss; more are a sentence


class _How(NamedTuple):
    """What an item must know.

    Attributes:
      form, key: how its clip is read.
      numbers: what the numbers of its points mean; None for features.
      width: the number of channels of a frame of its file.
      channels: those that are wanted; None for all.
      fault: why it cannot be read, if that is known already.
    """

    form: str
    key: Any
    numbers: Numbers | None
    width: int
    channels: tuple[int, ...] | None
    fault: str


def source_files(request: Request) -> list[Path]:
    """The files of the clips, and the label table if one is used."""
    found = contents(request.path)
    return [*found.files, *_tables(request, found.clips)]


def default_layout(request: Request, width: int) -> ChosenLayout:
    """The layout of the points that most clips have."""
    return decide(request.path, contents(request.path).clips).chosen


def list_items(request: Request, say: Say) -> list[Item | Rejected]:
    """An item for each clip.

    Raises:
      InputError: there are no clips, none can be read, there are no labels, or the requested layout does not fit.
    """
    found = contents(request.path)
    for remark in found.remarks:
        say(remark)
    decided = decide(request.path, found.clips)
    clips = _split(found.clips, say) if request.labelled else found.clips
    wanted = channels(request, decided)
    hows = [_How(clip.form, clip.key, decided.numbers, decided.width, wanted, clip.fault) for clip in clips]
    if not request.labelled or _is_labelled(clips):
        return with_table(request, _items(request, clips, hows, say), say)
    if _tables(request, clips):
        root = request.path if request.path.is_dir() else request.path.parent
        files = [Found(_name_in_table(root, clip), clip.file, how) for clip, how in zip(clips, hows, strict=True)]
        return _with_splits(match(request, files, SUFFIXES, say), clips)
    say("there is no label table, so each clip is labelled with the name of its folder")
    return _items(request, [_by_folder(clip) for clip in clips], hows, say)


def _is_labelled(clips: Sequence[Stored]) -> bool:
    """Whether files say what their clips are."""
    return any(clip.about.label is not None for clip in clips)


def _tables(request: Request, clips: Sequence[Stored]) -> list[Path]:
    """The label tables; none if files or folders say what the clips are.

    Raises:
      InputError: nothing says what they are.
    """
    if not request.labelled:
        return []
    if request.labels or not _is_labelled(clips):
        try:
            return find_label_tables(request)
        except InputError as error:
            classes = {_class(request.path, clip) for clip in clips}
            if request.labels:
                raise
            if None in classes or len(classes) < 2 or len(classes) == len(clips):
                raise InputError(f"{error}. The files do not say what their clips are") from error
    return []


def _class(root: Path, clip: Stored) -> str | None:
    """The folder that may be the class of a clip; None if it lies in no folder below the source's."""
    folder = clip.file if clip.form == "openpose" and clip.key[0] else clip.file.parent
    return None if folder == root else clip.folder


def _by_folder(clip: Stored) -> Stored:
    return clip._replace(about=clip.about._replace(name=f"{clip.folder}/{clip.about.name}", label=clip.folder))


def _name_in_table(root: Path, clip: Stored) -> str:
    """The path of a clip below the source's folder, as a table may write it."""
    if clip.folder is None:
        return clip.about.name
    if clip.form == "openpose" and clip.key[0]:
        return (clip.file / clip.key[0]).relative_to(root).as_posix()
    return clip.about.name if clip.file == root else clip.file.relative_to(root).as_posix()


def _with_splits(items: list[Item | Rejected], clips: Sequence[Stored]) -> list[Item | Rejected]:
    """The items, with the split that a folder or file says if the table does not."""
    split_of = {(str(clip.file), clip.key): clip.about.split for clip in clips}
    return [
        replace(item, info=replace(item.info, split=split_of[item.file, item.how.key]))
        if isinstance(item, Item) and item.split is None
        else item
        for item in items
    ]


def _split(clips: Sequence[Stored], say: Say) -> list[Stored]:
    """The clips with their splits in a form in which they can be used."""
    found = {clip.about.split for clip in clips}
    told: dict[str | None, str | None] = {}
    if len(found) == 1 and found != {None}:
        say(f"all clips are of the split {found.pop()!r}, so they are split anew")
        return [clip._replace(about=clip.about._replace(split=None)) for clip in clips]
    if {"train", "valid"} <= found and "test" not in found:
        told = {"valid": "test"}
        say(
            "the clips are split into training and validation only; the latter are kept for testing, and clips for validation are "
            "taken from training"
        )
    return [
        clip._replace(about=clip.about._replace(split=told.get(clip.about.split, clip.about.split))) for clip in clips
    ]


def _items(request: Request, clips: Sequence[Stored], hows: Sequence[_How], say: Say) -> list[Item | Rejected]:
    """An item for each clip, with what its file says of it."""
    numbers = [clip.about.label for clip in clips if isinstance(clip.about.label, int)]
    digits = len(str(max(numbers, default=0)))
    items: list[Item | Rejected] = []
    for name, clip, how in zip(_names(clips), clips, hows, strict=True):
        text = _class_name(clip.about.label, digits)
        labels = {HEAD: text} if text and request.labelled else {}
        items.append(Item(ClipInfo(name, str(clip.file), labels, clip.about.signer, split=clip.about.split), how=how))
    sentences = sum(len(str(clip.about.label).split()) > _LONGEST_NAME for clip in clips)
    if sentences * 2 > len(clips):
        say(
            f"{sentences} of {len(clips)} clips are labelled with sentences; signjax recognises single signs, so each sentence is "
            "a class of its own"
        )
    return items


def _class_name(label: str | int | None, digits: int) -> str:
    """A label as the name of a class: of a number, `class 007`; empty for none, and for negative numbers."""
    if isinstance(label, int):
        return f"class {label:0{digits}d}" if label >= 0 else ""
    return label or ""


def _names(clips: Sequence[Stored]) -> list[str]:
    """The shortest names that differ: as stored, with the split, with the file."""
    plain = [clip.about.name for clip in clips]
    candidates = [
        plain,
        [f"{clip.about.split}/{name}" if clip.about.split else name for clip, name in zip(clips, plain, strict=True)],
        [f"{clip.file.name}/{name}" for clip, name in zip(clips, plain, strict=True)],
        [f"{clip.file.name}/{name}_{number}" for number, (clip, name) in enumerate(zip(clips, plain, strict=True))],
    ]
    return next((names for names in candidates if len(set(names)) == len(names)), candidates[-1])


def read_item(item: Item) -> Clip | Rejected:
    """Reads one clip; points that were not found are NaN."""
    how: _How = item.how
    found = _read(item, how)
    frames = found if isinstance(found, Rejected) else _frames(item, found, how)
    if isinstance(frames, Rejected):
        return frames
    chosen = segment(item, len(frames))
    if isinstance(chosen, Rejected):
        return chosen
    if how.channels is not None:
        frames = frames[:, list(how.channels)]
    return item.clip(frames[chosen], file_frames=len(frames))


def _read(item: Item, how: _How) -> Frames | Rejected:
    """The numbers of a clip, or why they cannot be read."""
    if how.fault:
        return item.rejected("unreadable", how.fault)
    try:
        return READERS[how.form](item.file, how.key)
    except FormError as error:
        return item.rejected("wrong_width", str(error))
    except ERRORS as error:
        return item.rejected("unreadable", str(error))
    except IndexError:
        return item.rejected("unreadable", "the file has fewer clips than before")


def _frames(item: Item, found: Frames, how: _How) -> np.ndarray | Rejected:
    """(T, F), or why the clip differs from most others."""
    values, numbers = found.values, how.numbers
    if len(values) == 0:
        return item.rejected("empty", f"the clip has no frames: its shape is {values.shape}")
    if numbers is None:
        if values.ndim != 2 or values.shape[1] != how.width:
            return item.rejected(
                "wrong_width", f"its frames have shape {values.shape[1:]}, those of most clips ({how.width},)"
            )
        return values
    expected = (numbers.points, numbers.given)
    if values.ndim != 3 or values.shape[1:] != expected:
        detail = f"its frames have shape {values.shape[1:]} (points, numbers), those of most clips {expected}"
        return item.rejected("wrong_width", detail)
    return coordinates(values, found.scores, numbers)

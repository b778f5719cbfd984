"""Files of many clips: lists of dicts, dicts by name or class, lists of arrays beside lists of labels.

| content | written by |
|---|---|
| `{"annotations": [{...}, ...], "split": {split: [name, ...]}}` | pyskl, mmaction2 1.x |
| `[{...}, ...]` | mmaction2 0.x, PHOENIX and CSL-Daily |
| `{name: {...}, ...}`, `{name: array, ...}` | many |
| `{class: [array, ...], ...}` | tutorials |
| `{"data": [...], "labels": [...]}`, `{"x_train": ..., "y_train": ..., ...}` | see `side_by_side` |
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from signjax import pickles
from signjax.data.clip import SPLITS
from signjax.data.sources.shared.leftovers import fault_of_pickle, what_it_is
from signjax.data.sources.shared.npy import NUMPY_ERRORS, ObjectArrayError, read_array, read_arrays
from signjax.data.sources.shared.npy_faults import fault
from signjax.data.sources.skeletons import json_clips
from signjax.data.sources.skeletons.forms import About, about, is_clip
from signjax.data.sources.skeletons.side_by_side import UnevenError, are_lists, is_array, pairs, side_by_side, texts
from signjax.data.tables.label_table import split_name
from signjax.errors import first_line

_BODIES = {"smplx", "unsmooth_smplx", "body_pose", "global_orient", "smpl", "betas"}
# Points as lists of numbers are many values.
_LIMITS = pickles.Limits(opcodes=20_000_000, values=40_000_000)
_MOST = 4  # dimensions of an array that is one clip
_SUFFIXES = (".pkl", ".pickle", ".p", ".pt", ".pth")
_DIMENSIONS = 2  # of the smallest array that is a clip by itself


class Stored(NamedTuple):
    """A clip of a file.

    Attributes:
      about: what the file says of it.
      content: its dict, or its array.
    """

    about: About
    content: Any


class Collection(NamedTuple):
    """The content of a file.

    Attributes:
      clips: its clips, in order.
      many: whether the file is one of many clips, even if it has a single one.
      remarks: sentences on what was inferred.
    """

    clips: Sequence[Stored]
    many: bool = True
    remarks: Sequence[str] = ()


class ContentError(ValueError):
    """A file holds no clips; the message is a sentence for the user."""


@lru_cache(maxsize=1)
def read_collection(path: str, changed_ns: int) -> Collection:
    """The clips of a pickle, `.npy` or `.npz` file, cached for the next clip of the same file until the file changes.

    Raises:
      ContentError: it cannot be read, or holds no clips.
    """
    try:
        return collected(_with_texts(_load(Path(path))), Path(path).name.partition(".")[0])
    except UnevenError as error:
        raise ContentError(str(error)) from error


def _load(path: Path) -> Any:
    """The content of a file."""
    is_numpy = path.suffix.lower() in (".npy", ".npz")
    if path.suffix.lower() == ".json":
        return _json(path)
    try:
        return _numpy(path) if is_numpy else pickles.load(path, limits=_LIMITS)
    except ObjectArrayError as error:
        try:
            return pickles.load(path, limits=_LIMITS)
        except pickles.PickleError:
            raise ContentError(f"{error}; save the clips as a pickle, or as arrays of numbers") from error
    except pickles.PickleError as error:
        text = fault_of_pickle(path, str(error).removeprefix(f"{path}: "))
        raise ContentError(text if path.suffix.lower() in _SUFFIXES else f"expected a pickle: {text}") from error
    except NUMPY_ERRORS as error:
        raise ContentError(fault(path, error) if is_numpy else str(error)) from error


def _json(path: Path) -> Any:
    try:
        return json_clips.load(path)
    except OSError as error:
        raise ContentError(str(error.strerror)) from error
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        what = what_it_is(path)
        raise ContentError(
            f"it is {what}" if what else f"the JSON is damaged or of another form ({first_line(error)})"
        ) from error


def _numpy(path: Path) -> Any:
    """The array of a `.npy` file, or the arrays of a `.npz` file by name."""
    return read_arrays(path, verified=True) if path.suffix.lower() == ".npz" else read_array(path)


def _with_texts(content: Any) -> Any:
    """The content with the keys of its dicts as text: Python 2 and HDF5 write bytes."""
    if isinstance(content, Mapping):
        return {
            key.decode("utf-8", "surrogateescape") if isinstance(key, bytes) else key: _with_texts(value)
            for key, value in content.items()
        }
    if isinstance(content, (list, tuple)) and content and isinstance(content[0], Mapping):
        return [_with_texts(item) for item in content]
    return content


def collected(content: Any, stem: str) -> Collection:
    """The clips in the content of a file.

    Args:
      content: what a pickle holds.
      stem: the name of a clip that has none, from the name of its file.

    Raises:
      ContentError: it holds no clips.
    """
    if isinstance(content, np.ndarray) and content.dtype == object:
        content = content.item() if content.ndim == 0 else list(content)
    if isinstance(content, Mapping):
        return _of_dict(content, stem)
    if isinstance(content, (list, tuple)):
        if len(content) == 2 and are_lists(*content):
            return Collection([Stored(*clip) for clip in side_by_side(*content)])
        clips = [item for item in content if is_clip(item)]
        if clips:
            return Collection([Stored(_about(item, f"{stem}_{n:05d}"), item) for n, item in enumerate(content)])
        raise ContentError(
            f"it holds a {type(content).__name__} of {len(content)} {_kinds(content)}; expected dicts with 'keypoint' (or 'sign'), "
            "and a name and a label for each clip"
        )
    if isinstance(content, np.ndarray):
        if content.ndim > _MOST:
            raise ContentError(
                f"it holds an array of shape {content.shape}; arrays of many clips are read from .npy files beside the pickle of "
                "their labels, such as train_data.npy and train_label.pkl"
            )
        return Collection([Stored(About(stem), content)], many=False)
    raise ContentError(f"it holds {_kinds([content])}; expected dicts with 'keypoint' (or 'sign'), a name and a label")


def _of_dict(content: Mapping[Any, Any], stem: str) -> Collection:
    if content.keys() & _BODIES:
        raise ContentError("it holds the parameters of a body; source signavatars reads those")
    if "people" in content:
        raise ContentError("it is one frame of OpenPose; give the folder with one JSON file per frame")
    listed = content.get("annotations")
    if isinstance(listed, (list, tuple)):
        return _annotations(listed, content.get("split"), stem)
    paired = pairs(content)
    if paired:
        return Collection([Stored(*clip) for clip in paired])
    if is_clip(content):
        return Collection([Stored(about(content, stem), content)], many=False)
    clips = _by_name(content)
    if clips:
        return Collection(clips)
    inner = [value for value in content.values() if isinstance(value, Mapping)]
    if len(content) == 1 and inner:
        return _of_dict(inner[0], str(next(iter(content))))
    raise ContentError(
        f"it holds a dict with {', '.join(map(str, [*content][:8])) or 'nothing'}, none of which is an array of points under "
        "'keypoint', 'keypoints' or 'sign'. Give the file of the clips; a table of labels goes to --config.data.labels"
    )


def _by_name(content: Mapping[Any, Any]) -> list[Stored]:
    """The clips of a dict by name or class; none if its values are something else."""
    values = content.values()
    if all(is_clip(value) for value in values):
        return [Stored(about(value)._replace(name=str(name)), value) for name, value in content.items()]
    if all(isinstance(value, np.ndarray) and value.ndim >= _DIMENSIONS for value in values):
        return [Stored(About(str(name)), value) for name, value in content.items()]
    if all(isinstance(value, (list, tuple)) and value and is_array(value[0]) for value in values):
        return [
            Stored(About(f"{label}/{number}", str(label)), value)
            for label, clips in content.items()
            for number, value in enumerate(clips)
        ]
    return []


def _about(item: Any, name: str) -> About:
    """What is said of an item of a list, which may be something else than a clip."""
    return about(item, name) if isinstance(item, Mapping) else About(name)


def _annotations(listed: Sequence[Any], split: Any, stem: str) -> Collection:
    """The clips of pyskl, each in the split that names it."""
    given, remarks = _splits(split if isinstance(split, Mapping) else {})
    clips = []
    for number, item in enumerate(listed):
        told = _about(item, f"{stem}_{number:05d}")
        name = str(item.get("frame_dir", told.name)) if isinstance(item, Mapping) else told.name
        clips.append(Stored(told._replace(split=given.get(name, told.split)), item))
    return Collection(clips, remarks=remarks)


def _splits(split: Mapping[Any, Any]) -> tuple[dict[str, str], list[str]]:
    """Name of a clip -> its split, and remarks.

    A file may have several ways to split, such as `xsub_train` and `xview_train`; the first is used.
    """
    ways: dict[str, dict[str, Any]] = defaultdict(dict)
    for key, names in split.items():
        words = str(key).replace("-", "_").split("_")
        for word in words:
            plain = word.rstrip("0123456789")
            name = split_name(plain)
            if name in SPLITS:
                ways["_".join(other for other in words if other is not word) + word[len(plain) :]][name] = names
                break
    if not ways:
        return {}, []
    first, *others = ways
    remarks = []
    if others:
        told = ", ".join(map(repr, (str(key) for key in split)))
        remarks.append(
            f"of the splits {told} those of {first or 'the first'!r} are used; a column 'split' of a label table changes that"
        )
    return {name: part for part, names in ways[first].items() for name in texts(names)}, remarks


def _kinds(values: Sequence[Any]) -> str:
    """What the first value is, for a message."""
    if not len(values):
        return "items"
    first = values[0]
    if isinstance(first, np.ndarray):
        return f"arrays of shape {first.shape}"
    if isinstance(first, Mapping):
        return f"dicts with {', '.join(map(str, [*first][:8])) or 'no keys'}"
    return f"values of type {type(first).__name__}"

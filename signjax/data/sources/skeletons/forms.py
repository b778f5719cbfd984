"""What one clip is in other projects: a dict with an array of points or of features, and what is known of the clip.

| key | shape | written by |
|---|---|---|
| `keypoint`, `keypoint_score` | (M, T, V, C), (M, T, V) | pyskl and mmaction2, M people |
| `keypoints`, `confidences` | (T, V, C), (T, V) | OpenHands |
| `sign`, `features` | (T, F) | PHOENIX and CSL-Daily: features of a network |
"""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from signjax.data.sources.shared.masked import as_array
from signjax.data.tables.label_table import split_name

POINTS = (
    "keypoint", "keypoints", "skeleton", "skeletons", "landmarks", "pose", "poses", "joints", "kps", "sign", "features",
    "feature", "frames", "data",
)  # fmt: skip
_SCORES = ("keypoint_score", "keypoint_scores", "confidences", "confidence", "scores", "score", "conf")
_NAMES = (
    "frame_dir",
    "name",
    "clip",
    "vid_name",
    "video_name",
    "video_id",
    "video",
    "filename",
    "file",
    "id",
    "fileid",
    "vid",
)
_LABELS = ("gloss", "label", "labels", "class", "word", "category", "action")
_SIGNERS = ("signer", "signer_id", "speaker", "subject", "performer", "participant", "participant_id")
_SPLITS = ("split", "subset")
_MOST_DIMENSIONS = 4
_NUMBERS = range(2, 5)  # of each point
_MOST_PEOPLE = 10
_ONE, _MANY = 3, 4  # dimensions of points of one person, and of several


class About(NamedTuple):
    """What a dict says of its clip; None or empty if it does not.

    Attributes:
      name: its name.
      label: a text, or the number of its class.
      signer: the signer.
      split: `train`, `valid` or `test`.
    """

    name: str
    label: str | int | None = None
    signer: str | None = None
    split: str | None = None


class Frames(NamedTuple):
    """The numbers of a clip.

    Attributes:
      values: points (T, V, C) of one person, or features (T, F).
      scores: the confidences (T, V) of points; None if they are not stored apart.
    """

    values: np.ndarray
    scores: np.ndarray | None = None


class FormError(ValueError):
    """A dict does not hold what a clip needs; the message says what was expected and found."""


def is_clip(content: Any) -> bool:
    """Whether a dict holds one clip: one of the keys of an array, whose value is an array or a list."""
    return isinstance(content, Mapping) and points_key(content) is not None


def points_key(content: Mapping[Any, Any]) -> str | None:
    """The key of a clip's array; None if there is none."""
    return next((key for key in POINTS if isinstance(content.get(key), (np.ndarray, list, tuple))), None)


def about(content: Mapping[Any, Any], name: str = "") -> About:
    """What a dict says of its clip, which is called `name` if it does not say."""
    told = _first(content, _NAMES)
    label = _first(content, _LABELS)
    signer, split = _first(content, _SIGNERS), _first(content, _SPLITS)
    return About(
        name=name if told is None else _clip_name(str(told)),
        label=label,
        signer=None if signer is None else str(signer),
        split=None if split is None else split_name(str(split)),
    )


def _first(content: Mapping[Any, Any], keys: tuple[str, ...]) -> str | int | None:
    """The first of these keys that holds a text or a whole number; lists of texts are joined by spaces."""
    for key in keys:
        value = content.get(key)
        if isinstance(value, bytes):
            value = value.decode("utf-8", "surrogateescape")
        if isinstance(value, (np.ndarray, np.generic)) and value.size == 1:
            value = value.reshape(()).item()
        if isinstance(value, (list, tuple)) and value and all(isinstance(word, str) for word in value):
            value = " ".join(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, (str, int)) and not isinstance(value, bool) and value != "":
            return value
    return None


def _clip_name(text: str) -> str:
    """The name of a clip, without the suffix of a video and the folders of another machine above it."""
    path = PurePosixPath(text.replace("\\", "/"))
    whole = path.name if path.is_absolute() or text[1:2] == ":" else str(path)
    return whole[: -len(path.suffix)] if path.suffix.lower() in (".mp4", ".avi", ".mov", ".mkv", ".webm") else whole


def frames_of(content: Any) -> Frames:
    """The numbers of a clip.

    Args:
      content: its dict, or its array alone.

    Raises:
      FormError: it has none, or they have other shapes.
    """
    key, scores = "the array", None
    if isinstance(content, Mapping):
        found = points_key(content)
        if found is None:
            raise FormError(f"expected an array under one of {', '.join(POINTS[:4])}, ...; found {_keys(content)}")
        key = f"'{found}'"
        given = next((name for name in _SCORES if content.get(name) is not None), None)
        scores = None if given is None else array(content[given])
        content = content[found]
    return chosen(array(content), scores, key)


def chosen(values: np.ndarray, scores: np.ndarray | None, key: str) -> Frames:
    """The numbers of the person who was seen best.

    Args:
      values: (M, T, V, C), (T, V, C) or (T, F); (F,) is one frame.
      scores: (M, T, V) or (T, V), perhaps with another axis of length 1; None if there are none.
      key: the name of the array, for messages.

    Raises:
      FormError: they have other shapes, or are not numbers.
    """
    if values.dtype == object:
        raise FormError(f"{key} must be numbers; its people, frames or points differ in their number of values")
    if values.dtype.kind not in "fiub" or not 1 <= values.ndim <= _MOST_DIMENSIONS:
        detail = f"{key} must be numbers of shape (people, T, points, 2 to 4), (T, points, 2 to 4) or (T, F)"
        raise FormError(f"{detail}; it is {values.dtype} {values.shape}")
    if values.ndim == 1:
        values = values[None]
    if values.ndim < _ONE:
        return Frames(values)
    if values.shape[-1] not in _NUMBERS:
        raise FormError(f"{key} must have 2 to 4 numbers for each point; its shape is {values.shape}")
    if scores is not None and scores.shape == (*values.shape[:-1], 1):
        scores = scores[..., 0]
    if scores is not None and (scores.shape != values.shape[:-1] or scores.dtype.kind not in "fiub"):
        expected = ", ".join(map(str, values.shape[:-1]))
        raise FormError(
            f"the confidences must be numbers of shape ({expected}); they are {scores.dtype} {scores.shape}"
        )
    if values.ndim == _MANY:
        if not len(values):
            raise FormError(f"{key} holds nobody: its shape is {values.shape}")
        seen = (values != 0).any(3) if scores is None else np.nan_to_num(scores)
        best = int(seen.reshape(len(values), -1).sum(1, dtype=float).argmax())
        values, scores = values[best], None if scores is None else scores[best]
    return Frames(values, scores)


def graph_order(shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """How to put the axes of one clip in the order people, frames, points, numbers; None if an array has none of the known forms.

    Args:
      shape: of the array of N clips: (N, C, T, V, M), (N, C, T, V) or (N, T, V, C).
    """
    if len(shape) == 5 and shape[1] in _NUMBERS and shape[4] <= _MOST_PEOPLE:
        return 3, 1, 2, 0
    if len(shape) == 4 and shape[1] in _NUMBERS and shape[3] not in _NUMBERS:
        return 1, 2, 0
    if len(shape) == 4 and shape[3] in _NUMBERS and shape[1] not in _NUMBERS and shape[0] > _MOST_PEOPLE:
        return 0, 1, 2
    return None


def graph_points(clip: np.ndarray, order: tuple[int, ...]) -> np.ndarray:
    """One clip of an array, (M, T, V, C) or (T, V, C), without the zeros at its end."""
    points = clip.transpose(order)
    used = np.flatnonzero(np.moveaxis(points, -3, 0).reshape(points.shape[-3], -1).any(1))
    return points[..., : int(used[-1]) + 1 if len(used) else 1, :, :]


def array(value: Any) -> np.ndarray:
    """The value as an array; ragged lists give an array of objects, which matches no form."""
    try:
        found = as_array(value)
        if found.dtype == object:  # arrays in a list or in an array of objects
            items = [as_array(item) for item in found]
            found = np.stack([item.astype(float) for item in items if item.dtype.kind in "fiubO"])
            return found if len(found) == len(items) else np.asarray(None)
    except (ValueError, TypeError, OverflowError):
        return np.asarray(None)
    return found


def _keys(content: Mapping[Any, Any]) -> str:
    shown = [str(key) for key in content][:8]
    return ", ".join(shown) + (", ..." if len(content) > len(shown) else "") or "nothing"

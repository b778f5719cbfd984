"""The content of a file -> the frames of a clip: arrays of SignAvatars, or parameters under their own names.

Shapes: T frames, F channels, P parts of the layout.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from signjax.data.layout.parts import Layout
from signjax.data.layout.registry import BUILT_IN
from signjax.data.sources.shared.masked import as_array
from signjax.data.sources.smplx.assembly import assemble
from signjax.data.sources.smplx.unusable import UnusableBodyError
from signjax.data.sources.smplx.wrappings import Fitted, find


class _Form(NamedTuple):
    """Where to find a layout's channels in SignAvatars: the alternative keys, the number of channels, and the channels to use."""

    keys: tuple[str, ...]
    shape: tuple[int, ...]
    columns: tuple[slice, ...]


_FORMS = {
    "smplx": _Form(("smplx",), (182,), (slice(0, 159), slice(169, 179))),
    "smplx_unsmoothed": _Form(("unsmooth_smplx",), (169,), (slice(0, 156),)),
    "smplx_with_signer": _Form(("smplx",), (182,), (slice(0, 159), slice(169, 179), slice(159, 169), slice(179, 182))),
    "keypoints_106": _Form(("pred2d", "pred_2d"), (106, 2), (slice(0, 212),)),
}
LAYOUTS = tuple(_FORMS)
# The layouts that parameters under their own names can have.
OWN_NAMES = ("smplx", "smplx_unsmoothed", "smplx_with_signer")
_MASKS = {"left_valid": "left_hand", "right_valid": "right_hand"}
_NUMBERS = "total_valid_index"
_OF_SKELETONS = frozenset(("annotations", "keypoint", "keypoints", "landmarks", "sign"))  # keys of other sources
_READ = {key for form in _FORMS.values() for key in form.keys} | {*_MASKS, _NUMBERS}


class Frames(NamedTuple):
    """The frames of a file.

    Attributes:
      frames: (T, F), in the order of the layout.
      valid: bool (T, P), which parts were seen.
      numbers: (T,), the number of each frame in its video; None if the file does not tell.
    """

    frames: np.ndarray
    valid: np.ndarray
    numbers: np.ndarray | None


def frames_of(content: Any, layout: str) -> Frames:
    """The frames in the content of a file with one clip, which may be inside another dict.

    Raises:
      UnusableBodyError: it holds no clip, several, or arrays of other shapes.
    """
    inner = list(content.values()) if isinstance(content, dict) and not content.keys() & _READ else []
    inner = [value for value in inner if isinstance(value, dict)]
    clip = inner[0] if len(inner) == 1 else content
    form = _FORMS[layout]
    key = next((key for key in form.keys if isinstance(clip, dict) and key in clip), None)
    if key is not None and not isinstance(clip[key], dict):
        return _of_signavatars(clip, key, form, BUILT_IN[layout])
    fitted = find(content) if layout in OWN_NAMES else None
    if fitted is not None:
        return frames_of_fitted(fitted, layout)
    if len(inner) > 1:
        detail = (
            f"the file holds {len(inner)} clips, which are not read from a folder; give the file as config.data.path"
        )
        raise UnusableBodyError("several_clips", detail)
    found = ", ".join(map(str, clip)) if isinstance(clip, dict) else type(clip).__name__
    named = " or SMPL-X under its own names (global_orient, body_pose, ...)" if layout in OWN_NAMES else ""
    keypoints = isinstance(clip, dict) and not _OF_SKELETONS.isdisjoint(clip)
    other = "; keypoints are read by --config.data.source=skeletons" if keypoints else ""
    raise UnusableBodyError("missing_key", f"expected a dict with '{form.keys[0]}'{named}, found {found}{other}")


def frames_of_fitted(fitted: Fitted, layout: str) -> Frames:
    """The frames of parameters under their own names.

    Raises:
      UnusableBodyError: they are not those of a body, or have other shapes.
    """
    body = assemble(fitted.parameters, BUILT_IN[layout])
    valid = _masked(body.valid, fitted.parameters, BUILT_IN[layout], "the body")
    seen = None if fitted.seen is None else _array(fitted.seen)
    if seen is not None and seen.shape == (len(valid),):
        valid &= seen.astype(bool)[:, None]
    numbers = fitted.parameters.get(_NUMBERS) if fitted.numbers is None else fitted.numbers
    return Frames(body.frames, valid, _numbers(numbers, len(valid)))


def _of_signavatars(content: Mapping[Any, Any], key: str, form: _Form, layout: Layout) -> Frames:
    values = _array(content[key])
    points = len(form.shape) == 2
    fits = values.shape[1:] == form.shape or (points and values.shape[1:] == (form.shape[0], form.shape[1] + 1))
    if not fits or values.dtype.kind not in "fiu":
        shape = ", ".join(map(str, form.shape))
        detail = f"'{key}' must be numbers of shape (T, {shape}); it is {values.dtype} {values.shape}"
        raise UnusableBodyError("wrong_width", detail)
    count = len(values)
    if points:
        values = values[:, :, : form.shape[1]].reshape(count, -1)
    frames = np.concatenate([values[:, columns] for columns in form.columns], axis=1)
    valid = _masked(np.ones((count, len(layout.parts)), bool), content, layout, f"'{key}'")
    return Frames(frames, valid, _numbers(content.get(_NUMBERS), count))


def _masked(valid: np.ndarray, content: Mapping[Any, Any], layout: Layout, what: str) -> np.ndarray:
    """The validity, with the frames in which the content says that a hand was not fitted."""
    count = len(valid)
    for mask, part in _MASKS.items():
        if mask not in content:
            continue
        seen = _array(content[mask])
        if seen.shape != (count,) or seen.dtype.kind not in "biuf":
            raise UnusableBodyError(
                "wrong_width",
                f"'{mask}' must be true or false, of shape ({count},) as {what} has; it is {seen.dtype} {seen.shape}",
            )
        valid[:, layout.part_names.index(part)] &= seen.astype(bool)
    return valid


def _numbers(values: Any, count: int) -> np.ndarray | None:
    """The numbers of the frames, if there is one for each."""
    numbers = _array(() if values is None else values)
    return numbers if numbers.shape == (count,) else None


def _array(value: Any) -> np.ndarray:
    """The value as an array; ragged lists give an array of objects, which matches no form."""
    try:
        return as_array(value)
    except ValueError:
        return np.asarray(None)

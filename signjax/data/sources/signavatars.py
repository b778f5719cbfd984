"""SignAvatars on disk: pickles of SMPL-X parameters, and a label table.

A clip is a dict with some of these keys, as NumPy arrays or torch tensors on any device; T frames:

| key | shape | meaning |
|---|---|---|
| `smplx` | (T, 182) | pose to 159 (root, body, hands, jaw), shape to 169, expression to 179, camera translation to 182 |
| `unsmooth_smplx` | (T, 169) | pose to 156 (root, body, hands), shape to 166, camera to 169 |
| `pred2d` or `pred_2d` | (T, 106, 2 or 3) | image keypoints; a third number is ignored |
| `left_valid`, `right_valid` | (T,) | in which frames the hand was fitted |
| `total_valid_index` | (T,) | the number of each frame in the video |

A file holds one clip, as `{...}` or `{name: {...}}`. If the path is a file instead of a folder, it may also hold many:
`{name: {...}, ...}`. The `.npz` files that `python -m signjax.pickles convert` writes are read in the same way.
"""

import json
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from signjax import pickles
from signjax.data.clip import Clip, Item, Rejected, Request, Say
from signjax.data.layout import registry as layout_registry
from signjax.data.layout.parts import ChosenLayout
from signjax.data.sources.shared.frame_numbers import timeline
from signjax.data.sources.shared.npy import NUMPY_ERRORS, read_arrays
from signjax.data.tables.matching import (
    Found,
    find_label_table,
    find_label_tables,
    match,
    segment,
)
from signjax.data.tables.names import canonical
from signjax.errors import InputError
from signjax.pickles.conversion import manifest, npz

SUFFIXES = (".pkl", ".pickle", ".pt", ".pth")
_NAME_ENDINGS = (*(f"{suffix}.npz" for suffix in SUFFIXES), *SUFFIXES, ".npz")
LEFT_HANDED = "pjm_left_videos.json"


class _Form(NamedTuple):
    """Where to find a layout's channels: the alternative keys, the number of channels, and the channels to use."""

    keys: tuple[str, ...]
    shape: tuple[int, ...]
    columns: tuple[slice, ...]


_FORMS = {
    "smplx": _Form(("smplx",), (182,), (slice(0, 159), slice(169, 179))),
    "smplx_unsmoothed": _Form(("unsmooth_smplx",), (169,), (slice(0, 156),)),
    "smplx_with_signer": _Form(("smplx",), (182,), (slice(0, 159), slice(169, 179), slice(159, 169), slice(179, 182))),
    "keypoints_106": _Form(("pred2d", "pred_2d"), (106, 2), (slice(0, 212),)),
}
_MASKS = {"left_valid": "left_hand", "right_valid": "right_hand"}
_NUMBERS = "total_valid_index"
_READ = {key for form in _FORMS.values() for key in form.keys} | {*_MASKS, _NUMBERS}


class _How(NamedTuple):
    """What an item must know.

    Attributes:
      layout: the requested layout.
      key: the name of its clip in a file of many.
      refused: why its file was not converted.
      converted_from: digest of the file that its arrays were converted from, according to the manifest.
    """

    layout: str
    key: str | None = None
    refused: str = ""
    converted_from: str = ""


def source_files(request: Request) -> list[Path]:
    """The files of the clips, and the tables if they are needed."""
    files = [found.path for found in _files(request, "smplx") if not found.how.refused]
    if not request.labelled:
        return files
    return [*files, *find_label_tables(request), *_left_handed_lists(request)]


def default_layout(request: Request, width: int) -> ChosenLayout:
    """SMPL-X without shape and camera: they identify the signer and the studio."""
    return ChosenLayout(layout_registry.named("smplx", width), "the key 'smplx' without shape and camera")


def list_items(request: Request, say: Say) -> list[Item | Rejected]:
    """An item for each clip, named after its file, and rejections for files without a row and rows without a file.

    Raises:
      InputError: there is nothing to read, there is no label table, no row has a file, or the files do not have the layout.
    """
    layout = "smplx" if request.layout == "auto" else request.layout
    if layout not in _FORMS:
        raise InputError(f"config.data.layout: source signavatars has no layout {layout!r}; it has {', '.join(_FORMS)}")
    items = match(request, _files(request, layout), _NAME_ENDINGS, say)
    left_handed: set[str] = set()
    for path in _left_handed_lists(request) if request.labelled else ():
        left_handed |= _read_left_handed(path)
    return [
        replace(item, info=replace(item.info, dominant_hand="left"))
        if isinstance(item, Item) and item.dominant_hand is None and canonical(item.name) in left_handed
        else item
        for item in items
    ]


def _files(request: Request, layout: str) -> list[Found]:
    """The files that hold clips, in a fixed order.

    Raises:
      InputError: there is no such file or folder, or the folder is empty.
    """
    path = request.path
    how = _How(layout)
    if path.is_file():
        names = _names_inside(path)
        return [Found(name, path, _How(layout, name)) for name in names] or [Found(path.name, path, how)]
    if not path.is_dir():
        raise InputError(f"{path}: it does not exist; config.data.path must be a folder of .pkl files, or one of them")
    records = manifest.read(path).values()
    if records:
        return [
            Found(record.source, path / record.outputs[0], how._replace(converted_from=record.sha256))
            if record.status == "converted"
            else Found(record.source, path / record.source, _How(layout, refused=record.reason))
            for record in sorted(records)
        ]
    files = sorted(path.rglob("*"))
    found = [file for file in files if file.suffix.lower() in SUFFIXES] or [
        f for f in files if f.suffix.lower() == ".npz"
    ]
    if not found:
        raise InputError(
            f"{path}: the folder has no .pkl files; config.data.path must be a folder of SMPL-X pickles, or one written by "
            "`python -m signjax.pickles convert`"
        )
    return [Found(file.relative_to(path).as_posix(), file, how) for file in found]


def _names_inside(path: Path) -> list[str]:
    """The clips in a file of many; empty if it holds one."""
    try:
        if path.suffix.lower() == ".npz":
            names = list({name.rpartition("/")[0] for name in read_arrays(path)})
        else:
            content = pickles.inspect(path)
            inner = content.items() if isinstance(content, dict) else ()
            names = [str(name) for name, fields in inner if isinstance(fields, dict)]
    except (pickles.PickleError, *NUMPY_ERRORS):
        return []  # read_item reports why
    return sorted(names) if len(names) > 1 else []


def _left_handed_lists(request: Request) -> list[Path]:
    """SignAvatars' list of left-handed clips, next to the label table or in the folder."""
    folders = dict.fromkeys((find_label_table(request).parent, request.path))
    return [file for folder in folders if (file := folder / LEFT_HANDED).is_file()]


def _read_left_handed(path: Path) -> set[str]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: expected a JSON array of clip names: {error}") from error
    if not isinstance(content, list) or not all(isinstance(name, str) for name in content):
        raise InputError(f"{path}: expected a JSON array of clip names")
    return set(map(canonical, content))


@lru_cache(maxsize=1)
def _many(path: str, changed_ns: int) -> dict[str, Any]:
    """A file of many clips, cached for the next clip until it changes."""
    content: dict[Any, Any] = _load(path)
    return {str(name): fields for name, fields in content.items()}


def _content(path: str, key: str | None) -> Any:
    return _load(path) if key is None else _many(path, Path(path).stat().st_mtime_ns)[key]


def _load(path: str) -> Any:
    """The content of a pickle, or of the .npz file that it was converted to."""
    if not path.lower().endswith(".npz"):
        return pickles.load(path)
    content: dict[str, Any] = {}
    for name, array in read_arrays(Path(path), verified=True).items():
        outer, _, key = name.rpartition("/")
        (content.setdefault(outer, {}) if outer else content)[key] = array
    return content


def read_item(item: Item) -> Clip | Rejected:
    """Reads one clip, in the requested layout."""
    how: _How = item.how
    if how.refused:
        return item.rejected("unreadable", f"not converted: {how.refused}")
    if how.converted_from and npz.source_of(item.file) != how.converted_from:
        detail = f"the file and {manifest.NAME} disagree about the pickle that it was converted from; convert it again"
        return item.rejected("unreadable", detail)
    try:
        content = _content(item.file, how.key)
    except (pickles.PickleError, *NUMPY_ERRORS) as error:
        return item.rejected("unreadable", getattr(error, "strerror", None) or str(error))
    form = _FORMS[how.layout]
    if isinstance(content, dict) and not content.keys() & _READ:
        inner = [value for value in content.values() if isinstance(value, dict)]
        if len(inner) > 1:
            detail = f"the file holds {len(inner)} clips, which are not read from a folder; give the file as config.data.path"
            return item.rejected("several_clips", detail)
        content = inner[0] if inner else content
    key = next((key for key in form.keys if isinstance(content, dict) and key in content), None)
    if key is None:
        found = ", ".join(map(str, content)) if isinstance(content, dict) else type(content).__name__
        return item.rejected("missing_key", f"expected a dict with '{form.keys[0]}', found {found}")
    return _clip(item, _array(content[key]), key, content)


def _array(value: Any) -> np.ndarray:
    """The value as an array; ragged lists give an array of objects, which matches no form."""
    try:
        return np.asarray(value)
    except ValueError:
        return np.asarray(None)


def _clip(item: Item, values: np.ndarray, key: str, content: dict[str, Any]) -> Clip | Rejected:
    form, layout = _FORMS[item.how.layout], layout_registry.BUILT_IN[item.how.layout]
    points = len(form.shape) == 2
    fits = values.shape[1:] == form.shape or (points and values.shape[1:] == (form.shape[0], form.shape[1] + 1))
    if not fits or values.dtype.kind not in "fiu":
        shape = ", ".join(map(str, form.shape))
        return item.rejected(
            "wrong_width", f"'{key}' must be numbers of shape (T, {shape}); it is {values.dtype} {values.shape}"
        )
    count = len(values)
    if points:
        values = values[:, :, : form.shape[1]].reshape(count, -1)
    frames = np.concatenate([values[:, columns] for columns in form.columns], axis=1)
    valid = np.ones((count, len(layout.parts)), bool)
    for mask, part in _MASKS.items():
        if mask not in content:
            continue
        seen = _array(content[mask])
        if seen.shape != (count,) or seen.dtype.kind not in "biuf":
            detail = (
                f"'{mask}' must be true or false, of shape ({count},) as '{key}' has; it is {seen.dtype} {seen.shape}"
            )
            return item.rejected("wrong_width", detail)
        valid[:, layout.part_names.index(part)] = seen.astype(bool)
    chosen = segment(item, count)
    if isinstance(chosen, Rejected):
        return chosen
    frames, valid = frames[chosen], valid[chosen]
    numbers = _array(content.get(_NUMBERS, ()))
    time = timeline(numbers[chosen]) if numbers.shape == (count,) else None
    if time is not None:
        frames, valid = frames[time.row], valid[time.row] & time.there[:, None]
    return item.clip(frames, valid, count)

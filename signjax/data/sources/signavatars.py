"""SMPL-X parameters on disk, and a label table: SignAvatars' pickles, or parameters under their own names (`sources.smplx`).

A clip of SignAvatars is a dict with some of these keys, as NumPy arrays or torch tensors on any device; T frames:

| key | shape | meaning |
|---|---|---|
| `smplx` | (T, 182) | pose to 159 (root, body, hands, jaw), shape to 169, expression to 179, camera translation to 182 |
| `unsmooth_smplx` | (T, 169) | pose to 156 (root, body, hands), shape to 166, camera to 169 |
| `pred2d` or `pred_2d` | (T, 106, 2 or 3) | image keypoints; a third number is ignored |
| `left_valid`, `right_valid` | (T,) | in which frames the hand was fitted |
| `total_valid_index` | (T,) | the number of each frame in the video |

A file holds one clip, as `{...}` or `{name: {...}}`. If the path is a file instead of a folder, it may also hold many:
`{name: {...}, ...}`. The `.npz` files that `python -m signjax.pickles convert` writes are read in the same way.

Any other file may hold one clip under the names of the body models, in the nesting of the tool that wrote it, or one frame of it.
"""

import json
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from signjax import pickles
from signjax.data.clip import Clip, Item, Rejected, Request, Say
from signjax.data.layout import registry as layout_registry
from signjax.data.layout.parts import ChosenLayout
from signjax.data.sources import smplx
from signjax.data.sources.shared.frame_numbers import timeline
from signjax.data.sources.shared.leftovers import contents_of, fault_of_pickle, files_below
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

SUFFIXES = (".pkl", ".pickle", ".pt", ".pth", ".joblib")
_ARRAY_SUFFIXES = (".npz", ".npy")  # looked for in folders without pickles
_ENDINGS = (*(f"{suffix}.npz" for suffix in SUFFIXES), *SUFFIXES, *_ARRAY_SUFFIXES)
# A clip whose tool gives every file the same name is called after its folder.
_NAME_ENDINGS = (*(f"/{name}{ending}" for name in smplx.SAME_FOR_ALL for ending in (*_ENDINGS, "")), *_ENDINGS)
_PROBES = 9  # files that are looked into to say what they lack
LEFT_HANDED = "pjm_left_videos.json"


class _How(NamedTuple):
    """What an item must know.

    Attributes:
      layout: the requested layout.
      key: the name of its clip in a file of many.
      refused: why its file was not converted.
      converted_from: digest of the file that its arrays were converted from, according to the manifest.
      frames: if its file is a folder with one file per frame, the pattern of their names.
    """

    layout: str
    key: str | None = None
    refused: str = ""
    converted_from: str = ""
    frames: str = ""


def source_files(request: Request) -> list[Path]:
    """The files of the clips, and the tables if they are needed."""
    files: list[Path] = []
    for found in _files(request, "smplx"):
        if not found.how.refused:
            files += smplx.frame_files(found.path, found.how.frames) if found.how.frames else [found.path]
    if not request.labelled:
        return files
    return [*files, *find_label_tables(request), *_left_handed_lists(request)]


def default_layout(request: Request, width: int) -> ChosenLayout:
    """SMPL-X without shape and camera: they identify the signer and the studio."""
    return ChosenLayout(layout_registry.named("smplx", width), "SMPL-X without shape and camera")


def list_items(request: Request, say: Say) -> list[Item | Rejected]:
    """An item for each clip, named after its file, and rejections for files without a row and rows without a file.

    Raises:
      InputError: there is nothing to read, there is no label table, no row has a file, or the files do not have the layout.
    """
    layout = "smplx" if request.layout == "auto" else request.layout
    if layout not in smplx.LAYOUTS:
        raise InputError(
            f"config.data.layout: source signavatars has no layout {layout!r}; it has {', '.join(smplx.LAYOUTS)}"
        )
    files = _files(request, layout)
    if layout in smplx.OWN_NAMES:
        _say_what_is_missing(files, layout, say)
    items = match(request, files, _NAME_ENDINGS, say)
    left_handed: set[str] = set()
    for path in _left_handed_lists(request) if request.labelled else ():
        left_handed |= _read_left_handed(path)
    return [
        replace(item, info=replace(item.info, dominant_hand="left"))
        if isinstance(item, Item) and item.dominant_hand is None and canonical(item.name) in left_handed
        else item
        for item in items
    ]


def _say_what_is_missing(files: list[Found], layout: str, say: Say) -> None:
    """Says which parts parameters under their own names do not have, by the first such file."""
    for found in files[:_PROBES]:
        path = found.path if not found.how.frames else smplx.frame_files(found.path, found.how.frames)[0]
        content = None if found.how.refused else _inspect(path)
        fitted = None if content is None else smplx.outline(content)
        if fitted is not None:
            missing = smplx.missing_parts(fitted.parameters, layout_registry.BUILT_IN[layout])
            if missing and "body" not in missing:  # else no clip can be read, which is reported
                say(f"{path}: it has no {', '.join(missing)}, so these parts of layout {layout} count as not seen")
            return


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
    files = files_below(path, (*SUFFIXES, *_ARRAY_SUFFIXES))
    found = next(
        (chosen for suffixes in (SUFFIXES, *((suffix,) for suffix in _ARRAY_SUFFIXES))
         if (chosen := [file for file in files if file.suffix.lower() in suffixes])), []
    )  # fmt: skip
    if not found:
        raise InputError(
            f"{path}: the folder has no .pkl files, nor .npz or .npy; config.data.path must be a folder of SMPL-X parameters, or "
            f"one written by `python -m signjax.pickles convert`{contents_of(path)}"
        )
    clips = smplx.frame_folders(path, found, _inspect)
    of_frames = {file for clip in clips for file in smplx.frame_files(clip.folder, clip.pattern)}
    whole = [file for file in found if file not in of_frames]
    return [
        *(Found(clip.name, clip.folder, how._replace(frames=clip.pattern)) for clip in clips),
        *(Found(file.relative_to(path).as_posix(), file, how) for file in whole),
    ]


def _inspect(path: Path) -> Any:
    """The content of a file, with shapes instead of arrays where that is faster; None if it cannot be read."""
    try:
        return _load(str(path), verified=False) if path.suffix.lower() in _ARRAY_SUFFIXES else pickles.inspect(path)
    except (pickles.PickleError, *NUMPY_ERRORS):
        return None  # read_item reports why


def _names_inside(path: Path) -> list[str]:
    """The clips in a file of many; empty if it holds one."""
    content = _inspect(path)
    if not isinstance(content, dict) or smplx.outline(content) is not None:
        return []
    names = [
        str(name) for name, value in content.items() if isinstance(value, dict) or smplx.outline(value) is not None
    ]
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


def _load(path: str, *, verified: bool = True) -> Any:
    """The content of a pickle, of a .npy file, or of a .npz file, with the nesting that the names of a converted one have."""
    if not path.lower().endswith(_ARRAY_SUFFIXES):
        return pickles.load(path)
    arrays = read_arrays(Path(path), verified=verified)
    if path.lower().endswith(".npy"):
        return arrays[Path(path).stem]
    content: dict[str, Any] = {}
    for name, array in arrays.items():
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
        if how.frames:
            files = smplx.frame_files(Path(item.file), how.frames)
            loaded = [_load(str(file)) for file in files]
        else:
            content = _content(item.file, how.key)
    except (pickles.PickleError, *NUMPY_ERRORS) as error:
        said = getattr(error, "strerror", None) or str(error)
        return item.rejected("unreadable", fault_of_pickle(Path(item.file), said))
    try:
        if how.frames:
            found = smplx.frames_of_fitted(smplx.join_frames(Path(item.file), files, loaded), how.layout)
        else:
            found = smplx.frames_of(content, how.layout)
    except smplx.UnusableBodyError as error:
        return item.rejected(error.reason, error.detail)
    count = len(found.frames)
    chosen = segment(item, count)
    if isinstance(chosen, Rejected):
        return chosen
    frames, valid = found.frames[chosen], found.valid[chosen]
    time = None if found.numbers is None else timeline(found.numbers[chosen])
    if time is not None:
        frames, valid = frames[time.row], valid[time.row] & time.there[:, None]
    return item.clip(frames, valid, count)

"""SignAvatars on disk: a folder of pickles of SMPL-X parameters, and a label table.

A file is a pickle of a dict with `smplx` (T, 182) and, where hands were fitted, `left_valid` and `right_valid` (T,), often as
torch tensors on a CUDA device.
"""

from pathlib import Path

import numpy as np

from signjax import pickles
from signjax.data import layouts
from signjax.data.clip import Clip, Rejected
from signjax.data.labels import read_label_table, split_columns
from signjax.data.sources.item import Item, Request
from signjax.errors import InputError

# Columns of `smplx`: pose to 159 (root, body, hands, jaw), shape to 169, expression to 179, camera translation to 182.
SMPLX_WIDTH = 182
_POSE = slice(0, 159)
_EXPRESSION = slice(169, 179)

TABLE_NAMES = ("labels.csv", "data.json")


def clip_files(path: Path) -> list[Path]:
    """The pickles below a folder, in a fixed order.

    Raises:
      InputError: there is no such folder, or it holds no pickle.
    """
    if not path.is_dir():
        raise InputError(f"{path}: no such folder; config.data.path must be a folder of .pkl files")
    files = sorted(path.rglob("*.pkl"))
    if not files:
        raise InputError(f"{path}: the folder holds no .pkl file; config.data.path must be a folder of SMPL-X pickles")
    return files


def find_label_table(path: Path, labels: str) -> Path:
    """The label table: the one named, else `labels.csv` or `data.json` in the folder or beside it."""
    if labels:
        return Path(labels)
    candidates = [folder / name for folder in (path, path.parent) for name in TABLE_NAMES]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise InputError(
        f"{path}: no label table; looked for {', '.join(map(str, candidates))}. "
        "Name one with --config.data.labels=FILE (a CSV with a column 'clip' and a column 'gloss')"
    )


def source_files(request: Request) -> list[Path]:
    """The pickles, and the label table where one is needed."""
    files = clip_files(request.path)
    return [*files, find_label_table(request.path, request.labels)] if request.labelled else files


def default_layout(request: Request, width: int) -> layouts.Layout:
    """SMPL-X without shape and camera."""
    return layouts.named("smplx", width)


def list_items(request: Request) -> list[Item | Rejected]:
    """An item for each pickle, whose clip is called as the file's stem; a rejection for each row of the table without one.

    Raises:
      InputError: no folder, no pickle, no label table, or no row of the table has the name of any clip.
    """
    path, files = request.path, clip_files(request.path)
    if not request.labelled:
        return [Item(file.stem, str(file)) for file in files]
    table_path = find_label_table(path, request.labels)
    table = read_label_table(table_path)
    stems = {file.stem for file in files}
    if not stems & table.keys():
        raise InputError(
            f"{table_path}: none of its {len(table)} clips (first: {next(iter(table), None)!r}) has a file in {path} "
            f"(first: {files[0].name}); the column 'clip' must hold file names without .pkl"
        )
    items: list[Item | Rejected] = []
    for file in files:
        about, labels = split_columns(table.get(file.stem, {}))
        items.append(Item(file.stem, str(file), labels, about.get("signer"), about.get("group"), about.get("split")))
    for name in sorted(table.keys() - stems):
        detail = f"in the label table, but {name}.pkl is not in {path}"
        items.append(Rejected(name, str(table_path), "missing_file", detail))
    return items


def read_item(item: Item) -> Clip | Rejected:
    """One pickle as a clip of layout `smplx`."""
    try:
        content = pickles.load(item.file)
    except pickles.PickleError as error:
        return item.rejected("unreadable", str(error))
    except OSError as error:
        return item.rejected("unreadable", error.strerror or str(error))
    if not isinstance(content, dict) or "smplx" not in content:
        found = ", ".join(map(str, content)) if isinstance(content, dict) else type(content).__name__
        return item.rejected("missing_key", f"expected a dict with 'smplx', found {found}")
    smplx = np.asarray(content["smplx"])
    if smplx.ndim != 2 or smplx.shape[1] != SMPLX_WIDTH or smplx.dtype.kind not in "fiu":
        detail = f"'smplx' must be numbers of shape (T, {SMPLX_WIDTH}), it is {smplx.dtype} {smplx.shape}"
        return item.rejected("wrong_width", detail)
    layout = layouts.smplx()
    valid = np.ones((len(smplx), len(layout.parts)), bool)
    for key, part in (("left_valid", "left_hand"), ("right_valid", "right_hand")):
        if key not in content:
            continue
        seen = np.asarray(content[key])
        if seen.shape != (len(smplx),):
            detail = f"'{key}' must have shape ({len(smplx)},) as 'smplx' has, it has {seen.shape}"
            return item.rejected("wrong_width", detail)
        valid[:, layout.part_names.index(part)] = seen.astype(bool)
    return item.clip(np.concatenate([smplx[:, _POSE], smplx[:, _EXPRESSION]], axis=1), valid)

"""Whether the files of a dataset folder still hold the bytes that were written.

`dataset.json` has the SHA-256 of every other file, and one of its own content. Reading gigabytes at every start to check them would
take long, so it is done once for each change: size, time and inode of files that were found right are kept beside the folder.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from signjax.data.text_files import encoded, write_json
from signjax.errors import InputError

_SEAL = "sha256"
# What a model learns from: a change in any of these is another data set. The others say how it came about.
_CONTENT = ("features.npy", "valid.npy", "offsets.npy", "labels.npy")


def digest_of(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def content_digest(
    files: Mapping[str, str], names: Sequence[str], split: np.ndarray, classes: Mapping[str, Sequence[str]]
) -> str:
    """SHA-256 of all that a model is trained and tested on: the arrays' bytes, the clips' names, the split and the classes.

    Paths do not count, so data that were moved stay the same data.

    Args:
      files: name -> SHA-256, of at least the arrays.
      names: of the clips, in order.
      split: int8 (N,).
      classes: head -> class names.
    """
    parts = [
        [files[name] for name in _CONTENT],
        list(names),
        split.tolist(),
        [[h, list(c)] for h, c in classes.items()],
    ]
    return hashlib.sha256(encoded(json.dumps(parts, ensure_ascii=False))).hexdigest()


def sealed(info: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a `dataset.json` with the SHA-256 of itself."""
    return {**info, _SEAL: _seal(info)}


def _seal(info: Mapping[str, Any]) -> str:
    content = {key: value for key, value in info.items() if key != _SEAL}
    # As it comes back from the file, where tuples are lists and what is not UTF-8 is its escape.
    content = json.loads(encoded(json.dumps(content, ensure_ascii=False)).decode())
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def check_seal(folder: Path, info: Mapping[str, Any]) -> None:
    """Stops where `dataset.json` is not what was written.

    Raises:
      InputError: naming the folder.
    """
    if info.get(_SEAL) != _seal(info):
        raise InputError(f"{folder / 'dataset.json'}: its content was changed after it was written; {_ADVICE}")


def check_files(folder: Path, files: Mapping[str, str]) -> None:
    """Stops where a file of the folder does not have the bytes that were written.

    Raises:
      InputError: naming every such file.
    """
    found = {name: _signature(folder / name) for name in sorted(files)}
    record = folder.with_name(f".{folder.name}.verified.json")
    now = {"files": found, "digests": dict(files)}
    if _read(record) == now:
        return
    damaged = [name for name in found if found[name] is None or digest_of(folder / name) != files[name]]
    if damaged:
        raise InputError(
            f"{folder}: not what was written: {', '.join(damaged)} {'differ' if len(damaged) > 1 else 'differs'} from the digest "
            f"in dataset.json; {_ADVICE}"
        )
    try:
        write_json(record, now)
    except OSError:
        return  # nobody can write there: the next start checks again


_ADVICE = "delete the folder, and the same command prepares the data again"


def _signature(path: Path) -> list[int] | None:
    """What changes whenever a file is written; None where there is no such file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None

"""Checks that the files of a dataset folder still hold the bytes that were written.

`dataset.json` has the SHA-256 of every other file and of its own content. Reading gigabytes to check them at every start would take
too long, so it is done only after a change: the size, time and inode of verified files are kept in a file next to the folder.
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
# What a model learns from: a change in any of these makes it a different data set. The other files record how it was made.
_CONTENT = ("features.npy", "valid.npy", "offsets.npy", "labels.npy")


def digest_of(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def content_digest(
    files: Mapping[str, str], names: Sequence[str], split: np.ndarray, classes: Mapping[str, Sequence[str]]
) -> str:
    """SHA-256 of everything that a model is trained and tested on: the arrays' bytes, the clips' names, the split and the classes.

    Paths are not included, so moving the data does not change the digest.

    Args:
      files: name -> SHA-256, at least of the arrays.
      names: the names of the clips, in order.
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
    """The content of a `dataset.json` with its own SHA-256 added."""
    return {**info, _SEAL: _seal(info)}


def _seal(info: Mapping[str, Any]) -> str:
    content = {key: value for key, value in info.items() if key != _SEAL}
    # As it is read back from the file, where tuples are lists and text that is not UTF-8 is escaped.
    content = json.loads(encoded(json.dumps(content, ensure_ascii=False)).decode())
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def check_seal(folder: Path, info: Mapping[str, Any]) -> None:
    """Checks that `dataset.json` is as it was written.

    Raises:
      InputError: it is not; the message names the folder.
    """
    if info.get(_SEAL) != _seal(info):
        raise InputError(f"{folder / 'dataset.json'}: the file was changed after it was written. {_ADVICE}")


def check_files(folder: Path, files: Mapping[str, str]) -> None:
    """Checks that every file of the folder holds the bytes that were written.

    Raises:
      InputError: some do not; the message names them.
    """
    found = {name: _signature(folder / name) for name in sorted(files)}
    record = folder.with_name(f".{folder.name}.verified.json")
    now = {"files": found, "digests": dict(files)}
    if _read(record) == now:
        return
    damaged = [name for name in found if found[name] is None or digest_of(folder / name) != files[name]]
    if damaged:
        raise InputError(
            f"{folder}: {', '.join(damaged)} {'do' if len(damaged) > 1 else 'does'} not match the digest in dataset.json. {_ADVICE}"
        )
    try:
        write_json(record, now)
    except OSError:
        return  # the parent folder is not writable: the next start checks again


_ADVICE = "Delete the folder; the same command prepares the data again"


def _signature(path: Path) -> list[int] | None:
    """A signature that changes whenever the file is written; None if it does not exist."""
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

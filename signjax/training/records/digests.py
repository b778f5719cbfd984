"""Digests by which a checkpoint that has changed since it was written is told."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
from etils import epath

# In the folder of a checkpoint: path -> SHA-256 of each other file.
_FILES = "files.json"


def write_file_digests(folder: epath.Path) -> None:
    """Writes down the digests of all files in a folder, in the folder."""
    (folder / _FILES).write_text(json.dumps(_file_digests(folder)))


def changed_file(folder: epath.Path) -> str | None:
    """What differs from what `write_file_digests` found; None if nothing does."""
    try:
        expected = json.loads((folder / _FILES).read_text())
    except (OSError, ValueError):
        expected = None
    if not isinstance(expected, dict):
        return f"{_FILES} is missing or has changed since it was written"
    found = _file_digests(folder)
    for name in sorted(expected.keys() | found.keys()):
        if name not in found:
            return f"{name} is missing"
        if found[name] != expected.get(name):
            return f"{name} has changed since it was written"
    return None


def _file_digests(folder: epath.Path) -> dict[str, str]:
    """Path below the folder -> SHA-256, of each file."""
    found: dict[str, str] = {}
    for path in folder.iterdir():
        if path.is_dir():
            found |= {f"{path.name}/{name}": digest for name, digest in _file_digests(path).items()}
        elif path.name != _FILES:
            found[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def described(tree: Any, *, digests: bool) -> dict[str, list[str]]:
    """Name -> type and shape, and the SHA-256 of the bytes if asked for, of each array in a tree."""
    found = {}
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        digest = hashlib.sha256(np.ascontiguousarray(leaf).data).hexdigest() if digests else ""
        found[jax.tree_util.keystr(path)] = [f"{leaf.dtype} {tuple(leaf.shape)}", digest]
    return found


def differences(saved: Mapping[str, list[str]], prefix: str, like: Any) -> list[str]:
    """A clause for each array that differs in type or shape between a saved description and a tree.

    Args:
      saved: from `described`; only names that begin with the prefix count.
      prefix: what the names in the tree lack.
      like: the tree; values are not looked at.
    """
    old = {name: kind for name, (kind, _) in saved.items() if name.startswith(prefix)}
    new = {prefix + name: kind for name, (kind, _) in described(like, digests=False).items()}
    return [
        f"{name}: {old.get(name, 'absent')} in the checkpoint, {new.get(name, 'absent')} in the model"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]


def changed_arrays(saved: Mapping[str, list[str]], prefix: str, tree: Any) -> str | None:
    """What differs in the bytes of a tree from a saved description; None if nothing does. Arguments as in `differences`."""
    found = described(tree, digests=True)
    changed = [prefix + name for name, (_, digest) in found.items() if saved[prefix + name][1] != digest]
    if not changed:
        return None
    return f"{len(changed)} of {len(found)} arrays have changed since they were written, the first is {changed[0]}"


def digest_of(record: Mapping[str, Any]) -> str:
    """SHA-256 of a JSON object."""
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()

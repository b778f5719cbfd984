"""The weights of a model without its training: `model.safetensors`, as an exported model has them.

An array is named after its place, `params/stem/kernel`; with several members, each has a leading axis of them.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

from signjax.errors import InputError, first_few, first_line
from signjax.pickles.atomic import replacing
from signjax.training.state import Variables, empty_like


def _name(path: Any) -> str:
    """The name of an array, given its place in the tree of variables."""
    return "/".join(key.key.replace("%", "%25").replace("/", "%2F") for key in path)


def key_name(name: str) -> str:
    """The name that jax gives to the same place, as checkpoints have it: `['params']['stem']['kernel']`."""
    keys = (part.replace("%2F", "/").replace("%25", "%") for part in name.split("/"))
    return "".join(f"[{key!r}]" for key in keys)


def write_weights(path: Path, variables: Variables, facts: dict[str, str]) -> None:
    """Writes the file.

    Args:
      path: of the file.
      variables: on the host.
      facts: texts by name, which the file's header takes.
    """
    from safetensors.numpy import save

    arrays = {_name(path): np.ascontiguousarray(leaf) for path, leaf in jax.tree_util.tree_leaves_with_path(variables)}
    with replacing(os.fspath(path)) as file:
        file.write(save(arrays, facts))


def read_weights(path: Path) -> dict[str, np.ndarray]:
    """Name -> array of a file.

    Raises:
      InputError: it cannot be read.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return load(path.read_bytes())
    except (OSError, SafetensorError, ValueError, KeyError) as error:
        raise InputError(f"{path}: the weights cannot be read: {first_line(error)}. Export the model again") from error


def load_weights(path: Path, like: Variables) -> Variables:
    """The variables of a file, on the host; `like` has their shapes.

    Raises:
      InputError: it cannot be read, or has the weights of another model.
    """
    arrays = read_weights(path)
    wanted = {_name(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(empty_like(like))}

    def kind(arrays: Mapping[str, np.ndarray], name: str) -> object:
        return (arrays[name].shape, arrays[name].dtype) if name in arrays else None

    other = sorted(name for name in arrays.keys() | wanted.keys() if kind(arrays, name) != kind(wanted, name))
    if other:
        raise InputError(
            f"{path}: not the weights of the model that the folder's config.json describes; these differ: {first_few(other)}. "
            "Export the model again"
        )
    return jax.tree_util.tree_map_with_path(lambda path, _: arrays[_name(path)], like)

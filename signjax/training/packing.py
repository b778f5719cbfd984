"""Many arrays as few: what is done alike to every value is done to long vectors.

A network has a hundred arrays, and optimizer and average do a dozen operations to each. On a CPU, XLA compiles and starts them
one by one: they were a third of the operations of a training step, and of the time to compile it.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Packed = dict[str, Float[Array, "n"]]

MATRICES, VECTORS = "matrices", "vectors"


def _group(leaf: Any) -> str:
    return MATRICES if leaf.ndim > 1 else VECTORS


def pack(tree: Any) -> Packed:
    """The values of a tree of arrays, in the order of its leaves: those of arrays with more than one axis, and the others.

    A group without arrays is left out.
    """
    groups: dict[str, list[Any]] = {}
    for leaf in jax.tree.leaves(tree):
        groups.setdefault(_group(leaf), []).append(leaf.ravel())
    return {name: jnp.concatenate(leaves) for name, leaves in groups.items()}


def unpack(packed: Packed, like: Any) -> Any:
    """The tree whose values were packed.

    Args:
      packed: arrays of jax or of NumPy; the result has the same kind.
      like: a tree of arrays of the same shapes.
    """
    taken = dict.fromkeys(packed, 0)

    def next_of(leaf: Any) -> Any:
        group = _group(leaf)
        start = taken[group]
        taken[group] += leaf.size
        return packed[group][start : taken[group]].reshape(leaf.shape)

    return jax.tree.map(next_of, like)

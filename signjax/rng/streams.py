"""jax's named random streams: `key = fold_in(fold_in(key(seed), step), stream)`. No key is carried in the state.

NumPy's streams, such as the order of clips, are in `signjax.rng.numpy_streams`.
"""

import jax
from jaxtyping import Array, Int, Integer, Key

from signjax.rng.hash_prng import HASHED

_STREAMS = {"params": 0, "dropout": 1, "augment": 2}


def stream_key(
    seed: Integer[Array, ""] | int, step: Int[Array, ""] | int, stream: str, member: Int[Array, ""] | int | None = None
) -> Key[Array, ""]:
    """The key of a stream at a step, whatever jax's default generator is.

    Where several networks are trained together, `member` is the number of one of them, and is folded in last.
    """
    key = jax.random.key(seed, impl=HASHED)
    key = jax.random.fold_in(jax.random.fold_in(key, step), _STREAMS[stream])
    return key if member is None else jax.random.fold_in(key, member)

"""jax's named random streams: `key = fold_in(fold_in(key(seed), step), stream)`. No key is carried in the state.

NumPy's streams, such as the order of clips, are in `signjax.rng.numpy_streams`.
"""

import jax
from jaxtyping import Array, Int, Key

from signjax.rng.hash_prng import HASHED

_STREAMS = {"params": 0, "dropout": 1, "augment": 2}


def stream_key(seed: int, step: Int[Array, ""] | int, stream: str) -> Key[Array, ""]:
    """The key of a stream at a step, whatever jax's default generator is."""
    key = jax.random.key(seed, impl=HASHED)
    return jax.random.fold_in(jax.random.fold_in(key, step), _STREAMS[stream])

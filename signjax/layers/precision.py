"""The precision of states, sums, statistics and the softmax: never below float32."""

import jax.numpy as jnp
import numpy as np


def carried(precision: jnp.dtype) -> jnp.dtype:
    """The precision of states and sums for products in `precision`: at least float32."""
    return np.promote_types(precision, np.float32)  # jax's own refuses under strict dtype promotion

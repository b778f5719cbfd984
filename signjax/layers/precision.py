"""The precision of states, sums, statistics and the softmax: never below float32."""

import jax.numpy as jnp


def carried(precision: jnp.dtype) -> jnp.dtype:
    """The precision of states and sums for products in `precision`: at least float32."""
    return jnp.promote_types(precision, jnp.float32)

"""What is never computed in less than float32: states, sums, statistics, softmax."""

import jax.numpy as jnp


def carried(precision: jnp.dtype) -> jnp.dtype:
    """The precision of states and sums where products have `precision`: never less than float32."""
    return jnp.promote_types(precision, jnp.float32)

"""All that training changes."""

from typing import Any

import flax.struct
import jax
import jax.numpy as jnp
import optax
from flax import linen as nn
from jaxtyping import Array, Int, Key

from signjax.streams import stream_key

Variables = dict[str, Any]


class TrainState(flax.struct.PyTreeNode):
    """The state of a run; the step counter lives here and nowhere else.

    Attributes:
      step: how many updates were made.
      params, batch_stats: of the network.
      opt_state: of the optimizer.
      average: moving averages of `params` and `batch_stats`; this is what is evaluated.
    """

    step: Int[Array, ""]
    params: Any
    batch_stats: Any
    opt_state: optax.OptState
    average: Variables


def make_state(
    model: nn.Module, optimizer: optax.GradientTransformation, inputs: int, frames: int, seed: int
) -> TrainState:
    """A fresh state for a model that sees `inputs` features in each of `frames` frames."""
    shapes = (jnp.zeros((1, frames, inputs)), jnp.ones((1, frames), bool), jnp.zeros(1, jnp.int32))

    @jax.jit  # one compilation instead of one for each shape
    def fresh(key: Key[Array, ""]) -> TrainState:
        variables = model.init({"params": key}, *shapes, training=False)
        return TrainState(
            step=jnp.zeros((), jnp.int32),
            params=variables["params"],
            batch_stats=variables["batch_stats"],
            opt_state=optimizer.init(variables["params"]),
            # A copy: the state is donated to each step, and a buffer can be donated once only.
            average=jax.tree.map(jnp.copy, dict(variables)),
        )

    return fresh(stream_key(seed, 0, "params"))


def parameter_count(params: Any) -> int:
    """Number of trained values."""
    return sum(value.size for value in jax.tree.leaves(params))

"""The state of training."""

from collections.abc import Callable
from typing import Any

import flax.struct
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Int

from signjax.model.factory import Model
from signjax.rng.streams import stream_key

Variables = dict[str, Any]


class TrainState(flax.struct.PyTreeNode):
    """The state of a run; the step counter is stored only here.

    Attributes:
      step: the number of updates done.
      params, batch_stats: the variables of the network.
      opt_state: the state of the optimizer.
      average: moving averages of `params` and `batch_stats`.
    """

    step: Int[Array, ""]
    params: Any
    batch_stats: Any
    opt_state: optax.OptState
    average: Variables

    def averaged(self) -> Variables:
        """The moving averages on the host; these are evaluated."""
        return jax.device_get(self.average)


def make_initializer(model: Model, features: int, frames: int) -> Callable[[int], Variables]:
    """A function from a seed to fresh variables, for a model with inputs of `frames` frames and `features` features."""
    shapes = (jnp.zeros((1, frames, features)), jnp.ones((1, frames), bool), jnp.zeros(1, jnp.int32))
    return lambda seed: model.init({"params": stream_key(seed, 0, "params")}, *shapes, training=False)


def make_state_initializer(
    model: Model, optimizer: optax.GradientTransformation, features: int, frames: int
) -> Callable[[int], TrainState]:
    """A function from a seed to a fresh state; `features` and `frames` as in `make_initializer`."""
    initialize = make_initializer(model, features, frames)

    @jax.jit  # one compilation instead of one per shape
    def fresh(seed: int) -> TrainState:
        variables = initialize(seed)
        return TrainState(
            step=jnp.zeros((), jnp.int32),
            params=variables["params"],
            batch_stats=variables["batch_stats"],
            opt_state=optimizer.init(variables["params"]),
            average={name: variables[name] for name in ("params", "batch_stats")},
        )

    return fresh


def parameter_count(params: Any) -> int:
    """The number of trained values."""
    return sum(value.size for value in jax.tree.leaves(params))

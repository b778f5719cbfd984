"""The state of training."""

from collections.abc import Callable
from typing import Any

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np
import optax

from signjax.model.factory import Model
from signjax.rng.streams import stream_key
from signjax.training.members import each_member

Variables = dict[str, Any]


class TrainState(flax.struct.PyTreeNode):
    """The state of a run; the step counter is stored only here.

    Attributes:
      step: the number of updates done, an int32 scalar; anything may take its place when jax maps over the tree.
      params, batch_stats: the variables of the network; with several members, all arrays but `step` have an axis of them.
      opt_state: the state of the optimizer.
      average: moving averages of `params` and `batch_stats`.
    """

    step: Any
    params: Any
    batch_stats: Any
    opt_state: optax.OptState
    average: Variables

    def averaged(self) -> Variables:
        """The moving averages on the host; these are evaluated."""
        return jax.device_get(self.average)


def empty_like(tree: Any) -> Any:
    """A tree of arrays on the host with the shapes and types of those of another, to be filled."""
    return jax.tree.map(lambda like: np.zeros(like.shape, like.dtype), tree)


def make_initializer(model: Model, features: int, frames: int, members: int = 1) -> Callable[[int], Variables]:
    """A function from a seed to fresh variables, for models with inputs of `frames` frames and `features` features."""
    shapes = (jnp.zeros((1, frames, features)), jnp.ones((1, frames), bool), jnp.zeros(1, jnp.int32))

    def initialize(seed: Any) -> Variables:
        def of_one(member: Any) -> Variables:
            return model.init({"params": stream_key(seed, 0, "params", member)}, *shapes, training=False)

        return each_member(of_one, members)()

    return initialize


def make_state_initializer(
    model: Model, optimizer: optax.GradientTransformation, features: int, frames: int, members: int = 1
) -> Callable[[int], TrainState]:
    """A function from a seed to a fresh state; the other arguments as in `make_initializer`."""
    initialize = make_initializer(model, features, frames, members)

    @jax.jit  # one compilation instead of one per shape
    def fresh(seed: Any) -> TrainState:
        variables = initialize(seed)
        return TrainState(
            step=jnp.zeros((), jnp.int32),
            params=variables["params"],
            batch_stats=variables["batch_stats"],
            opt_state=each_member(lambda _, params: optimizer.init(params), members)(variables["params"]),
            average={name: variables[name] for name in ("params", "batch_stats")},
        )

    return fresh


def parameter_count(params: Any) -> int:
    """The number of trained values."""
    return sum(value.size for value in jax.tree.leaves(params))

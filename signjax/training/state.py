"""All that training changes."""

from collections.abc import Callable
from typing import Any

import flax.struct
import jax
import jax.numpy as jnp
import optax
from flax import linen as nn
from jaxtyping import Array, Int

from signjax.rng.streams import stream_key
from signjax.training.packing import Packed, pack, unpack

Variables = dict[str, Any]


class TrainState(flax.struct.PyTreeNode):
    """The state of a run; the step counter lives here and nowhere else.

    Attributes:
      step: how many updates were made.
      params, batch_stats: of the network.
      opt_state: of the optimizer, which works on packed parameters.
      average: moving averages of `params` and `batch_stats`, packed.
    """

    step: Int[Array, ""]
    params: Any
    batch_stats: Any
    opt_state: optax.OptState
    average: dict[str, Packed]

    def averaged(self) -> Variables:
        """The moving averages in their natural shapes, on the host; this is what is evaluated."""
        average = jax.device_get(self.average)
        return {
            "params": unpack(average["params"], self.params),
            "batch_stats": unpack(average["batch_stats"], self.batch_stats),
        }


def state_maker(
    model: nn.Module, optimizer: optax.GradientTransformation, inputs: int, frames: int
) -> Callable[[int], TrainState]:
    """A function from a seed to a fresh state, for a model that sees `inputs` features in each of `frames` frames."""
    shapes = (jnp.zeros((1, frames, inputs)), jnp.ones((1, frames), bool), jnp.zeros(1, jnp.int32))

    @jax.jit  # one compilation instead of one for each shape
    def fresh(seed: int) -> TrainState:
        variables = model.init({"params": stream_key(seed, 0, "params")}, *shapes, training=False)
        return TrainState(
            step=jnp.zeros((), jnp.int32),
            params=variables["params"],
            batch_stats=variables["batch_stats"],
            opt_state=optimizer.init(pack(variables["params"])),
            average={name: pack(variables[name]) for name in ("params", "batch_stats")},
        )

    return fresh


def parameter_count(params: Any) -> int:
    """Number of trained values."""
    return sum(value.size for value in jax.tree.leaves(params))

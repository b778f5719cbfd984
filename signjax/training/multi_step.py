"""Several training steps in one dispatch, on batches that are gathered on the device or come from the host.

Shapes: S steps of a dispatch, B clips of a device, T frames.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from signjax.training.input.device_dataset import Resident, gather
from signjax.training.state import TrainState

Step = Callable[[TrainState, dict[str, Any]], tuple[TrainState, dict[str, jax.Array]]]


def make_dispatch(step: Step, frames: int, parts: int, steps: int) -> Callable[..., tuple[TrainState, Any]]:
    """A function (state, data, batches, count) -> (state, metrics), to be mapped over the devices.

    `batches` has a leading axis of S = `steps`, of which the first `count` are run: any number of steps is one compilation.
    Metrics have that axis too; those that were not run are 0.

    Args:
      step: one step on a padded batch.
      frames: T, what a batch that is gathered here is padded to.
      parts: P, of the layout.
      steps: S.
    """

    def run(state: TrainState, data: Resident | None, batch: dict[str, Any]) -> tuple[TrainState, dict[str, Any]]:
        if data is not None:
            batch = gather(data, batch, frames, parts)
        return step(state, batch)

    def single(state: TrainState, data: Resident | None, batches: dict[str, Any], _: Any) -> tuple[TrainState, Any]:
        state, metrics = run(state, data, jax.tree.map(lambda value: value[0], batches))
        return state, jax.tree.map(lambda value: value[None], metrics)

    def several(
        state: TrainState, data: Resident | None, batches: dict[str, Any], count: Any
    ) -> tuple[TrainState, Any]:
        def body(i: Any, carry: tuple[TrainState, Any]) -> tuple[TrainState, Any]:
            state, collected = carry
            state, metrics = run(state, data, jax.tree.map(lambda value: value[i], batches))
            return state, jax.tree.map(lambda all_, one: all_.at[i].set(one), collected, metrics)

        shapes = jax.eval_shape(run, state, data, jax.tree.map(lambda value: value[0], batches))[1]
        empty = jax.tree.map(lambda like: jnp.zeros((steps, *like.shape), like.dtype), shapes)
        return jax.lax.fori_loop(0, count, body, (state, empty))

    return single if steps == 1 else several

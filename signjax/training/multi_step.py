"""Several training steps in one dispatch, on batches that are gathered on the device or come from the host.

Shapes: S steps per dispatch, B clips per device, T frames.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import jax
import jax.numpy as jnp

from signjax.data.batching.batch import Batch, IndexBatch
from signjax.training.input.device_dataset import DeviceDataset, gather
from signjax.training.state import TrainState

TrainStep = Callable[[TrainState, Batch], tuple[TrainState, dict[str, jax.Array]]]

Tree = TypeVar("Tree")


def make_multi_step(step: TrainStep, frames: int, parts: int, steps: int) -> Callable[..., tuple[TrainState, Any]]:
    """A function (state, data, batches, count) -> (state, metrics), to be mapped over the devices.

    `batches` has a leading axis of S = `steps`, of which the first `count` are run, so one compilation serves any number of steps.
    Metrics have that axis, too; those of steps that were not run are 0.

    Args:
      step: one step on a padded batch.
      frames: T, the length that gathered batches are padded to.
      parts: P, the number of parts of the layout.
      steps: S.
    """

    def run(state: TrainState, data: DeviceDataset | None, batch: Batch | IndexBatch) -> tuple[TrainState, Any]:
        if isinstance(batch, IndexBatch):
            assert data is not None
            batch = gather(data, batch, frames, parts)
        return step(state, batch)

    def single(
        state: TrainState, data: DeviceDataset | None, batches: Batch | IndexBatch, _: Any
    ) -> tuple[TrainState, Any]:
        state, metrics = run(state, data, _at(batches, 0))
        return state, jax.tree.map(lambda value: value[None], metrics)

    def several(
        state: TrainState, data: DeviceDataset | None, batches: Batch | IndexBatch, count: Any
    ) -> tuple[TrainState, Any]:
        def body(i: Any, carry: tuple[TrainState, Any]) -> tuple[TrainState, Any]:
            state, collected = carry
            state, metrics = run(state, data, _at(batches, i))
            return state, jax.tree.map(lambda all_, one: all_.at[i].set(one), collected, metrics)

        shapes = jax.eval_shape(run, state, data, _at(batches, 0))[1]
        empty = jax.tree.map(lambda like: jnp.zeros((steps, *like.shape), like.dtype), shapes)
        return jax.lax.fori_loop(0, count, body, (state, empty))

    return single if steps == 1 else several


def _at(batches: Tree, step: Any) -> Tree:
    return jax.tree.map(lambda value: value[step], batches)

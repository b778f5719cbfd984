"""The only module that uses pmap: one batch shared by the devices of all processes.

The state keeps its natural shapes and is the same on every device; only the batch is mapped. A process gives its devices their rows
of the batch, and gets results that it holds whole, so in all other modules devices are those of this process alone.

Shapes: B clips in the batch of this process, K devices of this process.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from signjax.errors import InputError
from signjax.runtime import processes

AXIS = "devices"

Tree = TypeVar("Tree")


def check_batch_size(batch_size: int, devices: int, accumulate: int = 1) -> None:
    """Checks that a batch can be divided evenly among the devices.

    Raises:
      InputError: it cannot; the message has the numbers.
    """
    count = processes.process_count()
    if batch_size < 1 or batch_size % (count * devices * accumulate):
        parts = f", times config.train.accumulate, {accumulate}" if accumulate > 1 else ""
        each = f" of each of {count} processes" if count > 1 else ""
        raise InputError(
            f"config.train.batch_size is {batch_size}; it must be a multiple of the {devices} devices{each}{parts}"
        )


def replicate(tree: Any, devices: Sequence[jax.Device]) -> Any:
    """Copies of the arrays of a tree on every device, as `map_train_step` returns them.

    If the initial state has any other form, the first step is compiled twice.
    """
    return jax.device_put(tree, _everywhere(devices))


def on_first(tree: Any) -> Any:
    """The arrays of a replicated tree on the first of its devices, not copied."""
    return jax.tree.map(lambda value: value.addressable_shards[0].data, tree)


def replicated_shapes(make: Callable[..., Any], *arguments: Any, devices: Sequence[jax.Device]) -> Any:
    """The shapes that `replicate` would give for the result of a function, which is enough to compile for."""
    place = _everywhere(devices)
    return jax.tree.map(
        lambda like: jax.ShapeDtypeStruct(like.shape, like.dtype, sharding=place), jax.eval_shape(make, *arguments)
    )


def _everywhere(devices: Sequence[jax.Device]) -> NamedSharding:
    return NamedSharding(Mesh(np.array(devices), (AXIS,)), PartitionSpec())


def map_train_step(step: Callable[..., Any], devices: Sequence[jax.Device]) -> Callable[..., Any]:
    """(state, data, sharded batch, count) -> (state, metrics); the old state's memory is given to the new one.

    `data` and `count` are the same on all devices. Both results must be equal on all devices, so `step` sums whatever
    differs. pmap returns those of the first device.
    """
    return jax.pmap(
        step,
        axis_name=AXIS,
        in_axes=(None, None, 0, None),
        out_axes=(None, None),
        donate_argnums=(0,),
        devices=processes.all_devices(devices),
    )


def map_eval_step(step: Callable[..., Any], devices: Sequence[jax.Device]) -> Callable[..., Any]:
    """(variables, sharded batch) -> results with a leading axis of devices; of this process alone, which needs no others."""
    return jax.pmap(step, axis_name=AXIS, in_axes=(None, 0), out_axes=0, devices=list(devices))


def map_statistics_step(step: Callable[..., Any], devices: Sequence[jax.Device]) -> Callable[..., Any]:
    """(variables, sharded batch) -> batch statistics, which must be equal on all devices."""
    return jax.pmap(step, axis_name=AXIS, in_axes=(None, 0), out_axes=None, devices=list(devices))


def shard(batch: Tree, devices: int) -> Tree:
    """Each array (B, ...) -> (K, B / K, ...), rows in order."""
    return jax.tree.map(lambda value: value.reshape(devices, -1, *value.shape[1:]), batch)


def shard_steps(batches: Sequence[Tree], devices: int, steps: int) -> Tree:
    """At most `steps` batches of one shape -> (K, steps, B / K, ...); positions without a batch repeat the last one."""
    sharded = [shard(batch, devices) for batch in batches]
    sharded += sharded[-1:] * (steps - len(sharded))
    return jax.tree.map(lambda *values: np.stack(values, axis=1), *sharded)


def unshard(results: Any) -> Any:
    """(K, B / K, ...) -> NumPy (B, ...), rows in order."""
    return jax.tree.map(lambda value: value.reshape(-1, *value.shape[2:]), jax.device_get(results))

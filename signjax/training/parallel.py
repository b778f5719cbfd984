"""The only pmap: one batch shared by all local devices.

The state keeps its natural shapes and is the same on every device; only the batch is mapped.

Shapes: B clips in the global batch, K devices.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from signjax.errors import InputError

AXIS = "devices"


def check_batch_size(batch_size: int, devices: int) -> None:
    """Stops where a batch cannot be shared evenly.

    Raises:
      InputError: naming both numbers.
    """
    if batch_size < 1 or batch_size % devices:
        raise InputError(f"config.train.batch_size is {batch_size}; it must be a multiple of the {devices} devices")


def replicate(tree: Any, devices: Sequence[jax.Device]) -> Any:
    """Copies of the arrays of a tree on every device, as `map_train_step` returns them.

    A state that enters the first step in any other form has that step compiled twice.
    """
    return jax.device_put(tree, NamedSharding(Mesh(np.array(devices), (AXIS,)), PartitionSpec()))


def map_train_step(step: Callable[..., Any], devices: Sequence[jax.Device]) -> Callable[..., Any]:
    """(state, sharded batch) -> (state, metrics); the old state's memory is given to the new one.

    Both results must be equal on all devices: `step` adds up whatever differs. pmap hands back the first device's.
    """
    return jax.pmap(
        step, axis_name=AXIS, in_axes=(None, 0), out_axes=(None, None), donate_argnums=(0,), devices=list(devices)
    )


def map_eval_step(step: Callable[..., Any], devices: Sequence[jax.Device]) -> Callable[..., Any]:
    """(variables, sharded batch) -> results with a leading axis of devices."""
    return jax.pmap(step, axis_name=AXIS, in_axes=(None, 0), out_axes=0, devices=list(devices))


def shard(batch: Mapping[str, np.ndarray], devices: int) -> dict[str, np.ndarray]:
    """(B, ...) -> (K, B / K, ...), rows in order."""
    return {name: value.reshape(devices, -1, *value.shape[1:]) for name, value in batch.items()}


def unshard(results: Any) -> Any:
    """(K, B / K, ...) -> NumPy (B, ...), rows in order."""
    return jax.tree.map(lambda value: value.reshape(-1, *value.shape[2:]), jax.device_get(results))

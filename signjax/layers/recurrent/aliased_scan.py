"""A scan over time that overwrites its inputs with its outputs and records its states.

`jax.lax.scan` collects its outputs in new arrays, which XLA first fills with zeros and, on the CPU, copies once more.
A recurrence does not need its gate inputs after a step has turned them into activations, nor the activations after the
backward pass has turned them into gradients, and all three have the same shape.

Shapes: T frames, N = T + 1 records, then any axes.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Shaped

Arrays = tuple[Array, ...]


def frame(array: Shaped[Array, "t *rest"], at: Int[Array, ""] | int) -> Shaped[Array, "*rest"]:
    """The frame at an index. Indices that are too large give the last frame, negative ones the first."""
    return jax.lax.dynamic_index_in_dim(array, at, keepdims=False, allow_negative_indices=False)


def recorded_at(reverse: bool) -> tuple[int, int]:
    """Offsets, in the record of `scan_in_place`, from a step's frame index to the carry before it and the carry after it."""
    return (1, 0) if reverse else (0, 1)


def before_and_after(
    states: Float[Array, "n b h"], reverse: bool
) -> tuple[Float[Array, "n-1 b h"], Float[Array, "n-1 b h"]]:
    """The states before and after each step, from the record of `scan_in_place`."""
    frames = len(states) - 1
    before_at, after_at = recorded_at(reverse)
    return states[before_at : before_at + frames], states[after_at : after_at + frames]


def scan_in_place(
    step: Callable[[Any, Arrays, Int[Array, ""]], tuple[Arrays, Arrays]],
    carry: Arrays,
    overwritten: tuple[Shaped[Array, "t *_"], ...],
    recorded: Sequence[jnp.dtype] = (),
    *,
    reverse: bool,
) -> tuple[Arrays, Arrays]:
    """Runs a step on each frame in turn; meant for the forward and backward pass of a `custom_vjp`.

    Args:
      step: maps (carry, one frame of each overwritten array, frame index) to (carry, the frames to write in their place).
      carry: the initial carry; must be zeros.
      overwritten: arrays that are read and overwritten frame by frame, in place if nothing else reads them.
      recorded: the precision in which to record each part of the carry; empty to record nothing.
      reverse: whether to run from the last frame to the first.

    Returns:
      The overwritten arrays, and T + 1 frames for each recorded part. Frame t is the carry before step t and frame t + 1
      the carry after it; with `reverse` it is the other way round.
    """
    frames = overwritten[0].shape[0]
    _, made_at = recorded_at(reverse)
    records = tuple(
        jnp.zeros((frames + 1, *part.shape), dtype) for part, dtype in zip(carry, recorded, strict=bool(recorded))
    )

    def number(done: Any) -> Any:
        return frames - 1 - done if reverse else done

    def write(arrays: Arrays, values: Arrays, at: Any) -> Arrays:
        pairs = zip(arrays, values, strict=True)
        return tuple(jax.lax.dynamic_update_index_in_dim(array, value, at, 0) for array, value in pairs)

    def body(done: Any, state: tuple[Arrays, Arrays, Arrays, Arrays]) -> tuple[Arrays, Arrays, Arrays, Arrays]:
        carry, here, arrays, records = state
        at = number(done)
        carry, made = step(carry, here, at)
        arrays = write(arrays, made, at)
        kept = tuple(part.astype(record.dtype) for part, record in zip(carry, records, strict=bool(records)))
        records = write(records, kept, at + made_at)
        # The next frame must be read after this one is written; otherwise XLA would copy the whole array.
        ahead = tuple(frame(array, number(done + 1)) for array in arrays)
        return carry, ahead, arrays, records

    first = tuple(frame(array, number(0)) for array in overwritten)
    _, _, arrays, records = jax.lax.fori_loop(0, frames, body, (carry, first, overwritten, records))
    return arrays, records

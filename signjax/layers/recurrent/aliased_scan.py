"""A scan over time that writes what it makes over what it has read, and keeps its states.

`jax.lax.scan` collects its outputs in arrays of their own, which XLA fills with zeros first, and on the CPU copies once more. The
gates of a recurrence are not needed once a step has turned them into activations, nor those once the backward pass has turned
them into gradients, and all three have one shape.

Shapes: T frames, ... any.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Shaped

Arrays = tuple[Array, ...]


def frame(array: Shaped[Array, "t *rest"], at: Int[Array, ""]) -> Shaped[Array, "*rest"]:
    """The frame of a number; the last one for numbers that are too large, the first for negative ones."""
    return jax.lax.dynamic_index_in_dim(array, at, keepdims=False, allow_negative_indices=False)


def recorded_at(reverse: bool) -> tuple[int, int]:
    """How far behind its number a step finds the carry that it started from, and the one it made, in `scan_in_place`'s record."""
    return (1, 0) if reverse else (0, 1)


def before_and_after(
    states: Float[Array, "t+1 b h"], reverse: bool
) -> tuple[Float[Array, "t b h"], Float[Array, "t b h"]]:
    """The state that each step started from, and the one it ended with, from what `scan_in_place` recorded."""
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
      step: (carry, a frame of each array that is overwritten, the frame's number) to (carry, what is written there).
      carry: what the first step gets: zeros.
      overwritten: arrays that are read and written, frame by frame. XLA does so in place where nothing else reads them.
      recorded: precisions in which the parts of the carry are kept; none: they are not.
      reverse: from the last frame to the first.

    Returns:
      The arrays that were overwritten, and for each part that is recorded T + 1 frames: frame t is the carry that step t began with
      and frame t + 1 what it made of it, or the other way round in reverse.
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
        # The next frame is read after this one was written: were it the other way round, XLA would copy the whole array.
        ahead = tuple(frame(array, number(done + 1)) for array in arrays)
        return carry, ahead, arrays, records

    first = tuple(frame(array, number(0)) for array in overwritten)
    _, _, arrays, records = jax.lax.fori_loop(0, frames, body, (carry, first, overwritten, records))
    return arrays, records

"""The inputs of the network.

Shapes: B clips, T frames, F channels, P parts.
"""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from signjax.model.input_spec import InputSpec


def frame_mask(length: Int[Array, "b"], frames: int) -> Bool[Array, "b t"]:
    """True on the real frames of each clip."""
    return jnp.arange(frames)[None, :] < length[:, None]


def model_inputs(
    frames: Float[Array, "b t f"],
    length: Int[Array, "b"],
    valid: Bool[Array, "b t p"],
    spec: InputSpec,
) -> tuple[Float[Array, "b t 2*f+p"], Bool[Array, "b t"]]:
    """The inputs of the network: standardised channels, their velocity, and which parts were seen.

    All channels of a part that was not seen are 0, the mean; a velocity that would involve it is also 0. Values outside the
    plausible range, from `spec.low` to `spec.high`, are clipped to it.

    Returns:
      Inputs, zero on padding, and the mask of real frames.
    """
    mask = frame_mask(length, frames.shape[1])
    seen = valid & mask[:, :, None]
    channel_seen = _of_channels(seen, jnp.asarray(spec.layout.part_of_channel))
    mean, std, low, high = (jnp.asarray(values)[None, None, :] for values in (spec.mean, spec.std, spec.low, spec.high))
    standard = jnp.where(channel_seen, (jnp.clip(frames, low, high) - mean) / std, 0.0)
    both_seen = channel_seen[:, 1:] & channel_seen[:, :-1]
    velocity = jnp.where(both_seen, standard[:, 1:] - standard[:, :-1], 0.0)
    velocity = jnp.pad(velocity, ((0, 0), (1, 0), (0, 0)))
    return jnp.concatenate([standard, velocity, seen.astype(frames.dtype)], axis=-1), mask


def _of_channels(seen: Bool[Array, "b t p"], part_of_channel: Int[Array, "f"]) -> Bool[Array, "b t f"]:
    """seen[:, :, part_of_channel], avoiding a gather that XLA on the CPU would lay out in an order that is much slower to read."""
    of_channel = jnp.zeros((1, 1, len(part_of_channel)), bool)
    for part in range(seen.shape[2]):
        of_channel = of_channel | (seen[:, :, part, None] & (part_of_channel == part)[None, None, :])
    return of_channel

"""The inputs of the network.

Shapes: B clips, T frames, F channels, P parts.
"""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from signjax.model.input_spec import InputSpec

# Of the usual deviation within a clip; the deviation of one that hardly moves is mostly noise.
_STILL = 0.2


def frame_mask(length: Int[Array, "b"], frames: int) -> Bool[Array, "b t"]:
    """True on the real frames of each clip."""
    return jnp.arange(frames)[None, :] < length[:, None]


def model_inputs(
    frames: Float[Array, "b t f"],
    length: Int[Array, "b"],
    valid: Bool[Array, "b t p"],
    spec: InputSpec,
) -> tuple[Float[Array, "b t 4*f+p"], Bool[Array, "b t"]]:
    """What the network sees: where each channel is, how and in which form it moves, how fast, and which parts were seen.

    - Position: the value over all clips' mean and deviation.
    - Movement: the value less the mean of its own clip, over the deviation within clips. It is free of where a signer stands and of
      how they are built, which the position is full of: in skeletons a clip moves by a fifth of what lies between clips.
    - Form: the movement over the deviation within this clip plus a fifth of the usual deviation, which keeps small what hardly
      moves. It is free of how large a signer signs.
    - Velocity: the difference from the frame before, over its own root mean square.

    All are 0 in a channel whose part was not seen; a velocity that would touch such a frame is 0 too. A value outside of the
    plausible range, from `spec.low` to `spec.high`, is seen as the nearest end of it.

    Returns:
      Inputs, zero on padding, and the mask of real frames.
    """
    mask = frame_mask(length, frames.shape[1])
    seen = valid & mask[:, :, None]
    channel_seen = _of_channels(seen, jnp.asarray(spec.layout.part_of_channel))
    statistics = {name: jnp.asarray(values)[None, None, :] for name, values in spec.statistics.items()}
    # Centred on the mean of all clips before anything is added up, so that large coordinates lose no digits.
    value = jnp.where(channel_seen, jnp.clip(frames, statistics["low"], statistics["high"]) - statistics["mean"], 0.0)
    count = jnp.maximum(channel_seen.sum(1, keepdims=True), 1).astype(frames.dtype)
    movement = jnp.where(channel_seen, value - value.sum(1, keepdims=True) / count, 0.0)
    both_seen = channel_seen[:, 1:] & channel_seen[:, :-1]
    velocity = jnp.pad(jnp.where(both_seen, value[:, 1:] - value[:, :-1], 0.0), ((0, 0), (1, 0), (0, 0)))
    own = jnp.sqrt(jnp.square(movement).sum(1, keepdims=True) / count)
    scaled = (
        value / statistics["std"],
        movement / statistics["within"],
        movement / (own + _STILL * statistics["within"]),
        velocity / statistics["speed"],
    )
    return jnp.concatenate([*scaled, seen.astype(frames.dtype)], axis=-1), mask


def _of_channels(seen: Bool[Array, "b t p"], part_of_channel: Int[Array, "f"]) -> Bool[Array, "b t f"]:
    """seen[:, :, part_of_channel], avoiding a gather that XLA on the CPU would lay out in an order that is much slower to read."""
    of_channel = jnp.zeros((1, 1, len(part_of_channel)), bool)
    for part in range(seen.shape[2]):
        of_channel = of_channel | (seen[:, :, part, None] & (part_of_channel == part)[None, None, :])
    return of_channel


def sum_over_inputs(values: Float[Array, "t i"], part_of_channel: Int[Array, "f"]) -> Float[Array, "t f"]:
    """Adds up values of the inputs by channel: of its position, movement, form and velocity, and its share of the part's flag."""
    width = len(part_of_channel)
    of_numbers = values[:, : 4 * width].reshape(-1, 4, width).sum(1)
    channels = jnp.bincount(part_of_channel, length=values.shape[1] - 4 * width)
    of_flags = values[:, 4 * width :] / channels.astype(values.dtype)[None, :]
    return of_numbers + of_flags[:, part_of_channel]

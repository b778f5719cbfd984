"""The inputs of the network.

Shapes: B clips, T frames, F channels, P parts, S coordinates of bones.
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from signjax.data.geometry.bones import bones_of, directions
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
    undisturbed: Float[Array, "b t f"] | None = None,
) -> tuple[Float[Array, "b t i"], Bool[Array, "b t"]]:
    """What the network sees: where each channel is, how and in which form it moves, how fast; bones; and which parts were seen.

    - Position: the value over all clips' mean and deviation.
    - Movement: the value less the mean of its own clip, over the deviation within clips. It is free of where a signer stands and of
      how they are built, which the position is full of: in skeletons a clip moves by a fifth of what lies between clips.
    - Form: the movement over the deviation within this clip plus a fifth of the usual deviation, which keeps small what hardly
      moves. It is free of how large a signer signs.
    - Velocity: the difference from the frame before, over its own root mean square.
    - Bones: the direction of each, how it moves and how fast, scaled alike for all. They are free of how long the limbs of a signer
      are, which otherwise all points farther out depend on.

    All are 0 in a channel whose part was not seen; a velocity that would touch such a frame is 0 too. A value outside of the
    plausible range, from `spec.low` to `spec.high`, is seen as the nearest end of it.

    In training, bones are those of the `undisturbed` frames (`signjax.augment`), otherwise of the frames themselves.

    Returns:
      Inputs (4 F + 3 S + P of a frame), zero on padding, and the mask of real frames.
    """
    mask = frame_mask(length, frames.shape[1])
    seen = valid & mask[:, :, None]
    channel_seen = _of_channels(seen, jnp.asarray(spec.layout.part_of_channel))
    statistics = {name: jnp.asarray(values)[None, None, :] for name, values in spec.statistics.items()}

    def plausible(values: Array) -> Array:
        return jnp.where(channel_seen, jnp.clip(values, statistics["low"], statistics["high"]), 0.0)

    # Centred on the mean of all clips before anything is added up, so that large coordinates lose no digits.
    value = jnp.where(channel_seen, plausible(frames) - statistics["mean"], 0.0)
    movement, count = _movement(value, channel_seen)
    own = jnp.sqrt(jnp.square(movement).sum(1, keepdims=True) / count)
    scaled = [
        value / statistics["std"],
        movement / statistics["within"],
        movement / (own + _STILL * statistics["within"]),
        _velocity(value, channel_seen) / statistics["speed"],
    ]
    if spec.bones:
        of_bones = plausible(frames if undisturbed is None else undisturbed)
        bone, bone_seen = directions(of_bones, channel_seen, spec.layout)
        moved, speed = _movement(bone, bone_seen)[0], _velocity(bone, bone_seen)
        scaled += [bone, moved / spec.bones.movement, speed / spec.bones.speed]
    return jnp.concatenate([*scaled, seen.astype(frames.dtype)], axis=-1), mask


def _movement(
    value: Float[Array, "b t f"], seen: Bool[Array, "b t f"]
) -> tuple[Float[Array, "b t f"], Float[Array, "b 1 f"]]:
    """The values less their mean in the clip; and the number of frames in which they were seen, at least 1."""
    count = jnp.maximum(seen.sum(1, keepdims=True), 1).astype(value.dtype)
    return jnp.where(seen, value - value.sum(1, keepdims=True) / count, 0.0), count


def _velocity(value: Float[Array, "b t f"], seen: Bool[Array, "b t f"]) -> Float[Array, "b t f"]:
    """The differences from the frame before."""
    both = seen[:, 1:] & seen[:, :-1]
    return jnp.pad(jnp.where(both, value[:, 1:] - value[:, :-1], 0.0), ((0, 0), (1, 0), (0, 0)))


def _of_channels(seen: Bool[Array, "b t p"], part_of_channel: Int[Array, "f"]) -> Bool[Array, "b t f"]:
    """seen[:, :, part_of_channel], avoiding a gather that XLA on the CPU would lay out in an order that is much slower to read."""
    of_channel = jnp.zeros((1, 1, len(part_of_channel)), bool)
    for part in range(seen.shape[2]):
        of_channel = of_channel | (seen[:, :, part, None] & (part_of_channel == part)[None, None, :])
    return of_channel


def sum_over_inputs(values: Float[Array, "t i"], spec: InputSpec) -> Float[Array, "t f"]:
    """Adds up values of the inputs by channel: of its position, movement, form and velocity, and its shares of bones and flags."""
    layout, bones = spec.layout, bones_of(spec.layout)
    width = layout.width
    summed = values[:, : 4 * width].reshape(-1, 4, width).sum(1)
    if spec.bones:
        of_bones = values[:, 4 * width : -len(layout.parts)].reshape(-1, 3, bones.coordinates).sum(1)
        summed += of_bones @ bones.shares
    of_flags = values[:, -len(layout.parts) :] / np.bincount(layout.part_of_channel).astype(values.dtype)[None, :]
    return summed + of_flags[:, layout.part_of_channel]

"""Jitted augmentations that know the layout.

Every clip has a key of its own, so that what happens to it does not depend on the batch or the device it is in.

Shapes: B clips, T frames, F channels, P parts.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

from signjax.layers.row_noise import hashed_bernoulli, hashed_normal

# A sign is not shortened below this many frames: its movement would be gone.
_FEWEST_FRAMES = 8

ClipArrays = tuple[Float[Array, "t f"], Int[Array, ""], Bool[Array, "t p"]]


@dataclass(frozen=True)
class Augmentation:
    """What may happen to a training clip.

    Attributes:
      mirror: probability of a left/right mirror, where the layout can be mirrored.
      slowest, fastest: factors on the number of frames, drawn evenly between the two on a log scale.
      crop: largest share of a clip that is cut off, split at random between its two ends.
      posture: standard deviation of what is added to a channel for a whole clip, as another body or camera would, in standard
        deviations of the channel.
      noise: standard deviation of what is added to each value, in the same unit.
      part_dropout: probability that a part counts as not seen in the whole clip; layouts of one part are spared.
      frame_dropout: probability that a frame counts as not seen.
    """

    mirror: float
    fastest: float
    slowest: float
    crop: float
    posture: float
    noise: float
    part_dropout: float
    frame_dropout: float


def resample(
    clip: ClipArrays, start: Float[Array, ""], share: Float[Array, ""], factor: Float[Array, ""]
) -> ClipArrays:
    """Takes the `share` of a clip that begins at `start` (0 to 1) and plays it in `factor` times as many frames.

    The nearest frame is taken, never a mean of two: rotation vectors cannot be averaged across the turn at pi.
    """
    frames, length, valid = clip
    last = jnp.maximum(length - 1, 0).astype(jnp.float32)
    wanted = jnp.round(share * factor * length).astype(jnp.int32)
    new_length = jnp.clip(wanted, jnp.minimum(_FEWEST_FRAMES, length), frames.shape[0])
    step = share * last / jnp.maximum(new_length - 1, 1)
    source = jnp.round(start * last + step * jnp.arange(frames.shape[0])).astype(jnp.int32)
    source = jnp.clip(source, 0, jnp.maximum(length - 1, 0))
    real = jnp.arange(frames.shape[0]) < new_length
    return jnp.where(real[:, None], frames[source], 0.0), new_length, valid[source] & real[:, None]


def augment_clip(
    clip: ClipArrays,
    key: Key[Array, ""],
    settings: Augmentation,
    mirror: tuple[np.ndarray, np.ndarray, np.ndarray] | None,
    std: Float[Array, "f"],
) -> ClipArrays:
    """One augmented clip; padding stays zero."""
    keys = jax.random.split(key, 8)
    share = 1.0 - settings.crop * jax.random.uniform(keys[0])
    start = (1.0 - share) * jax.random.uniform(keys[1])
    log_factor = jax.random.uniform(keys[2], minval=np.log(settings.fastest), maxval=np.log(settings.slowest))
    frames, length, valid = resample(clip, start, share, jnp.exp(log_factor))
    if mirror is not None and settings.mirror > 0:
        channel, sign, part = mirror
        flip = jax.random.bernoulli(keys[3], settings.mirror)
        frames = jnp.where(flip, frames[:, channel] * sign[None, :], frames)
        valid = jnp.where(flip, valid[:, part], valid)
    real = (jnp.arange(frames.shape[0]) < length)[:, None]
    posture = settings.posture * hashed_normal(keys[7], (1, frames.shape[1]))
    noise = settings.noise * hashed_normal(keys[4], frames.shape)
    frames = jnp.where(real, frames + std[None, :] * (posture + noise), 0.0)
    if valid.shape[1] > 1:
        valid &= ~hashed_bernoulli(keys[5], settings.part_dropout, (1, valid.shape[1]))
    return frames, length, valid & ~hashed_bernoulli(keys[6], settings.frame_dropout, (frames.shape[0], 1))


def augment(
    frames: Float[Array, "b t f"],
    length: Int[Array, "b"],
    valid: Bool[Array, "b t p"],
    keys: Key[Array, "b"],
    settings: Augmentation,
    mirror: tuple[np.ndarray, np.ndarray, np.ndarray] | None,
    std: Float[Array, "f"],
) -> tuple[Float[Array, "b t f"], Int[Array, "b"], Bool[Array, "b t p"]]:
    """Augments each clip of a batch with its own key."""
    return jax.vmap(lambda clip, key: augment_clip(clip, key, settings, mirror, std))((frames, length, valid), keys)

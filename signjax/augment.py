"""Jitted augmentations that know the layout.

Every clip has its own key, so that its augmentation does not depend on its batch or device. Which of its frames are used, and how
fast they are played, is decided earlier: see `signjax.data.batching.excerpts`.

Shapes: B clips, T frames, F channels, P parts.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

from signjax.plans.augmentation import Augmentation
from signjax.rng.per_clip import hashed_bernoulli, hashed_normal

ClipArrays = tuple[Float[Array, "t f"], Int[Array, ""], Bool[Array, "t p"]]


def augment_clip(
    clip: ClipArrays,
    key: Key[Array, ""],
    settings: Augmentation,
    mirror: tuple[np.ndarray, np.ndarray, np.ndarray] | None,
    std: Float[Array, "f"],
) -> ClipArrays:
    """One augmented clip; padding stays zero."""
    frames, length, valid = clip
    keys = jax.random.split(key, 5)
    if mirror is not None and settings.mirror > 0:
        channel, sign, part = mirror
        flip = jax.random.bernoulli(keys[0], settings.mirror)
        frames = jnp.where(flip, frames[:, channel] * sign[None, :], frames)
        valid = jnp.where(flip, valid[:, part], valid)
    if settings.posture > 0 or settings.noise > 0:
        real = (jnp.arange(frames.shape[0]) < length)[:, None]
        posture = settings.posture * hashed_normal(keys[1], (1, frames.shape[1]))
        noise = settings.noise * hashed_normal(keys[2], frames.shape)
        frames = jnp.where(real, frames + std[None, :] * (posture + noise), 0.0)
    if settings.part_dropout > 0 and valid.shape[1] > 1:
        valid &= ~hashed_bernoulli(keys[3], settings.part_dropout, (1, valid.shape[1]))
    if settings.frame_dropout > 0:
        valid &= ~hashed_bernoulli(keys[4], settings.frame_dropout, (frames.shape[0], 1))
    return frames, length, valid


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

"""Jitted augmentations that know the layout.

Every clip has its own key, so that its augmentation does not depend on its batch or device. Which of its frames are used, and how
fast they are played, is decided earlier: see `signjax.data.batching.excerpts`.

Shapes: B clips, T frames, F channels, P parts.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

from signjax.data.batching.excerpts import WARPING_SINES, ahead
from signjax.data.layout.parts import COORDINATES, Layout
from signjax.plans.augmentation import Augmentation
from signjax.rng.per_clip import hashed_bernoulli, hashed_normal

ClipArrays = tuple[Float[Array, "t f"], Int[Array, ""], Bool[Array, "t p"]]

# What is drawn for a clip. A name's place is the number of its stream, so new names come last.
_DRAWS = ("mirror", "posture", "noise", "part_dropout", "frame_dropout", "rotation", "scale", "stretch", "warp")


class Channels(NamedTuple):
    """What augmentation must know of the channels.

    Attributes:
      layout: their layout.
      std, within: float32 (F,), as in `InputSpec`.
      centred: whether coordinates are relative to the body, so that they can be mirrored and turned about it.
    """

    layout: Layout
    std: np.ndarray
    within: np.ndarray
    centred: bool


class Augmented(NamedTuple):
    """An augmented clip, or a batch of them with B first.

    Attributes:
      frames: float32 (T, F); padding stays zero.
      length: int (), real frames.
      valid: bool (T, P), which parts are seen.
      undisturbed: float32 (T, F), frames whose coordinates no `stretch`, `posture` or `noise` has changed. These change each
        channel independently, which tears the ends of a bone apart: a finger may be shorter than they are large.
    """

    frames: Any
    length: Any
    valid: Any
    undisturbed: Any


def augment_clip(clip: ClipArrays, key: Key[Array, ""], settings: Augmentation, channels: Channels) -> Augmented:
    """One augmented clip."""
    frames, length, valid = clip
    keys = dict(zip(_DRAWS, jax.random.split(key, len(_DRAWS)), strict=True))
    layout = channels.layout
    if _on(settings.warp):
        frames, valid = _warped(clip, settings.warp * hashed_normal(keys["warp"], (WARPING_SINES,)))
    if _on(settings.mirror) and layout.can_mirror(centred=channels.centred):
        channel, sign, part = layout.mirror
        flip = jax.random.bernoulli(keys["mirror"], settings.mirror)
        frames = jnp.where(flip, frames[:, channel] * sign[None, :], frames)
        valid = jnp.where(flip, valid[:, part], valid)
    if channels.centred and _has_coordinates(layout):
        matrix = jnp.eye(3)
        if _on(settings.rotation) or _on(settings.turn):
            spread = jnp.array([settings.rotation, settings.turn, settings.rotation])
            matrix = _rotation(spread * hashed_normal(keys["rotation"], (3,)))
        if _on(settings.scale):
            matrix *= jnp.exp(settings.scale * hashed_normal(keys["scale"], (1,)))[0]
        if _on(settings.rotation) or _on(settings.turn) or _on(settings.scale):
            frames = _turned(frames, matrix, layout)
    real, undisturbed = (jnp.arange(frames.shape[0]) < length)[:, None], frames
    if _on(settings.stretch):
        counted = real & valid[:, layout.part_of_channel]
        count = jnp.maximum(counted.sum(0, keepdims=True), 1).astype(frames.dtype)
        mean = jnp.where(counted, frames, 0.0).sum(0, keepdims=True) / count
        factor = jnp.exp(settings.stretch * hashed_normal(keys["stretch"], (1, frames.shape[1])))
        frames = jnp.where(real, mean + factor * (frames - mean), 0.0)
    if _on(settings.posture) or _on(settings.noise):
        posture = settings.posture * channels.std[None, :] * hashed_normal(keys["posture"], (1, frames.shape[1]))
        noise = settings.noise * channels.within[None, :] * hashed_normal(keys["noise"], frames.shape)
        frames = jnp.where(real, frames + posture + noise, 0.0)
    undisturbed = jnp.where(jnp.asarray(_coordinates(layout))[None, :], undisturbed, frames)
    if _on(settings.part_dropout) and valid.shape[1] > 1:
        valid &= ~hashed_bernoulli(keys["part_dropout"], settings.part_dropout, (1, valid.shape[1]))
    if _on(settings.frame_dropout):
        valid &= ~hashed_bernoulli(keys["frame_dropout"], settings.frame_dropout, (frames.shape[0], 1))
    return Augmented(frames, length, valid, undisturbed)


def _on(strength: Any) -> bool:
    """Whether a change is in the program: not if its strength is the number 0, which an argument of the program never is."""
    return not isinstance(strength, int | float) or strength > 0


def _warped(clip: ClipArrays, speeds: Float[Array, "3"]) -> tuple[Float[Array, "t f"], Bool[Array, "t p"]]:
    """Frames and validity of a clip that is faster in one place and slower in another, by these parts of its usual speed.

    Nearest frames, never a mean of two: rotation vectors cannot be averaged across the turn at pi.
    """
    frames, length, valid = clip
    last = jnp.maximum(length - 1, 1).astype(jnp.float32)
    usual = jnp.arange(frames.shape[0]).astype(jnp.float32) / last
    place = usual + ahead(usual, speeds[:, None])[:, 0]
    source = jnp.round(jnp.clip(place, 0.0, 1.0) * last).astype(jnp.int32)
    real = (jnp.arange(frames.shape[0]) < length)[:, None]
    return jnp.where(real, frames[source], frames), jnp.where(real, valid[source], valid)


def _coordinates(layout: Layout) -> np.ndarray:
    """bool (F,), which channels are coordinates of points."""
    return np.array([part.kind in COORDINATES for part in layout.parts])[layout.part_of_channel]


def _has_coordinates(layout: Layout) -> bool:
    return bool(_coordinates(layout).any())


def _rotation(degrees: Float[Array, "3"]) -> Float[Array, "3 3"]:
    """Turns about x, then y, then z by these angles."""
    (cx, cy, cz), (sx, sy, sz) = jnp.cos(jnp.deg2rad(degrees)), jnp.sin(jnp.deg2rad(degrees))
    return jnp.stack(
        [
            jnp.stack([cy * cz, sx * sy * cz - cx * sz, cx * sy * cz + sx * sz]),
            jnp.stack([cy * sz, sx * sy * sz + cx * cz, cx * sy * sz - sx * cz]),
            jnp.stack([-sy, sx * cy, cx * cy]),
        ]
    )


def _turned(frames: Float[Array, "t f"], matrix: Float[Array, "3 3"], layout: Layout) -> Float[Array, "t f"]:
    """Every point, taken as a vector from its origin, multiplied by the matrix; a point in the plane by its x and y alone.

    The points of the body turn about its centre, those of a hand that are relative to the wrist about the wrist.
    """
    turned = []
    for part, channels in layout.runs():
        values, size = frames[:, channels], part.channels_per_point
        if part.kind in COORDINATES:
            points = values.reshape(len(values), part.points, size)
            values = jnp.einsum("tpk,ik->tpi", points, matrix[:size, :size]).reshape(values.shape)
        turned.append(values)
    return jnp.concatenate(turned, axis=1)


def augment(
    frames: Float[Array, "b t f"],
    length: Int[Array, "b"],
    valid: Bool[Array, "b t p"],
    keys: Key[Array, "b"],
    settings: Augmentation,
    channels: Channels,
) -> Augmented:
    """Augments each clip of a batch with its own key."""
    return jax.vmap(lambda clip, key: augment_clip(clip, key, settings, channels))((frames, length, valid), keys)

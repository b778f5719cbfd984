"""Batch norm over real frames, across all devices that share a batch, with its own backward pass.

Every collective makes devices wait for one another, so there is one in each direction: the forward pass gathers counts,
means and sums of squared deviations; the backward pass adds up two sums of gradients.

Shapes: B clips, T frames, D features, K devices. A mask is True on real frames.
"""

from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from signjax.layers.precision import carried

_EPSILON = 1e-5


def masked(x: Float[Array, "b t d"], mask: Bool[Array, "b t"]) -> Float[Array, "b t d"]:
    """`x` on real frames, zero on padding."""
    return jnp.where(mask[:, :, None], x, jnp.zeros_like(x))


def masked_moments(
    x: Float[Array, "b t d"], mask: Bool[Array, "b t"], axis_name: str | None
) -> tuple[Float[Array, "d"], Float[Array, "d"], Float[Array, ""]]:
    """Computes mean and variance of each feature over the real frames of all clips, and the number of these frames.

    The statistics cover all devices of `axis_name`, which hold different numbers of real frames. They are computed in
    at least float32.

    Source: Chan et al. (1979), for combining the variances of parts with different means.
    """
    x = x.astype(carried(x.dtype))
    count = mask.sum().astype(x.dtype)
    mean = masked(x, mask).sum((0, 1)) / jnp.maximum(count, 1.0)
    spread = jnp.square(masked(x - mean[None, None, :], mask)).sum((0, 1))
    if axis_name is None:
        return mean, spread / jnp.maximum(count, 1.0), count
    parts = jax.lax.all_gather(jnp.concatenate([mean, spread, count[None]]), axis_name)
    means, spreads, counts = jnp.split(parts, (len(mean), 2 * len(mean)), axis=1)
    count = counts.sum()
    mean = (counts * means).sum(0) / jnp.maximum(count, 1.0)
    spread = (spreads + counts * jnp.square(means - mean[None])).sum(0)
    return mean, spread / jnp.maximum(count, 1.0), count


@partial(jax.custom_vjp, nondiff_argnums=(4,))
def batch_norm(
    x: Float[Array, "b t d"],
    mask: Bool[Array, "b t"],
    scale: Float[Array, "d"],
    bias: Float[Array, "d"],
    axis_name: str | None,
) -> tuple[Float[Array, "b t d"], Float[Array, "d"], Float[Array, "d"]]:
    """Normalises each feature over the real frames of the batch; zero on padding.

    Returns:
      The normalised features, and the batch's mean and variance, which have no gradient.
    """
    return _forward(x, mask, scale, bias, axis_name)[0]


def _forward(x: Array, mask: Array, scale: Array, bias: Array, axis_name: str | None) -> tuple[Any, Any]:
    mean, variance, count = masked_moments(x, mask, axis_name)
    normal = normalised(x, mask, mean, variance, scale, bias)
    return (normal, mean, variance), (x, mask, scale, mean, variance, count)


def _backward(axis_name: str | None, kept: Any, cotangents: Any) -> tuple[Array, None, Array, Array]:
    x, mask, scale, mean, variance, count = kept
    inverse = jax.lax.rsqrt(variance + _EPSILON)
    centred = x.astype(carried(x.dtype)) - mean[None, None, :]
    # XLA computes a product of two large arrays once, but fuses an operation on a single large array into every consumer,
    # recomputing everything before it. So the gradient is multiplied by a large array first and ends in a difference of
    # large arrays. A factor that is only broadcast would not count as large, so it is masked, although the gradient
    # already is.
    factor = masked(jnp.broadcast_to(inverse[None, None, :], x.shape), mask)
    d_centred = masked(cotangents[0].astype(centred.dtype), mask) * factor
    d_bias, d_scale = d_centred.sum((0, 1)) / inverse, (d_centred * centred).sum((0, 1))
    # The input gradient needs the sums over all devices. d_scale and d_bias stay local: they are added up over devices
    # together with the gradients of all other weights.
    sums = jnp.stack([d_bias, d_scale])
    sums = (sums if axis_name is None else jax.lax.psum(sums, axis_name)) / jnp.maximum(count, 1.0)
    gain = scale * inverse
    shared = centred * (sums[1] * inverse * gain)[None, None, :] + (sums[0] * gain)[None, None, :]
    d_x = d_centred * scale[None, None, :] - masked(shared, mask)
    return d_x.astype(x.dtype), None, d_scale, d_bias


batch_norm.defvjp(_forward, _backward)


def normalised(
    x: Float[Array, "b t d"],
    mask: Bool[Array, "b t"],
    mean: Float[Array, "d"],
    variance: Float[Array, "d"],
    scale: Float[Array, "d"],
    bias: Float[Array, "d"],
) -> Float[Array, "b t d"]:
    """Normalises `x` by a given mean and variance; zero on padding."""
    gain = scale * jax.lax.rsqrt(variance + _EPSILON)
    normal = x.astype(carried(x.dtype)) * gain[None, None, :] + (bias - mean * gain)[None, None, :]
    return masked(normal.astype(x.dtype), mask)


class MaskedBatchNorm(nn.Module):
    """Batch norm whose statistics count real frames only.

    Attributes:
      axis_name: the mapped axis over which devices share a batch; None on a single device.
      momentum: fraction of the running statistics that a training step keeps.

    Source: Ioffe & Szegedy (2015).
    """

    axis_name: str | None = None
    momentum: float = 0.9

    @nn.compact
    def __call__(self, x: Float[Array, "b t d"], mask: Bool[Array, "b t"], *, training: bool) -> Float[Array, "b t d"]:
        """Normalises by the batch statistics in training, by the running statistics otherwise; zeros on padding."""
        features = x.shape[-1]
        scale = self.param("scale", nn.initializers.ones, (features,))
        bias = self.param("bias", nn.initializers.zeros, (features,))
        running_mean = self.variable("batch_stats", "mean", jnp.zeros, (features,))
        running_variance = self.variable("batch_stats", "variance", jnp.ones, (features,))
        if not training or self.is_initializing():
            return normalised(x, mask, running_mean.value, running_variance.value, scale, bias)
        normal, mean, variance = batch_norm(x, mask, scale, bias, self.axis_name)
        running_mean.value = self.momentum * running_mean.value + (1 - self.momentum) * mean
        running_variance.value = self.momentum * running_variance.value + (1 - self.momentum) * variance
        return normal

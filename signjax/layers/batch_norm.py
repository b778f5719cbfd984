"""Batch norm over real frames, across all devices that share a batch.

Every collective makes devices wait for one another, so there is one, of counts, means and sums of squared deviations at once; its
gradient is one as well.

Shapes: B clips, T frames, D features, K devices. A mask is True on real frames.
"""

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
) -> tuple[Float[Array, "d"], Float[Array, "d"]]:
    """Computes mean and variance of each feature over the real frames of all clips.

    The statistics cover all devices of `axis_name`, which hold different numbers of real frames. They are computed in
    at least float32.

    Source: Chan et al. (1979), for combining the variances of parts with different means.
    """
    x = x.astype(carried(x.dtype))
    count = mask.sum().astype(x.dtype)
    mean = masked(x, mask).sum((0, 1)) / jnp.maximum(count, 1.0)
    spread = jnp.square(masked(x - mean[None, None, :], mask)).sum((0, 1))
    if axis_name is None:
        return mean, spread / jnp.maximum(count, 1.0)
    parts = jax.lax.all_gather(jnp.concatenate([mean, spread, count[None]]), axis_name)
    means, spreads, counts = jnp.split(parts, (len(mean), 2 * len(mean)), axis=1)
    count = counts.sum()
    mean = (counts * means).sum(0) / jnp.maximum(count, 1.0)
    spread = (spreads + counts * jnp.square(means - mean[None])).sum(0)
    return mean, spread / jnp.maximum(count, 1.0)


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
        mean, variance = masked_moments(x, mask, self.axis_name)
        normal = normalised(x, mask, mean, variance, scale, bias)
        mean, variance = jax.lax.stop_gradient((mean, variance))
        running_mean.value = self.momentum * running_mean.value + (1 - self.momentum) * mean
        running_variance.value = self.momentum * running_variance.value + (1 - self.momentum) * variance
        return normal

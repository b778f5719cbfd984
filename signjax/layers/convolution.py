"""Masked 1-D convolutions in residual blocks.

Shapes: B clips, T frames, D features in, F filters, K frames of a filter. A mask is True on real frames. Every layer here returns
zeros elsewhere, so padding cannot reach a real frame through a kernel that overlaps the end of a clip.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from signjax.layers.batch_norm import MaskedBatchNorm, masked
from signjax.layers.dropout import Dropout
from signjax.layers.linear import Projection


def convolve(x: Float[Array, "b t d"], kernel: Float[Array, "k d f"]) -> Float[Array, "b t f"]:
    """A convolution over time, as many frames out as in.

    On a CPU the backward pass is written out here, with the same results. XLA (jax 0.10.2) brings convolutions into the form of its
    fast routine only outside loops; in a loop, such as over members or over parts of a batch, the gradients that jax derives
    took about ten times as long.
    """
    return _convolve_on_cpu(x, kernel) if jax.default_backend() == "cpu" else _convolution(x, kernel)


def _convolution(x: Array, kernel: Array, padding: tuple[int, int] | None = None) -> Array:
    """In the form of XLA's fast routine: (B, T, D) and (K, D, F) -> (B, T, F). By default, T stays the same."""
    window = kernel.shape[0]
    around = ((window - 1) // 2, window // 2) if padding is None else padding
    return jax.lax.conv_general_dilated(x, kernel, (1,), [around], dimension_numbers=("NHC", "HIO", "NHC"))


@jax.custom_vjp
def _convolve_on_cpu(x: Array, kernel: Array) -> Array:
    return _convolution(x, kernel)


def _forward(x: Array, kernel: Array) -> tuple[Array, tuple[Array, Array]]:
    return _convolution(x, kernel), (x, kernel)


def _backward(kept: tuple[Array, Array], d_y: Array) -> tuple[Array, Array]:
    x, kernel = kept
    before, after = (kernel.shape[0] - 1) // 2, kernel.shape[0] // 2
    d_x = _convolution(d_y, kernel[::-1].swapaxes(1, 2), (after, before))
    # The features of x take the place of clips, its clips that of features, and d_y is a kernel as long as the clips.
    d_kernel = _convolution(x.swapaxes(0, 2), d_y.swapaxes(0, 1), (before, after))
    return d_x, d_kernel.swapaxes(0, 1)


_convolve_on_cpu.defvjp(_forward, _backward)


class Convolution(nn.Module):
    """`flax.linen.Conv` over frames, without a bias, with the same parameters and results.

    Attributes:
      filters: number of features F out.
      window: width K of a filter in frames.
      dtype: precision of the products; None uses that of inputs and weights.
    """

    filters: int
    window: int
    dtype: jnp.dtype | None = None

    @nn.compact
    def __call__(self, x: Float[Array, "b t d"]) -> Float[Array, "b t {self.filters}"]:
        """Convolves the frames of each clip; beyond its ends there are zeros."""
        shape = (self.window, x.shape[-1], self.filters)
        kernel = self.param("kernel", nn.initializers.lecun_normal(), shape)
        dtype = jnp.promote_types(x.dtype, kernel.dtype) if self.dtype is None else self.dtype
        return convolve(x.astype(dtype), kernel.astype(dtype))


class ResidualBlock(nn.Module):
    """Convolution, batch norm, GELU and dropout, beside a skip connection.

    Attributes:
      filters: number of features F out.
      kernel: width of a filter in frames; odd.
      dropout: dropout rate.
      axis_name: as in `MaskedBatchNorm`.
      dtype: precision of the products; None uses that of inputs and weights.

    Source: He et al. (2016), in one dimension.
    """

    filters: int
    kernel: int
    dropout: float
    axis_name: str | None = None
    dtype: jnp.dtype | None = None

    @nn.compact
    def __call__(
        self, x: Float[Array, "b t d"], mask: Bool[Array, "b t"], row: Int[Array, "b"], *, training: bool
    ) -> Float[Array, "b t {self.filters}"]:
        """`x` must be zero on padding; so is the result."""
        y = Convolution(self.filters, self.kernel, self.dtype, name="convolution")(x)
        y = nn.gelu(MaskedBatchNorm(self.axis_name, name="norm")(y, mask, training=training))
        y = Dropout(self.dropout)(y, row, training=training)
        if x.shape[-1] == self.filters:
            return x + y
        return Projection(self.filters, use_bias=False, dtype=self.dtype, name="skip")(x) + y


def halve_mask(mask: Bool[Array, "b t"]) -> Bool[Array, "b t2"]:
    """The mask after `halve_time`: a frame is real if either frame of its pair was."""
    return mask[:, ::2] | jnp.pad(mask[:, 1::2], ((0, 0), (0, mask.shape[1] % 2)))


def halve_time(x: Float[Array, "b t d"], mask: Bool[Array, "b t"]) -> Float[Array, "b t2 d"]:
    """Averages pairs of frames, counting only real frames; returns ceil(T / 2) frames, zeros on padding."""
    padding = ((0, 0), (0, x.shape[1] % 2))
    pairs = jnp.pad(masked(x, mask), (*padding, (0, 0))).reshape(x.shape[0], -1, 2, x.shape[2])
    count = jnp.pad(mask, padding).reshape(x.shape[0], -1, 2).sum(2).astype(x.dtype)
    return pairs.sum(2) / jnp.maximum(count, 1.0)[:, :, None]

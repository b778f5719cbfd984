"""A linear layer over the features of each frame, with its own backward pass.

The weight gradient is one product over all frames of all clips. In the form jax derives, the transpose of the forward
product, XLA on the CPU uses a routine that takes several times as long. With the input features as the rows of the
result, it uses the usual one.

Shapes: B clips, T frames, D features in, F features out. Frames or clips may come first.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from signjax.layers.precision import carried


@jax.custom_vjp
def project(x: Float[Array, "b t d"], kernel: Float[Array, "d f"]) -> Float[Array, "b t f"]:
    """Computes x @ kernel, both in the same precision. The kernel's gradient is accumulated in at least float32."""
    return jnp.matmul(x, kernel)


def _forward(x: Array, kernel: Array) -> tuple[Array, tuple[Array, Array]]:
    return jnp.matmul(x, kernel), (x, kernel)


def _backward(kept: tuple[Array, Array], d_y: Array) -> tuple[Array, Array]:
    x, kernel = kept
    d_x = jnp.einsum("btf,df->btd", d_y, kernel)
    return d_x, product_over_frames(x, d_y).astype(kernel.dtype)


def product_over_frames(x: Float[Array, "b t d"], d_y: Float[Array, "b t f"]) -> Float[Array, "d f"]:
    """Computes a weight gradient from the input and the output gradient, accumulated in at least float32.

    XLA transposes the factor that provides the rows, and recomputes everything fused into it, so the smaller factor
    provides them. `einsum` contracts axes in alphabetical order: if the first axis did not have the first letter, both
    arrays would be transposed.
    """
    wide = carried(x.dtype)
    if x.shape[-1] <= d_y.shape[-1]:
        return jnp.einsum("btd,btf->df", x, d_y, preferred_element_type=wide)
    # Halving and doubling are exact. Without them XLA would simplify the transposed product and transpose `x` after all.
    return (2.0 * jnp.einsum("btf,btd->fd", 0.5 * d_y, x, preferred_element_type=wide)).T


project.defvjp(_forward, _backward)


class Projection(nn.Module):
    """`flax.linen.Dense` over frames, with the same parameters and results.

    Attributes:
      features: number of features F out.
      use_bias: whether to add a bias to each feature.
      dtype: precision of the product; None uses that of inputs and weights.
    """

    features: int
    use_bias: bool = True
    dtype: jnp.dtype | None = None

    @nn.compact
    def __call__(self, x: Float[Array, "b t d"]) -> Float[Array, "b t f"]:
        """Multiplies the features of each frame by the kernel and adds the bias."""
        kernel = self.param("kernel", nn.initializers.lecun_normal(), (x.shape[-1], self.features))
        dtype = jnp.promote_types(x.dtype, kernel.dtype) if self.dtype is None else self.dtype
        y = project(x.astype(dtype), kernel.astype(dtype))
        if not self.use_bias:
            return y
        return y + self.param("bias", nn.initializers.zeros, (self.features,)).astype(dtype)[None, None, :]

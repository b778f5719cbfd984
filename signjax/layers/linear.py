"""A linear layer over the features of each frame, with a backward pass of its own.

The gradient of the weights is one product over all frames of all clips. Written as the transpose of the forward product, as
jax derives it, XLA hands it to a routine on the CPU that took several times as long.
Written with the features of the input as the rows of the result it takes the usual one.

Shapes: B clips, T frames, D features in, F features out; frames or clips may come first.
"""

from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from signjax.layers.precision import carried


@jax.custom_vjp
def project(x: Float[Array, "b t d"], kernel: Float[Array, "d f"]) -> Float[Array, "b t f"]:
    """x @ kernel, both in one precision; the gradient of the kernel is added up in at least float32."""
    return jnp.matmul(x, kernel)


def _forward(x: Array, kernel: Array) -> tuple[Array, tuple[Array, Array]]:
    return jnp.matmul(x, kernel), (x, kernel)


def _backward(kept: tuple[Array, Array], d_y: Array) -> tuple[Array, Array]:
    x, kernel = kept
    d_x = jnp.einsum("btf,df->btd", d_y, kernel)
    return d_x, product_over_frames(x, d_y).astype(kernel.dtype)


def product_over_frames(x: Float[Array, "b t d"], d_y: Float[Array, "b t f"]) -> Float[Array, "d f"]:
    """The gradient of weights from what they were given and what came back, added up in at least float32.

    XLA turns the factor that gives the rows, and with it all that made it: the smaller shall do. `einsum` adds up axes in
    the order of their letters: were the first axis not the first letter, it would bring both arrays into another order.
    """
    wide = carried(x.dtype)
    if x.shape[-1] <= d_y.shape[-1]:
        return jnp.einsum("btd,btf->df", x, d_y, preferred_element_type=wide)
    # Halving and doubling are exact. Without them XLA would see that a product is turned, and turn `x` after all.
    return (2.0 * jnp.einsum("btf,btd->fd", 0.5 * d_y, x, preferred_element_type=wide)).T


project.defvjp(_forward, _backward)


class Projection(nn.Module):
    """`flax.linen.Dense` over frames: same parameters, same results.

    Attributes:
      features: F.
      use_bias: whether something is added to each feature.
      dtype: precision of the product; None: that of inputs and weights.
      bias_init: initial biases.
    """

    features: int
    use_bias: bool = True
    dtype: jnp.dtype | None = None
    bias_init: Callable[..., Array] = nn.initializers.zeros

    @nn.compact
    def __call__(self, x: Float[Array, "b t d"]) -> Float[Array, "b t f"]:
        """Each frame's features times the kernel, plus the bias."""
        kernel = self.param("kernel", nn.initializers.lecun_normal(), (x.shape[-1], self.features))
        dtype = jnp.promote_types(x.dtype, kernel.dtype) if self.dtype is None else self.dtype
        y = project(x.astype(dtype), kernel.astype(dtype))
        if not self.use_bias:
            return y
        return y + self.param("bias", self.bias_init, (self.features,)).astype(dtype)[None, None, :]

"""An LSTM over time, with its own backward pass.

Differentiating a scan accumulates the gradient of the recurrent weights step by step. Here the backward scan yields only
the gradients of the gates; a single matrix product over all steps then gives the weight gradient.

Shapes: T frames, B clips, H hidden units, GH gate inputs (4 H).
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from signjax.layers.linear import product_over_frames
from signjax.layers.precision import carried
from signjax.layers.recurrent.aliased_scan import (
    Arrays,
    before_and_after,
    frame,
    recorded_at,
    scan_in_place,
)


def sigmoid(x: Float[Array, "*any"]) -> Float[Array, "*any"]:
    """The logistic function, computed with tanh, which is cheaper than a division on every device."""
    return 0.5 * jnp.tanh(0.5 * x) + 0.5


def step_mask(mask: Bool[Array, "t b"], precision: jnp.dtype) -> Float[Array, "t b 1"]:
    """1 on real frames, 0 on padding, in the form a scan reads."""
    return mask.astype(carried(precision))[:, :, None]


def recurrent_product(hidden: Float[Array, "b h"], kernel: Float[Array, "h g"]) -> Float[Array, "b g"]:
    """Computes hidden @ kernel in the kernel's precision, accumulated in at least float32."""
    return jnp.matmul(hidden.astype(kernel.dtype), kernel, preferred_element_type=carried(kernel.dtype))


def lstm_update(
    contribution: Float[Array, "b gh"], cell: Float[Array, "b h"], real: Float[Array, "b 1"]
) -> tuple[Float[Array, "b h"], Float[Array, "b h"], Float[Array, "b 4*h"]]:
    """Runs one step from the gate inputs; returns new cell and hidden state (zero on padding) and the activations."""
    i, f, g, o = jnp.split(contribution, 4, axis=-1)
    i, f, g, o = sigmoid(i), sigmoid(f), jnp.tanh(g), sigmoid(o)
    new_cell = (f * cell + i * g) * real
    # The cell is zero on padding, so the hidden state is too.
    return new_cell, o * jnp.tanh(new_cell), jnp.concatenate([i, f, g, o], axis=-1)


def lstm_scan(
    gates: Float[Array, "t b gh"],
    kernel: Float[Array, "h gh"],
    bias: Float[Array, "gh"],
    mask: Bool[Array, "t b"],
    *,
    reverse: bool,
) -> Float[Array, "t b h"]:
    """Runs an LSTM over time from a zero state.

    The state is zero on padding. A reversed scan therefore reaches a clip's last real frame with a zero state, and the
    backward direction starts at the end of each clip without reversing any array.

    Args:
      gates: input contributions x W for input, forget, cell and output gate, in that order. Their precision is also
        that of the products and of what is kept for the backward pass; the states are carried in at least float32.
      kernel: recurrent weights.
      bias: biases of the four gates.
      mask: True on real frames, which come first in each clip.
      reverse: whether to run from the last frame to the first.

    Returns:
      The hidden states, in the precision of `gates`; zeros on padding.

    Source: Hochreiter & Schmidhuber (1997), with the forget gate of Gers et al. (2000).
    """
    return _lstm(gates, kernel, bias, step_mask(mask, gates.dtype), reverse)


@partial(jax.custom_vjp, nondiff_argnums=(4,))
def _lstm(gates: Array, kernel: Array, bias: Array, real: Array, reverse: bool) -> Array:
    return _forward(gates, kernel, bias, real, reverse)[0]


def _forward(gates: Array, kernel: Array, bias: Array, real: Array, reverse: bool) -> tuple[Array, Any]:
    precision, wide = gates.dtype, carried(gates.dtype)
    cast, biases = kernel.astype(precision), bias[None].astype(wide)

    def step(carry: Arrays, here: Arrays, at: Array) -> tuple[Arrays, Arrays]:
        hidden, cell = carry
        contribution = here[0].astype(wide) + recurrent_product(hidden, cast) + biases
        cell, hidden, activations = lstm_update(contribution, cell, frame(real, at))
        return (hidden, cell), (activations.astype(precision),)

    zero = jnp.zeros((gates.shape[1], kernel.shape[0]), wide)
    (activations,), records = scan_in_place(step, (zero, zero), (gates,), (precision, wide), reverse=reverse)
    _, hiddens = before_and_after(records[0], reverse)
    return hiddens, (*records, activations, kernel, real)


def _backward(reverse: bool, kept: Any, d_hiddens: Array) -> tuple[Array, Array, Array, None]:
    hiddens, cells, activations, kernel, real = kept
    precision, wide = hiddens.dtype, cells.dtype
    transposed = kernel.T.astype(precision)
    before_at, after_at = recorded_at(reverse)

    def step(carry: Arrays, here: Arrays, at: Array) -> tuple[Arrays, Arrays]:
        d_hidden, d_cell = carry
        before, squashed = frame(cells, at + before_at), jnp.tanh(frame(cells, at + after_at))
        is_real = frame(real, at)
        i, f, g, o = jnp.split(here[0].astype(wide), 4, axis=-1)
        d_hidden = (d_hidden + frame(d_hiddens, at).astype(wide)) * is_real
        d_cell = d_cell * is_real + d_hidden * o * (1.0 - squashed * squashed)
        d_gates = jnp.concatenate(
            [
                d_cell * g * i * (1.0 - i),
                d_cell * before * f * (1.0 - f),
                d_cell * i * (1.0 - g * g),
                d_hidden * squashed * o * (1.0 - o),
            ],
            axis=-1,
        ).astype(precision)
        d_before = jnp.matmul(d_gates, transposed, preferred_element_type=wide)
        return (d_before, d_cell * f), (d_gates,)

    zero = jnp.zeros_like(cells[0])
    (d_gates,), _ = scan_in_place(step, (zero, zero), (activations,), reverse=not reverse)
    d_kernel = product_over_frames(before_and_after(hiddens, reverse)[0], d_gates)
    return d_gates, d_kernel, d_gates.astype(wide).sum((0, 1)), None


_lstm.defvjp(_forward, _backward)

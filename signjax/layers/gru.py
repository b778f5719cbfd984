"""A GRU over time, with a backward pass of its own; see `signjax.layers.lstm`.

Shapes: T frames, B clips, H hidden units.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from signjax.layers.lstm import recurrent_product, sigmoid, step_mask, steps_before, weight_gradient
from signjax.layers.precision import carried


def gru_update(
    contribution: Float[Array, "b 3*h"],
    recurrent: Float[Array, "b 3*h"],
    hidden: Float[Array, "b h"],
    real: Float[Array, "b 1"],
) -> tuple[Float[Array, "b h"], Float[Array, "b 4*h"]]:
    """One step: the new hidden state, zero on padding, and what the backward pass needs of it.

    Args:
      contribution: from the input, for reset gate, update gate and candidate.
      recurrent: from the hidden state, biases included.
      hidden: the state before.
      real: 1 on real frames, 0 on padding.
    """
    input_reset, input_update, input_candidate = jnp.split(contribution, 3, axis=-1)
    reset, update, candidate = jnp.split(recurrent, 3, axis=-1)
    r, z = sigmoid(input_reset + reset), sigmoid(input_update + update)
    n = jnp.tanh(input_candidate + r * candidate)
    return (n + z * (hidden - n)) * real, jnp.concatenate([r, z, n, candidate], axis=-1)


def gru_scan(
    gates: Float[Array, "t b 3*h"],
    kernel: Float[Array, "h 3*h"],
    bias: Float[Array, "h"],
    mask: Bool[Array, "t b"],
    keep: Float[Array, "b h"] | None = None,
    *,
    reverse: bool,
) -> Float[Array, "t b h"]:
    """Runs a GRU over time from a zero state.

    Args:
      gates: input contributions x W + b for reset gate, update gate and candidate, in that order; precision as in
        `lstm_scan`.
      kernel: recurrent weights.
      bias: of the recurrent contribution to the candidate, inside the reset gate.
      mask: True on real frames, which come first in each clip.
      keep: factor on the hidden units that the gates see, the same in all steps (recurrent dropout); None is 1.
      reverse: from the last frame to the first.

    Returns:
      The hidden states, in the precision of `gates`; zeros on padding.

    Source: Cho et al. (2014), with the reset gate after the matrix product, as cuDNN and PyTorch have it.
    """
    return _gru(gates, kernel, bias, step_mask(mask, gates.dtype), keep, reverse)


@partial(jax.custom_vjp, nondiff_argnums=(5,))
def _gru(gates: Array, kernel: Array, bias: Array, real: Array, keep: Array | None, reverse: bool) -> Array:
    return _forward(gates, kernel, bias, real, keep, reverse)[0]


def _forward(
    gates: Array, kernel: Array, bias: Array, real: Array, keep: Array | None, reverse: bool
) -> tuple[Array, Any]:
    precision = gates.dtype
    cast = kernel.astype(precision)
    biases = jnp.concatenate([jnp.zeros(2 * len(bias), bias.dtype), bias])[None, :]

    def step(hidden: Array, inputs: tuple[Array, Array]) -> tuple[Array, Any]:
        contribution, here = inputs
        hidden, activations = gru_update(contribution, recurrent_product(hidden, cast, keep) + biases, hidden, here)
        return hidden, (hidden.astype(precision), activations.astype(precision))

    zero = jnp.zeros((gates.shape[1], kernel.shape[0]), carried(precision))
    _, (hiddens, activations) = jax.lax.scan(step, zero, (gates, real), reverse=reverse)
    return hiddens, (hiddens, activations, kernel, real, keep)


def _backward(reverse: bool, kept: Any, d_hiddens: Array) -> tuple[Array, Array, Array, None, Array | None]:
    hiddens, activations, kernel, real, keep = kept
    precision, units = hiddens.dtype, kernel.shape[0]
    transposed = kernel.T.astype(precision)
    hiddens_before = steps_before(hiddens, reverse)

    def step(d_hidden: Array, inputs: tuple[Array, ...]) -> tuple[Array, tuple[Array, Array]]:
        d_output, activation, before, here = inputs
        r, z, n, candidate = jnp.split(activation.astype(carried(precision)), 4, axis=-1)
        d_hidden = (d_hidden + d_output) * here
        d_candidate = d_hidden * (1.0 - z) * (1.0 - n * n)
        d_recurrent = jnp.concatenate(
            [
                d_candidate * candidate * r * (1.0 - r),
                d_hidden * (before - n) * z * (1.0 - z),
                d_candidate * r,
            ],
            axis=-1,
        ).astype(precision)
        d_before = jnp.matmul(d_recurrent, transposed, preferred_element_type=carried(precision))
        d_before = d_before if keep is None else d_before * keep
        return d_before + d_hidden * z, (d_recurrent, d_candidate.astype(precision))

    zero = jnp.zeros(hiddens.shape[1:], carried(precision))
    inputs = (d_hiddens, activations, hiddens_before, real)
    _, (d_recurrent, d_candidate) = jax.lax.scan(step, zero, inputs, reverse=not reverse)
    d_kernel, d_keep = weight_gradient(hiddens_before, d_recurrent, keep, transposed)
    # Input and hidden state reach the two gates by a sum, the candidate each by a path of its own.
    d_gates = jnp.concatenate([d_recurrent[..., : 2 * units], d_candidate], axis=-1)
    d_bias = d_recurrent[..., 2 * units :].astype(carried(precision)).sum((0, 1))
    return d_gates, d_kernel, d_bias, None, d_keep


_gru.defvjp(_forward, _backward)

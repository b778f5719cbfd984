"""A GRU over time, with its own backward pass; see `signjax.layers.recurrent.lstm`.

Shapes: T frames, B clips, H hidden units, GH gate inputs (3 H).
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
from signjax.layers.recurrent.lstm import (
    recurrent_product,
    sigmoid,
    step_mask,
)


def gru_update(
    contribution: Float[Array, "b gh"],
    recurrent: Float[Array, "b gh"],
    hidden: Float[Array, "b h"],
    real: Float[Array, "b 1"],
) -> tuple[Float[Array, "b h"], Float[Array, "b 3*h"], Float[Array, "b h"]]:
    """Runs one step.

    Args:
      contribution: contribution of the input to reset gate, update gate and candidate.
      recurrent: contribution of the hidden state, biases included.
      hidden: the hidden state before the step.
      real: 1 on real frames, 0 on padding.

    Returns:
      The new hidden state (zero on padding), the activations, and the candidate's recurrent contribution before the
      reset gate scales it.
    """
    input_reset, input_update, input_candidate = jnp.split(contribution, 3, axis=-1)
    reset, update, candidate = jnp.split(recurrent, 3, axis=-1)
    r, z = sigmoid(input_reset + reset), sigmoid(input_update + update)
    n = jnp.tanh(input_candidate + r * candidate)
    return (n + z * (hidden - n)) * real, jnp.concatenate([r, z, n], axis=-1), candidate


def gru_scan(
    gates: Float[Array, "t b gh"],
    kernel: Float[Array, "h gh"],
    bias: Float[Array, "gh"],
    candidate_bias: Float[Array, "h"],
    mask: Bool[Array, "t b"],
    *,
    reverse: bool,
) -> Float[Array, "t b h"]:
    """Runs a GRU over time from a zero state.

    Args:
      gates: input contributions x W for reset gate, update gate and candidate, in that order; precision as in
        `lstm_scan`.
      kernel: recurrent weights.
      bias: biases of the two gates and the candidate.
      candidate_bias: bias of the recurrent contribution to the candidate, scaled by the reset gate.
      mask: True on real frames, which come first in each clip.
      reverse: whether to run from the last frame to the first.

    Returns:
      The hidden states, in the precision of `gates`; zeros on padding.

    Source: Cho et al. (2014), with the reset gate after the matrix product, as in cuDNN and PyTorch.
    """
    return _gru(gates, kernel, bias, candidate_bias, step_mask(mask, gates.dtype), reverse)


@partial(jax.custom_vjp, nondiff_argnums=(5,))
def _gru(gates: Array, kernel: Array, bias: Array, candidate_bias: Array, real: Array, reverse: bool) -> Array:
    return _forward(gates, kernel, bias, candidate_bias, real, reverse)[0]


def _forward(
    gates: Array, kernel: Array, bias: Array, candidate_bias: Array, real: Array, reverse: bool
) -> tuple[Array, Any]:
    precision, wide = gates.dtype, carried(gates.dtype)
    cast, biases = kernel.astype(precision), bias[None].astype(wide)
    # Zeros for the two gates, whose biases are added to the inputs.
    recurrent_bias = jnp.pad(candidate_bias, (2 * len(candidate_bias), 0))[None]

    def step(carry: Arrays, here: Arrays, at: Array) -> tuple[Arrays, Arrays]:
        (hidden,), (contribution, _) = carry, here
        recurrent = recurrent_product(hidden, cast) + recurrent_bias
        hidden, activations, candidate = gru_update(
            contribution.astype(wide) + biases, recurrent, hidden, frame(real, at)
        )
        return (hidden,), (activations.astype(precision), candidate.astype(precision))

    zero = jnp.zeros((gates.shape[1], kernel.shape[0]), wide)
    empty = jnp.zeros((len(gates), *zero.shape), precision)
    (activations, candidates), (hiddens,) = scan_in_place(step, (zero,), (gates, empty), (precision,), reverse=reverse)
    return before_and_after(hiddens, reverse)[1], (hiddens, activations, candidates, kernel, real)


def _backward(reverse: bool, kept: Any, d_hiddens: Array) -> tuple[Array, Array, Array, Array, None]:
    hiddens, activations, candidates, kernel, real = kept
    precision, wide, units = hiddens.dtype, carried(hiddens.dtype), kernel.shape[0]
    transposed = kernel.T.astype(precision)
    before_at, _ = recorded_at(reverse)

    def step(carry: Arrays, here: Arrays, at: Array) -> tuple[Arrays, Arrays]:
        (d_hidden,), (activation, candidate) = carry, (part.astype(wide) for part in here)
        r, z, n = jnp.split(activation, 3, axis=-1)
        d_hidden = (d_hidden + frame(d_hiddens, at).astype(wide)) * frame(real, at)
        d_candidate = d_hidden * (1.0 - z) * (1.0 - n * n)
        d_recurrent = jnp.concatenate(
            [
                d_candidate * candidate * r * (1.0 - r),
                d_hidden * (frame(hiddens, at + before_at).astype(wide) - n) * z * (1.0 - z),
                d_candidate * r,
            ],
            axis=-1,
        ).astype(precision)
        d_before = jnp.matmul(d_recurrent, transposed, preferred_element_type=wide)
        return (d_before + d_hidden * z,), (d_recurrent, d_candidate.astype(precision))

    zero = jnp.zeros(hiddens.shape[1:], wide)
    (d_recurrent, d_candidate), _ = scan_in_place(step, (zero,), (activations, candidates), reverse=not reverse)
    d_kernel = product_over_frames(before_and_after(hiddens, reverse)[0], d_recurrent)
    # The gates receive the sum of the input's and the hidden state's contributions; the candidate receives each separately.
    d_gates = jnp.concatenate([d_recurrent[..., : 2 * units], d_candidate], axis=-1)
    d_bias = d_gates.astype(wide).sum((0, 1))
    d_candidate_bias = d_recurrent[..., 2 * units :].astype(wide).sum((0, 1))
    return d_gates, d_kernel, d_bias, d_candidate_bias, None


_gru.defvjp(_forward, _backward)

"""The LSTM and the GRU as plain scans, without a custom backward pass, for programs that only predict.

Converters to other formats know `jax.lax.scan` from the first frame to the last, but no loops that overwrite their inputs; so a
reversed scan runs over reversed frames. Some know no loops at all: for these, `unroll` repeats the step for each frame.

Shapes: T frames, B clips, H hidden units, GH gate inputs (4 H for an LSTM, 3 H for a GRU).
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from signjax.layers.precision import carried
from signjax.layers.recurrent.gru import gru_update
from signjax.layers.recurrent.lstm import lstm_update, recurrent_product, step_mask


def plain_lstm(
    gates: Float[Array, "t b gh"],
    kernel: Float[Array, "h gh"],
    bias: Float[Array, "gh"],
    mask: Bool[Array, "t b"],
    *,
    reverse: bool,
    unroll: bool,
) -> Float[Array, "t b h"]:
    """Does what `lstm_scan` does."""
    wide, cast = carried(gates.dtype), kernel.astype(gates.dtype)

    def step(carry: tuple[Array, Array], here: tuple[Array, Array]) -> tuple[tuple[Array, Array], Array]:
        (hidden, cell), (gate, real) = carry, here
        contribution = gate.astype(wide) + recurrent_product(hidden, cast) + bias[None].astype(wide)
        cell, hidden, _ = lstm_update(contribution, cell, real)
        return (hidden, cell), hidden

    zero = jnp.zeros((gates.shape[1], kernel.shape[0]), wide)
    return _scan(step, (zero, zero), gates, mask, reverse, unroll)


def plain_gru(
    gates: Float[Array, "t b gh"],
    kernel: Float[Array, "h gh"],
    bias: Float[Array, "gh"],
    candidate_bias: Float[Array, "h"],
    mask: Bool[Array, "t b"],
    *,
    reverse: bool,
    unroll: bool,
) -> Float[Array, "t b h"]:
    """Does what `gru_scan` does."""
    wide, cast = carried(gates.dtype), kernel.astype(gates.dtype)
    recurrent_bias = jnp.pad(candidate_bias, (2 * len(candidate_bias), 0))[None]

    def step(hidden: Array, here: tuple[Array, Array]) -> tuple[Array, Array]:
        gate, real = here
        recurrent = recurrent_product(hidden, cast) + recurrent_bias
        hidden, _, _ = gru_update(gate.astype(wide) + bias[None].astype(wide), recurrent, hidden, real)
        return hidden, hidden

    zero = jnp.zeros((gates.shape[1], kernel.shape[0]), wide)
    return _scan(step, zero, gates, mask, reverse, unroll)


def _scan(step: Callable[[Any, Any], Any], carry: Any, gates: Array, mask: Array, reverse: bool, unroll: bool) -> Array:
    """The hidden states, in the precision of `gates`."""
    inputs: tuple[Array, ...] = (gates, step_mask(mask, gates.dtype))
    if reverse:
        inputs = tuple(jnp.flip(array, 0) for array in inputs)
    hiddens = jax.lax.scan(step, carry, inputs, unroll=unroll)[1].astype(gates.dtype)
    return jnp.flip(hiddens, 0) if reverse else hiddens

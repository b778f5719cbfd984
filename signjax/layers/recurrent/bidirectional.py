"""Bidirectional LSTM and GRU layers.

Shapes: B clips, T frames, D features in, H hidden units, GH gate inputs (4 H for an LSTM, 3 H for a GRU).

Inputs are projected for all frames at once, outside the scan. Only `scan_directions` knows which implementation runs.
"""

from collections.abc import Callable
from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from signjax.layers.dropout import dropout, row_keys
from signjax.layers.linear import Projection
from signjax.layers.precision import carried
from signjax.layers.recurrent.gru import candidate_biases, gru_scan, gru_update
from signjax.layers.recurrent.lstm import (
    lstm_scan,
    lstm_update,
    recurrent_product,
    step_mask,
)

GATES = {"lstm": 4, "gru": 3}

_EPSILON = 1e-5


class Direction(NamedTuple):
    """The inputs of a cell for one direction; see `lstm_scan` and `gru_scan`. Only a GRU has a candidate bias."""

    gates: Float[Array, "t b gh"]
    kernel: Float[Array, "h gh"]
    bias: Float[Array, "gh"]
    candidate_bias: Float[Array, "h"] | None
    keep: Float[Array, "b h"] | None


def scan_directions(cell: str, ways: tuple[Direction, Direction], mask: Bool[Array, "t b"]) -> list[Array]:
    """Runs a cell over time in both directions; returns the hidden states of each, (T, B, H).

    On a GPU one fused kernel runs both directions if it supports these sizes. Otherwise each direction is a separate
    scan. On the CPU, separate scans ran faster than several cells in one loop and than one cell with stacked directions
    (`benchmarks/recurrence.py`).
    """
    if jax.default_backend() == "gpu":
        from signjax.layers.recurrent import pallas_recurrence as fused

        if fused.runs_here(len(ways[0].kernel), ways[0].gates.dtype):
            return fused_directions(cell, ways, mask)
    return [scan_direction(cell, way, mask, reverse=reverse) for way, reverse in zip(ways, (False, True), strict=True)]


def scan_direction(cell: str, way: Direction, mask: Bool[Array, "t b"], *, reverse: bool) -> Float[Array, "t b h"]:
    """Runs a cell over time in one direction, on any device."""
    if cell == "lstm":
        return lstm_scan(way.gates, way.kernel, way.bias, mask, way.keep, reverse=reverse)
    assert way.candidate_bias is not None
    return gru_scan(way.gates, way.kernel, way.bias, way.candidate_bias, mask, way.keep, reverse=reverse)


def fused_directions(
    cell: str, ways: tuple[Direction, Direction], mask: Bool[Array, "t b"], *, interpret: bool = False
) -> list[Array]:
    """Runs both directions in one kernel, on a GPU or interpreted."""
    from signjax.layers.recurrent.pallas_gru import fused_gru
    from signjax.layers.recurrent.pallas_lstm import fused_lstm

    both: Direction = jax.tree.map(lambda *arrays: jnp.stack(arrays), *ways)
    if cell == "lstm":
        states = fused_lstm(both.gates, both.kernel, both.bias, mask, both.keep, interpret=interpret)
    else:
        assert both.candidate_bias is not None
        states = fused_gru(
            both.gates, both.kernel, both.bias, both.candidate_bias, mask, both.keep, interpret=interpret
        )
    return [states[0], states[1]]


def normalised_scan(
    cell: str, way: Direction, scale: Float[Array, "gh"], mask: Bool[Array, "t b"], *, reverse: bool
) -> Float[Array, "t b h"]:
    """`scan_direction` with layer norm on the recurrent contribution to the gates; differentiated by jax.

    Source: Ba et al. (2016).
    """
    gates, kernel, bias, candidate_bias, keep = way
    units = kernel.shape[0]
    recurrent_bias = jnp.zeros_like(bias) if candidate_bias is None else candidate_biases(candidate_bias)
    gates += bias.astype(gates.dtype)[None, None]

    def normalised(hidden: Array) -> Array:
        product = recurrent_product(hidden, kernel.astype(gates.dtype), keep)
        centred = product - product.mean(-1, keepdims=True)
        return (
            centred * jax.lax.rsqrt(jnp.square(centred).mean(-1, keepdims=True) + _EPSILON) * scale[None]
            + recurrent_bias[None]
        )

    def step(carry: tuple[Array, Array], inputs: tuple[Array, Array]) -> tuple[tuple[Array, Array], Array]:
        hidden, state = carry
        contribution, real = inputs[0].astype(carried(gates.dtype)), inputs[1]
        if cell == "lstm":
            state, hidden, _ = lstm_update(contribution + normalised(hidden), state, real)
        else:
            hidden, _, _ = gru_update(contribution, normalised(hidden), hidden, real)
        return (hidden, state), hidden.astype(gates.dtype)

    zero = jnp.zeros((gates.shape[1], units), carried(gates.dtype))
    return jax.lax.scan(step, (zero, zero), (gates, step_mask(mask, gates.dtype)), reverse=reverse)[1]


def _forget_bias(_: Array, shape: tuple[int, ...]) -> Array:
    """Zeros, but ones for the forget gate, so that an untrained LSTM remembers (Jozefowicz et al., 2015)."""
    units = shape[0] // 4
    return jnp.zeros(shape, jnp.float32).at[units : 2 * units].set(1.0)


def orthogonal_blocks(key: Array, shape: tuple[int, int]) -> Array:
    """Draws one orthogonal (H, H) matrix per gate, concatenated (Saxe et al., 2014).

    Newton-Schulz iterations consist of matrix products, whereas a QR decomposition takes seconds to compile.
    """
    units, gates = shape[0], shape[1] // shape[0]
    blocks = jax.random.normal(key, (gates, units, units), jnp.float32)
    # Singular values from 0 to sqrt(3) all converge to 1.
    blocks = blocks / jnp.linalg.norm(blocks, axis=(1, 2), keepdims=True)

    def improve(_: Array, x: Array) -> Array:
        return 1.5 * x - 0.5 * x @ (x.swapaxes(1, 2) @ x)

    blocks = jax.lax.fori_loop(0, 48, improve, blocks)
    return blocks.swapaxes(0, 1).reshape(shape)


class Recurrence(nn.Module):
    """A bidirectional LSTM or GRU.

    Attributes:
      units: hidden units H per direction.
      cell: `lstm` or `gru`.
      dropout: rate of recurrent dropout, which hides the same hidden units from the gates for a whole clip.
      layer_norm: whether to apply layer norm to the recurrent contribution to the gates.
      dtype: precision of the products; None uses that of inputs and weights. States are carried in at least float32.

    Source of the recurrent dropout: Gal & Ghahramani (2016).
    """

    units: int
    cell: str
    dropout: float = 0.0
    layer_norm: bool = False
    dtype: jnp.dtype | None = None

    @nn.compact
    def __call__(
        self,
        x: Float[Array, "b t d"],
        mask: Bool[Array, "b t"],
        row: Int[Array, "b"] | None = None,
        *,
        training: bool = False,
    ) -> Float[Array, "b t {2*self.units}"]:
        """Returns the hidden states of both directions, concatenated; zeros on padding.

        `row` is each clip's row in the global batch, which selects its dropout stream; needed only for dropout.
        """
        time_mask = mask.T
        ways, scales = [], []
        width = GATES[self.cell] * self.units
        for direction in ("forward", "backward"):
            bias_init: Callable[..., Array] = _forget_bias if self.cell == "lstm" else nn.initializers.zeros
            project = Projection(width, use_bias=False, dtype=self.dtype, name=f"{direction}_input")
            gates = project(x.swapaxes(0, 1))
            kernel = self.param(f"{direction}_kernel", orthogonal_blocks, (self.units, width))
            bias = self.param(f"{direction}_bias", bias_init, (width,))
            candidate_bias = None
            if self.cell == "gru":
                candidate_bias = self.param(f"{direction}_candidate_bias", nn.initializers.zeros, (self.units,))
            keep = None
            if training and self.dropout > 0.0:
                assert row is not None
                ones = jnp.ones((len(row), self.units), carried(gates.dtype))
                keep = dropout(ones, row_keys(self.make_rng("dropout"), row), self.dropout)
            ways.append(Direction(gates, kernel, bias, candidate_bias, keep))
            if self.layer_norm:
                scales.append(self.param(f"{direction}_scale", nn.initializers.ones, (width,)))
        forward, backward = ways
        if self.layer_norm:
            outputs = [
                normalised_scan(self.cell, way, scale, time_mask, reverse=reverse)
                for way, scale, reverse in zip(ways, scales, (False, True), strict=True)
            ]
        else:
            outputs = scan_directions(self.cell, (forward, backward), time_mask)
        return jnp.concatenate(outputs, axis=-1).swapaxes(0, 1)

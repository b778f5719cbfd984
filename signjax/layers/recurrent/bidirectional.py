"""Bidirectional LSTM and GRU layers.

Shapes: B clips, T frames, D features in, H hidden units, GH gate inputs (4 H for an LSTM, 3 H for a GRU).

Inputs are projected for all frames at once, outside the scan. Only `scan_directions` knows which implementation runs.
"""

from collections.abc import Callable
from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from signjax.layers.linear import Projection
from signjax.layers.recurrent.gru import gru_scan
from signjax.layers.recurrent.lstm import lstm_scan
from signjax.layers.recurrent.plain_scan import plain_gru, plain_lstm

GATES = {"lstm": 4, "gru": 3}


class Direction(NamedTuple):
    """The inputs of a cell for one direction; see `lstm_scan` and `gru_scan`. Only a GRU has a candidate bias."""

    gates: Float[Array, "t b gh"]
    kernel: Float[Array, "h gh"]
    bias: Float[Array, "gh"]
    candidate_bias: Float[Array, "h"] | None


def scan_directions(
    cell: str, ways: tuple[Direction, Direction], mask: Bool[Array, "t b"], loops: str = "fast"
) -> list[Array]:
    """Runs a cell over time in both directions; returns the hidden states of each, (T, B, H).

    On a GPU one fused kernel runs both directions if it supports these sizes. Otherwise each direction is a separate scan. On the
    CPU, separate scans ran faster than several cells in one loop and than one cell with stacked directions
    (`benchmarks/recurrence.py`). `loops` as in `Recurrence`.
    """
    directions = list(zip(ways, (False, True), strict=True))
    if loops != "fast":
        unroll = loops == "unrolled"
        return [_plain_direction(cell, way, mask, reverse=reverse, unroll=unroll) for way, reverse in directions]
    if jax.default_backend() == "gpu":
        from signjax.layers.recurrent import pallas_recurrence as fused

        if fused.runs_here(len(ways[0].kernel), ways[0].gates.dtype):
            return fused_directions(cell, ways, mask)
    return [scan_direction(cell, way, mask, reverse=reverse) for way, reverse in directions]


def scan_direction(cell: str, way: Direction, mask: Bool[Array, "t b"], *, reverse: bool) -> Float[Array, "t b h"]:
    """Runs a cell over time in one direction, on any device."""
    if cell == "lstm":
        return lstm_scan(way.gates, way.kernel, way.bias, mask, reverse=reverse)
    assert way.candidate_bias is not None
    return gru_scan(way.gates, way.kernel, way.bias, way.candidate_bias, mask, reverse=reverse)


def _plain_direction(
    cell: str, way: Direction, mask: Bool[Array, "t b"], *, reverse: bool, unroll: bool
) -> Float[Array, "t b h"]:
    if cell == "lstm":
        return plain_lstm(way.gates, way.kernel, way.bias, mask, reverse=reverse, unroll=unroll)
    assert way.candidate_bias is not None
    return plain_gru(way.gates, way.kernel, way.bias, way.candidate_bias, mask, reverse=reverse, unroll=unroll)


def fused_directions(
    cell: str, ways: tuple[Direction, Direction], mask: Bool[Array, "t b"], *, interpret: bool = False
) -> list[Array]:
    """Runs both directions in one kernel, on a GPU or interpreted."""
    from signjax.layers.recurrent.pallas_gru import fused_gru
    from signjax.layers.recurrent.pallas_lstm import fused_lstm

    both: Direction = jax.tree.map(lambda *arrays: jnp.stack(arrays), *ways)
    if cell == "lstm":
        states = fused_lstm(both.gates, both.kernel, both.bias, mask, interpret=interpret)
    else:
        assert both.candidate_bias is not None
        states = fused_gru(both.gates, both.kernel, both.bias, both.candidate_bias, mask, interpret=interpret)
    return [states[0], states[1]]


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
      dtype: precision of the products; None uses that of inputs and weights. States are carried in at least float32.
      loops: `fast`; or, with the same results, what converters to other formats know: `plain` scans, or `unrolled` ones.
    """

    units: int
    cell: str
    dtype: jnp.dtype | None = None
    loops: str = "fast"

    @nn.compact
    def __call__(self, x: Float[Array, "b t d"], mask: Bool[Array, "b t"]) -> Float[Array, "b t {2*self.units}"]:
        """Returns the hidden states of both directions, concatenated; zeros on padding."""
        ways = []
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
            ways.append(Direction(gates, kernel, bias, candidate_bias))
        forward, backward = ways
        outputs = scan_directions(self.cell, (forward, backward), mask.T, self.loops)
        return jnp.concatenate(outputs, axis=-1).swapaxes(0, 1)

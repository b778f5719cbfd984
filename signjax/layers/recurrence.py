"""Scanned LSTM and GRU layers, in both directions.

Shapes: B clips, T frames, D features in, H hidden units, G gates (4 for an LSTM, 3 for a GRU).

Input projections are made for all frames at once, outside the scan. A padded frame leaves the state as it is; so a scan
from the end of the padding arrives at a clip's last real frame with the zero state, which is how the backward direction
starts inside each clip's length without reversing anything.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float


def lstm_scan(
    gates: Float[Array, "t b 4*h"], kernel: Float[Array, "h 4*h"], mask: Bool[Array, "t b"], *, reverse: bool
) -> Float[Array, "t b h"]:
    """Runs an LSTM over time from a zero state.

    Args:
      gates: input contributions x W + b for input, forget, cell and output gate, in that order.
      kernel: recurrent weights.
      mask: True on real frames.
      reverse: from the last frame to the first.

    Returns:
      The hidden states; zeros on padding.

    Source: Hochreiter & Schmidhuber (1997), with the forget gate of Gers et al. (2000).
    """

    def step(
        carry: tuple[Float[Array, "b h"], Float[Array, "b h"]], inputs: tuple[Float[Array, "b 4*h"], Bool[Array, "b"]]
    ) -> tuple[tuple[Float[Array, "b h"], Float[Array, "b h"]], Float[Array, "b h"]]:
        cell, hidden = carry
        contribution, real = inputs
        i, f, g, o = jnp.split(contribution + hidden @ kernel, 4, axis=-1)
        new_cell = jax.nn.sigmoid(f) * cell + jax.nn.sigmoid(i) * jnp.tanh(g)
        new_hidden = jax.nn.sigmoid(o) * jnp.tanh(new_cell)
        kept = real[:, None]
        return (jnp.where(kept, new_cell, cell), jnp.where(kept, new_hidden, hidden)), jnp.where(kept, new_hidden, 0.0)

    zero = jnp.zeros((gates.shape[1], kernel.shape[0]), gates.dtype)
    return jax.lax.scan(step, (zero, zero), (gates, mask), reverse=reverse)[1]


def gru_scan(
    gates: Float[Array, "t b 3*h"],
    kernel: Float[Array, "h 3*h"],
    bias: Float[Array, "h"],
    mask: Bool[Array, "t b"],
    *,
    reverse: bool,
) -> Float[Array, "t b h"]:
    """Runs a GRU over time from a zero state.

    Args:
      gates: input contributions x W + b for reset gate, update gate and candidate, in that order.
      kernel: recurrent weights.
      bias: of the recurrent contribution to the candidate, inside the reset gate.
      mask: True on real frames.
      reverse: from the last frame to the first.

    Returns:
      The hidden states; zeros on padding.

    Source: Cho et al. (2014), with the reset gate after the matrix product, as cuDNN and PyTorch have it.
    """

    def step(
        hidden: Float[Array, "b h"], inputs: tuple[Float[Array, "b 3*h"], Bool[Array, "b"]]
    ) -> tuple[Float[Array, "b h"], Float[Array, "b h"]]:
        contribution, real = inputs
        input_reset, input_update, input_candidate = jnp.split(contribution, 3, axis=-1)
        reset, update, candidate = jnp.split(hidden @ kernel, 3, axis=-1)
        r = jax.nn.sigmoid(input_reset + reset)
        z = jax.nn.sigmoid(input_update + update)
        n = jnp.tanh(input_candidate + r * (candidate + bias[None, :]))
        new_hidden = (1.0 - z) * n + z * hidden
        kept = real[:, None]
        return jnp.where(kept, new_hidden, hidden), jnp.where(kept, new_hidden, 0.0)

    zero = jnp.zeros((gates.shape[1], kernel.shape[0]), gates.dtype)
    return jax.lax.scan(step, zero, (gates, mask), reverse=reverse)[1]


def _forget_bias(_: Array, shape: tuple[int, ...], dtype: jnp.dtype = jnp.float32) -> Array:
    """Zeros, but ones for the forget gate: a fresh LSTM remembers (Jozefowicz et al., 2015)."""
    units = shape[0] // 4
    return jnp.zeros(shape, dtype).at[units : 2 * units].set(1.0)


class Recurrence(nn.Module):
    """An LSTM or a GRU run over each clip in both directions.

    Attributes:
      units: hidden units H of each direction.
      cell: `lstm` or `gru`.
    """

    units: int
    cell: str

    @nn.compact
    def __call__(self, x: Float[Array, "b t d"], mask: Bool[Array, "b t"]) -> Float[Array, "b t 2*h"]:
        """Hidden states of both directions, side by side; zeros on padding."""
        time_mask = mask.T
        outputs = []
        for direction, reverse in (("forward", False), ("backward", True)):
            gate_count = {"lstm": 4, "gru": 3}[self.cell]
            bias = _forget_bias if self.cell == "lstm" else nn.initializers.zeros
            gates = nn.Dense(gate_count * self.units, bias_init=bias, name=f"{direction}_input")(x.swapaxes(0, 1))
            kernel = self.param(
                f"{direction}_kernel", nn.initializers.orthogonal(), (self.units, gate_count * self.units)
            )
            if self.cell == "lstm":
                outputs.append(lstm_scan(gates, kernel, time_mask, reverse=reverse))
            else:
                inner = self.param(f"{direction}_bias", nn.initializers.zeros, (self.units,))
                outputs.append(gru_scan(gates, kernel, inner, time_mask, reverse=reverse))
        return jnp.concatenate(outputs, axis=-1).swapaxes(0, 1)

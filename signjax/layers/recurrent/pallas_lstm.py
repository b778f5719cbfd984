"""The LSTM of `lstm.py` in both directions, with all steps of a pass in one GPU kernel; see `pallas_recurrence.py`.

Shapes: T frames, B clips, H hidden units, GH gate inputs (4 H). The first axis is the direction: forward, backward.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from signjax.layers.recurrent.lstm import sigmoid, step_mask
from signjax.layers.recurrent.pallas_recurrence import (
    Pieces,
    Program,
    backward_inputs,
    forward_inputs,
    run,
    states_after,
    weight_gradients,
)

_GATES = 4


def fused_lstm(
    gates: Float[Array, "2 t b gh"],
    kernel: Float[Array, "2 h gh"],
    bias: Float[Array, "2 gh"],
    mask: Bool[Array, "t b"],
    *,
    interpret: bool = False,
) -> Float[Array, "2 t b h"]:
    """`lstm_scan` for both directions, in float32 or bfloat16. `interpret` runs the kernels without a GPU, for tests."""
    return _lstm(gates, kernel, bias, step_mask(mask, gates.dtype)[..., 0], interpret)


@partial(jax.custom_vjp, nondiff_argnums=(4,))
def _lstm(gates: Array, kernel: Array, bias: Array, real: Array, interpret: bool) -> Array:
    return _forward(gates, kernel, bias, real, interpret)[0]


def _forward_kernel(
    gates: Any, kernel: Any, bias: Any, real: Any, hiddens: Any, cells: Any, activations: Any, *, exact: Any
) -> None:
    frames, units = gates.shape[1], gates.shape[-1]
    here = Program(frames, units, exact)
    direction, clips, pieces = here.direction, here.clips, here.pieces
    biases = [[bias[direction, gate, piece][None] for gate in range(_GATES)] for piece in pieces]

    def record(at: Array, hidden: Pieces, cell: Pieces) -> None:
        for piece, h, c in zip(pieces, hidden, cell, strict=True):
            hiddens[direction, at, clips, piece] = h.astype(hiddens.dtype)
            cells[direction, at, clips, piece] = c

    def step(done: Array, carry: tuple[Pieces, Pieces]) -> tuple[Pieces, Pieces]:
        hidden, cell = carry
        at = here.forward_frame(done)
        seen = tuple(h.astype(gates.dtype) for h in hidden)
        is_real = real[at, clips][:, None]
        new_hidden, new_cell = [], []
        for number, piece in enumerate(pieces):
            i, f, g, o = (
                gates[direction, at, clips, gate, piece].astype(jnp.float32)
                + here.product(seen, kernel, gate, piece)
                + biases[number][gate]
                for gate in range(_GATES)
            )
            i, f, g, o = sigmoid(i), sigmoid(f), jnp.tanh(g), sigmoid(o)
            new_cell.append((f * cell[number] + i * g) * is_real)
            new_hidden.append(o * jnp.tanh(new_cell[-1]))
            for gate, value in enumerate((i, f, g, o)):
                activations[direction, at, clips, gate, piece] = value.astype(activations.dtype)
        record(here.after(at), tuple(new_hidden), tuple(new_cell))
        return tuple(new_hidden), tuple(new_cell)

    zeros = here.zeros()
    record(here.before(here.forward_frame(jnp.int32(0))), zeros, zeros)
    here.loop(step, (zeros, zeros))


def _forward(gates: Array, kernel: Array, bias: Array, real: Array, interpret: bool) -> tuple[Array, Any]:
    precision, (_, frames, clips, _), units = gates.dtype, gates.shape, kernel.shape[1]
    inputs = forward_inputs(gates, kernel, bias, real)
    split = inputs[0]
    state = (2, frames + 1, split.shape[2], split.shape[4])
    hiddens, cells, activations = run(
        _forward_kernel,
        inputs,
        [(state, precision), (state, jnp.dtype(jnp.float32)), (split.shape, precision)],
        interpret=interpret,
    )
    return states_after(hiddens)[:, :, :clips, :units], (hiddens, cells, activations, kernel, real)


def _backward_kernel(
    cells: Any, activations: Any, d_hiddens: Any, transposed: Any, real: Any, d_gates: Any, *, exact: Any
) -> None:
    frames, units = activations.shape[1], activations.shape[-1]
    here = Program(frames, units, exact)
    direction, clips, pieces = here.direction, here.clips, here.pieces

    def step(done: Array, carry: tuple[Pieces, Pieces]) -> tuple[Pieces, Pieces]:
        at = here.backward_frame(done)
        is_real = real[at, clips][:, None]
        d_befores: list[list[Array]] = [[] for _ in range(_GATES)]
        new_cell = []
        for piece, d_after, d_later in zip(pieces, *carry, strict=True):
            i, f, g, o = (activations[direction, at, clips, gate, piece].astype(jnp.float32) for gate in range(_GATES))
            before = cells[direction, here.before(at), clips, piece]
            squashed = jnp.tanh(cells[direction, here.after(at), clips, piece])
            d_hidden = (d_after + d_hiddens[direction, at, clips, piece].astype(jnp.float32)) * is_real
            d_cell = d_later * is_real + d_hidden * o * (1.0 - squashed * squashed)
            made = (
                d_cell * g * i * (1.0 - i),
                d_cell * before * f * (1.0 - f),
                d_cell * i * (1.0 - g * g),
                d_hidden * squashed * o * (1.0 - o),
            )
            for gate, value in enumerate(made):
                rounded = value.astype(d_gates.dtype)
                d_gates[direction, at, clips, gate, piece] = rounded
                d_befores[gate].append(rounded)
            new_cell.append(d_cell * f)
        new_hidden: list[Any] = [
            sum(here.product(tuple(d_befores[gate]), transposed, gate, piece) for gate in range(_GATES))
            for piece in pieces
        ]
        return tuple(new_hidden), tuple(new_cell)

    here.loop(step, (here.zeros(), here.zeros()))


def _backward(interpret: bool, kept: Any, d_hiddens: Array) -> tuple[Array, Array, Array, None]:
    hiddens, cells, activations, kernel, real = kept
    precision, (_, _, clips, units) = hiddens.dtype, d_hiddens.shape
    (d_split,) = run(
        _backward_kernel,
        (cells, activations, *backward_inputs(d_hiddens, kernel, real, precision)),
        [(activations.shape, precision)],
        interpret=interpret,
    )
    d_gates = d_split[:, :, :clips, :, :units].reshape(*d_hiddens.shape[:3], -1)
    d_kernel = weight_gradients(hiddens[:, :, :clips, :units], d_gates)
    return d_gates, d_kernel, d_gates.astype(jnp.float32).sum((1, 2)), None


_lstm.defvjp(_forward, _backward)

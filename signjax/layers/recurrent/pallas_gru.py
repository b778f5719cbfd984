"""The GRU of `gru.py` in both directions, with all steps of a pass in one GPU kernel; see `pallas_recurrence.py`.

Shapes: T frames, B clips, H hidden units, GH gate inputs (3 H). The first axis is the direction: forward, backward.
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
    padded,
    run,
    states_after,
    weight_gradients,
)

_GATES = 3
# Index of the fourth record of a step, after the gates': the candidate's recurrent contribution, or its gradient.
_CANDIDATE = 3


def fused_gru(
    gates: Float[Array, "2 t b gh"],
    kernel: Float[Array, "2 h gh"],
    bias: Float[Array, "2 gh"],
    candidate_bias: Float[Array, "2 h"],
    mask: Bool[Array, "t b"],
    *,
    interpret: bool = False,
) -> Float[Array, "2 t b h"]:
    """`gru_scan` for both directions, in float32 or bfloat16. `interpret` runs the kernels without a GPU, for tests."""
    return _gru(gates, kernel, bias, candidate_bias, step_mask(mask, gates.dtype)[..., 0], interpret)


@partial(jax.custom_vjp, nondiff_argnums=(5,))
def _gru(gates: Array, kernel: Array, bias: Array, candidate_bias: Array, real: Array, interpret: bool) -> Array:
    return _forward(gates, kernel, bias, candidate_bias, real, interpret)[0]


def _forward_kernel(
    gates: Any,
    kernel: Any,
    bias: Any,
    real: Any,
    candidate_bias: Any,
    hiddens: Any,
    activations: Any,
    *,
    exact: Any,
) -> None:
    frames, units = gates.shape[1], gates.shape[-1]
    here = Program(frames, units, exact)
    direction, clips, pieces = here.direction, here.clips, here.pieces
    biases = [[bias[direction, gate, piece][None] for gate in range(_GATES)] for piece in pieces]
    candidate_biases = [candidate_bias[direction, piece][None] for piece in pieces]

    def record(at: Array, hidden: Pieces) -> None:
        for piece, h in zip(pieces, hidden, strict=True):
            hiddens[direction, at, clips, piece] = h.astype(hiddens.dtype)

    def step(done: Array, hidden: Pieces) -> Pieces:
        at = here.forward_frame(done)
        seen = tuple(h.astype(gates.dtype) for h in hidden)
        is_real = real[at, clips][:, None]
        made = []
        for number, piece in enumerate(pieces):
            x_r, x_z, x_n = (
                gates[direction, at, clips, gate, piece].astype(jnp.float32) + biases[number][gate]
                for gate in range(_GATES)
            )
            h_r, h_z, h_n = (here.product(seen, kernel, gate, piece) for gate in range(_GATES))
            r, z, candidate = sigmoid(x_r + h_r), sigmoid(x_z + h_z), h_n + candidate_biases[number]
            n = jnp.tanh(x_n + r * candidate)
            made.append((n + z * (hidden[number] - n)) * is_real)
            for place, value in enumerate((r, z, n, candidate)):
                activations[direction, at, clips, place, piece] = value.astype(activations.dtype)
        record(here.after(at), tuple(made))
        return tuple(made)

    zeros = here.zeros()
    record(here.before(here.forward_frame(jnp.int32(0))), zeros)
    here.loop(step, zeros)


def _forward(
    gates: Array,
    kernel: Array,
    bias: Array,
    candidate_bias: Array,
    real: Array,
    interpret: bool,
) -> tuple[Array, Any]:
    precision, (_, frames, clips, _), units = gates.dtype, gates.shape, kernel.shape[1]
    inputs = forward_inputs(gates, kernel, bias, real)
    _, _, more_clips, _, more_units = inputs[0].shape
    hiddens, activations = run(
        _forward_kernel,
        (*inputs, padded(candidate_bias, units=(1,))),
        [
            ((2, frames + 1, more_clips, more_units), precision),
            ((2, frames, more_clips, _GATES + 1, more_units), precision),
        ],
        interpret=interpret,
    )
    return states_after(hiddens)[:, :, :clips, :units], (hiddens, activations, kernel, real)


def _backward_kernel(
    hiddens: Any, activations: Any, d_hiddens: Any, transposed: Any, real: Any, d_gates: Any, *, exact: Any
) -> None:
    frames, units = activations.shape[1], activations.shape[-1]
    here = Program(frames, units, exact)
    direction, clips, pieces = here.direction, here.clips, here.pieces

    def step(done: Array, carry: Pieces) -> Pieces:
        at = here.backward_frame(done)
        is_real = real[at, clips][:, None]
        d_recurrent: list[list[Array]] = [[] for _ in range(_GATES)]
        straight = []
        for piece, d_after in zip(pieces, carry, strict=True):
            r, z, n, candidate = (
                activations[direction, at, clips, place, piece].astype(jnp.float32) for place in range(_GATES + 1)
            )
            before = hiddens[direction, here.before(at), clips, piece].astype(jnp.float32)
            d_hidden = (d_after + d_hiddens[direction, at, clips, piece].astype(jnp.float32)) * is_real
            d_candidate = d_hidden * (1.0 - z) * (1.0 - n * n)
            made = (
                d_candidate * candidate * r * (1.0 - r),
                d_hidden * (before - n) * z * (1.0 - z),
                d_candidate * r,
            )
            for gate, value in enumerate(made):
                rounded = value.astype(d_gates.dtype)
                d_gates[direction, at, clips, gate, piece] = rounded
                d_recurrent[gate].append(rounded)
            d_gates[direction, at, clips, _CANDIDATE, piece] = d_candidate.astype(d_gates.dtype)
            straight.append(d_hidden * z)
        return tuple(
            sum(here.product(tuple(d_recurrent[gate]), transposed, gate, piece) for gate in range(_GATES)) + passed
            for piece, passed in zip(pieces, straight, strict=True)
        )

    here.loop(step, here.zeros())


def _backward(interpret: bool, kept: Any, d_hiddens: Array) -> tuple[Array, Array, Array, Array, None]:
    hiddens, activations, kernel, real = kept
    precision, (_, _, clips, units) = hiddens.dtype, d_hiddens.shape
    (d_split,) = run(
        _backward_kernel,
        (hiddens, activations, *backward_inputs(d_hiddens, kernel, real, precision)),
        [(activations.shape, precision)],
        interpret=interpret,
    )
    made = d_split[:, :, :clips, :, :units]
    d_recurrent = made[..., :_GATES, :].reshape(*d_hiddens.shape[:3], -1)
    # The gates receive the sum of the input's and the hidden state's contributions; the candidate receives each separately.
    d_gates = jnp.concatenate([made[..., : _GATES - 1, :], made[..., _CANDIDATE:, :]], axis=3)
    d_gates = d_gates.reshape(d_recurrent.shape)
    d_candidate_bias = made[..., _GATES - 1, :].astype(jnp.float32).sum((1, 2))
    d_kernel = weight_gradients(hiddens[:, :, :clips, :units], d_recurrent)
    return d_gates, d_kernel, d_gates.astype(jnp.float32).sum((1, 2)), d_candidate_bias, None


_gru.defvjp(_forward, _backward)

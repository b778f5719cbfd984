"""Shared parts of the fused GPU recurrences, in which one kernel runs all steps of a scan in both directions. Experimental.

A scan launches several kernels per step, and each takes longer to launch than to run. Here a single kernel, written in
Pallas and compiled by Triton, runs all steps for a few clips. Their states stay in registers, and only what the backward
pass needs is written to memory. Directions and groups of clips run in parallel.

Triton needs sizes that are powers of two, so hidden units and clips are padded. Padded units stay zero because their
weights, biases and gates are zero; padded clips have no real frames.

Shapes: T frames, N = T + 1 records, B clips, G gates, H hidden units, P padded ones, GH gate inputs (G H). The first axis is
the direction: forward, backward.

Source: persistent RNNs, Diamos et al. (2016), for the idea of a kernel that outlives a step.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.experimental import pallas as pl
from jax.experimental.pallas import triton
from jaxtyping import Array, Float

from signjax.layers.linear import product_over_frames
from signjax.layers.recurrent.aliased_scan import before_and_after

# Clips per program of the kernel: the smallest number of rows a tensor core multiplies.
_CLIPS = 16
# Hidden units per piece of the state: a square weight tile of this size fits into registers.
_UNITS = 128
# With more hidden units the weights no longer fit into registers, and a scan is faster (`benchmarks/fused.py`).
_MOST_UNITS = {jnp.dtype(jnp.float32): 128, jnp.dtype(jnp.bfloat16): 256}
_OLDEST_CAPABILITY = 8.0
_WARPS = 8

Pieces = tuple[Array, ...]


def runs_here(units: int, dtype: jnp.dtype) -> bool:
    """Whether the default device can run the kernels with this number of hidden units and this precision."""
    if jax.default_backend() != "gpu" or units > _MOST_UNITS.get(jnp.dtype(dtype), 0):
        return False
    try:
        if hasattr(triton, "get_gpu_info"):
            triton.get_gpu_info()  # newer versions of jax compile only for GPUs they know by name
        return float(jax.devices()[0].compute_capability) >= _OLDEST_CAPABILITY
    except (AttributeError, ValueError):  # no NVIDIA GPU, or one that jax does not know
        return False


def padded(array: Array, *, clips: int | None = None, units: Sequence[int] = ()) -> Array:
    """Pads the clip axis and the unit axes with zeros to sizes the kernels accept."""
    widths = [(0, 0)] * array.ndim
    if clips is not None:
        widths[clips] = (0, -array.shape[clips] % _CLIPS)
    for axis in units:
        widths[axis] = (0, max(16, pl.next_power_of_2(array.shape[axis])) - array.shape[axis])
    return jnp.pad(array, widths)


def by_gate(kernel: Float[Array, "2 h gh"]) -> Float[Array, "2 g p p"]:
    """Splits the recurrent weights by gate and pads them."""
    units = kernel.shape[1]
    return padded(kernel.reshape(2, units, -1, units).swapaxes(1, 2), units=(2, 3))


def forward_inputs(
    gates: Float[Array, "2 t b gh"],
    kernel: Float[Array, "2 h gh"],
    bias: Float[Array, "2 gh"],
    real: Float[Array, "t b"],
) -> tuple[Array, Array, Array, Array]:
    """The padded inputs of a forward kernel: gates (2, T, B, G, H), weights, biases and real frames."""
    units = kernel.shape[1]
    return (
        padded(gates.reshape(*gates.shape[:3], -1, units), clips=2, units=(4,)),
        by_gate(kernel.astype(gates.dtype)),
        padded(bias.reshape(2, -1, units), units=(2,)),
        padded(real, clips=1),
    )


def backward_inputs(
    d_hiddens: Float[Array, "2 t b h"],
    kernel: Float[Array, "2 h gh"],
    real: Float[Array, "t b"],
    precision: jnp.dtype,
) -> tuple[Array, Array, Array]:
    """The padded inputs of a backward kernel besides the records, with transposed weights."""
    return (
        padded(d_hiddens, clips=2, units=(3,)),
        by_gate(kernel.astype(precision)).swapaxes(2, 3),
        padded(real, clips=1),
    )


def states_after(records: Float[Array, "2 n b h"]) -> Float[Array, "2 n-1 b h"]:
    """The states after each step, for both directions."""
    return jnp.stack([before_and_after(records[way], reverse=bool(way))[1] for way in range(2)])


def weight_gradients(
    records: Float[Array, "2 n b h"], d_contributions: Float[Array, "2 n-1 b gh"]
) -> Float[Array, "2 h gh"]:
    """Computes the gradients of the recurrent weights for both directions."""
    ways = [
        product_over_frames(before_and_after(records[way], reverse=bool(way))[0], d_contributions[way])
        for way in range(2)
    ]
    return jnp.stack(ways)


def run(
    body: Callable[..., None],
    inputs: Sequence[Array],
    outputs: Sequence[tuple[tuple[int, ...], jnp.dtype]],
    *,
    interpret: bool,
) -> Any:
    """Runs a kernel on padded arrays for both directions and all groups of clips; `outputs` gives shapes and dtypes."""
    clips = outputs[0][0][2]
    return pl.pallas_call(
        partial(body, exact=float32_products(interpret)),
        out_shape=[jax.ShapeDtypeStruct(shape, dtype) for shape, dtype in outputs],
        grid=(2, clips // _CLIPS),
        compiler_params=triton.CompilerParams(num_warps=_WARPS, num_stages=1),
        interpret=interpret,
    )(*inputs)


def float32_products(interpret: bool) -> Any:
    """The precision setting for float32 products: three TF32 products, as accurate as float32, unless TF32 is requested."""
    if jax.config.jax_default_matmul_precision not in ("highest", "float32"):  # type: ignore[attr-defined]
        return jax.lax.Precision.DEFAULT
    return jax.lax.Precision.HIGHEST if interpret else jax.lax.DotAlgorithmPreset.TF32_TF32_F32_X3


class Program:
    """One program of a kernel: a direction and a group of clips.

    Attributes:
      direction: 0 (forward) or 1 (backward).
      clips: slice of the clip axis.
      pieces: slices of the unit axis.
    """

    def __init__(self, frames: int, units: int, exact: Any):
        self.direction = pl.program_id(0)
        self.clips = pl.ds(pl.program_id(1) * _CLIPS, _CLIPS)
        self._size = min(units, _UNITS)
        self.pieces = [pl.ds(first, self._size) for first in range(0, units, self._size)]
        self._frames, self._exact = frames, exact

    def zeros(self) -> Pieces:
        """A zero state."""
        return tuple(jnp.zeros((_CLIPS, self._size), jnp.float32) for _ in self.pieces)

    def forward_frame(self, done: Array) -> Array:
        """The frame index of a step of the forward pass."""
        return jnp.where(self.direction == 0, done, self._frames - 1 - done)

    def backward_frame(self, done: Array) -> Array:
        """The frame index of a step of the backward pass."""
        return jnp.where(self.direction == 0, self._frames - 1 - done, done)

    def before(self, at: Array) -> Array:
        """Index, among the T + 1 recorded states, of the state before a frame's step."""
        return at + self.direction

    def after(self, at: Array) -> Array:
        """Index, among the T + 1 recorded states, of the state after a frame's step."""
        return at + 1 - self.direction

    def loop(self, step: Callable[[Array, Any], Any], carry: Any) -> None:
        """Runs all steps in turn."""
        jax.lax.fori_loop(0, self._frames, step, carry)

    def product(self, rows: Pieces, weights: Any, gate: int, to: Any) -> Array:
        """Computes rows @ weights of a gate, for one piece of its columns, in float32."""
        products = [
            jax.lax.dot_general(
                part,
                weights[self.direction, gate, piece, to],
                (((1,), (0,)), ((), ())),
                precision=self._exact if part.dtype == jnp.float32 else None,
                preferred_element_type=jnp.float32,
            )
            for part, piece in zip(rows, self.pieces, strict=True)
        ]
        return sum(products[1:], products[0])

"""What the fused recurrences of a GPU share: one kernel runs all steps of a scan, in both directions.

A scan's loop starts several kernels a step, each of which takes longer to start than to run. Here a kernel, written in Pallas and
compiled by Triton, keeps a few clips for the whole time: their states stay in registers, and only what the backward pass needs is
written. Directions and groups of clips run side by side on the GPU's cores.

Triton wants sizes that are powers of two, so hidden units and clips are padded. Padded units stay zero, since their weights,
biases and gates are; padded clips have no real frame.

Shapes: T frames, B clips, G gates, H hidden units. The first axis is the direction: forward, backward.

Source: the idea of a kernel that outlives the step is that of Diamos et al. (2016), persistent RNNs.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.experimental import pallas as pl
from jax.experimental.pallas import triton
from jaxtyping import Array, Float

from signjax.layers.recurrent.aliased_scan import before_and_after
from signjax.layers.recurrent.lstm import weight_gradient

# Clips that a program of the kernel keeps: the least that a tensor core multiplies.
_CLIPS = 16
# Hidden units in a piece of the state: a tile of the weights with so many rows and columns fits into registers.
_UNITS = 128
# With more hidden units the weights no longer fit into registers, and a scan is faster (`benchmarks/fused.py`).
_MOST_UNITS = {jnp.dtype(jnp.float32): 128, jnp.dtype(jnp.bfloat16): 256}
_OLDEST_CAPABILITY = 8.0
_WARPS = 8

Pieces = tuple[Array, ...]


def runs_here(units: int, dtype: jnp.dtype) -> bool:
    """Whether the kernels run on the default device, for so many hidden units in this precision."""
    if jax.default_backend() != "gpu" or units > _MOST_UNITS.get(jnp.dtype(dtype), 0):
        return False
    try:
        if hasattr(triton, "get_gpu_info"):
            triton.get_gpu_info()  # newer versions of jax compile for the GPUs that they know by name only
        return float(jax.devices()[0].compute_capability) >= _OLDEST_CAPABILITY
    except (AttributeError, ValueError):  # no NVIDIA GPU, or one that jax does not know
        return False


def padded(array: Array, *, clips: int | None = None, units: Sequence[int] = ()) -> Array:
    """Zeros behind the axis of clips and those of hidden units, up to the sizes that the kernels take."""
    widths = [(0, 0)] * array.ndim
    if clips is not None:
        widths[clips] = (0, -array.shape[clips] % _CLIPS)
    for axis in units:
        widths[axis] = (0, max(16, pl.next_power_of_2(array.shape[axis])) - array.shape[axis])
    return jnp.pad(array, widths)


def by_gate(kernel: Float[Array, "2 h g*h"]) -> Float[Array, "2 g h h"]:
    """The recurrent weights of each gate, padded."""
    units = kernel.shape[1]
    return padded(kernel.reshape(2, units, -1, units).swapaxes(1, 2), units=(2, 3))


def factors(keep: Float[Array, "2 b h"] | None, shape: tuple[int, int, int]) -> Array:
    """The factors on the hidden units that the gates see, padded; `shape` without padding."""
    return padded(jnp.ones(shape, jnp.float32) if keep is None else keep, clips=1, units=(2,))


def forward_inputs(
    gates: Float[Array, "2 t b g*h"],
    kernel: Float[Array, "2 h g*h"],
    bias: Float[Array, "2 g*h"],
    real: Float[Array, "t b"],
    keep: Float[Array, "2 b h"] | None,
) -> tuple[Array, Array, Array, Array, Array]:
    """What every forward kernel reads, padded: gates (2, T, B, G, H), their weights and biases, real frames and `factors`."""
    clips, units = gates.shape[2], kernel.shape[1]
    return (
        padded(gates.reshape(*gates.shape[:3], -1, units), clips=2, units=(4,)),
        by_gate(kernel.astype(gates.dtype)),
        padded(bias.reshape(2, -1, units), units=(2,)),
        padded(real, clips=1),
        factors(keep, (2, clips, units)),
    )


def backward_inputs(
    d_hiddens: Float[Array, "2 t b h"],
    kernel: Float[Array, "2 h g*h"],
    real: Float[Array, "t b"],
    keep: Float[Array, "2 b h"] | None,
    precision: jnp.dtype,
) -> tuple[Array, Array, Array, Array]:
    """What every backward kernel reads besides the records, padded; the weights are transposed."""
    _, _, clips, units = d_hiddens.shape
    return (
        padded(d_hiddens, clips=2, units=(3,)),
        by_gate(kernel.astype(precision)).swapaxes(2, 3),
        padded(real, clips=1),
        factors(keep, (2, clips, units)),
    )


def states_after(records: Float[Array, "2 t+1 b h"]) -> Float[Array, "2 t b h"]:
    """The states that the steps of both directions ended with."""
    return jnp.stack([before_and_after(records[way], reverse=bool(way))[1] for way in range(2)])


def weight_gradients(
    records: Float[Array, "2 t+1 b h"],
    d_contributions: Float[Array, "2 t b g"],
    keep: Float[Array, "2 b h"] | None,
    kernel: Float[Array, "2 h g"],
) -> tuple[Float[Array, "2 h g"], Float[Array, "2 b h"] | None]:
    """The gradients of the recurrent weights and of `keep` for both directions."""
    transposed = kernel.swapaxes(1, 2).astype(records.dtype)
    ways = [
        weight_gradient(
            before_and_after(records[way], reverse=bool(way))[0],
            d_contributions[way],
            None if keep is None else keep[way],
            transposed[way],
        )
        for way in range(2)
    ]
    d_keep = None if keep is None else jnp.stack([jnp.asarray(gradient) for _, gradient in ways])
    return jnp.stack([gradient for gradient, _ in ways]), d_keep


def run(
    body: Callable[..., None],
    inputs: Sequence[Array],
    outputs: Sequence[tuple[tuple[int, ...], jnp.dtype]],
    *,
    interpret: bool,
) -> Any:
    """Runs a kernel for both directions and all groups of clips, on padded arrays; `outputs` are shapes and precisions."""
    clips = outputs[0][0][2]
    return pl.pallas_call(
        partial(body, exact=float32_products(interpret)),
        out_shape=[jax.ShapeDtypeStruct(shape, dtype) for shape, dtype in outputs],
        grid=(2, clips // _CLIPS),
        compiler_params=triton.CompilerParams(num_warps=_WARPS, num_stages=1),
        interpret=interpret,
    )(*inputs)


def float32_products(interpret: bool) -> Any:
    """The precision of products of float32: three TF32 products for one, as good as float32, unless TF32 is asked for."""
    if jax.config.jax_default_matmul_precision not in ("highest", "float32"):  # type: ignore[attr-defined]
        return jax.lax.Precision.DEFAULT
    return jax.lax.Precision.HIGHEST if interpret else jax.lax.DotAlgorithmPreset.TF32_TF32_F32_X3


class Program:
    """One program of a kernel: a direction and the clips it keeps.

    Attributes:
      direction: 0 or 1.
      clips: where the clips lie on their axis.
      pieces: where the pieces of the hidden units lie on theirs.
    """

    def __init__(self, frames: int, units: int, exact: Any):
        self.direction = pl.program_id(0)
        self.clips = pl.ds(pl.program_id(1) * _CLIPS, _CLIPS)
        self._size = min(units, _UNITS)
        self.pieces = [pl.ds(first, self._size) for first in range(0, units, self._size)]
        self._frames, self._exact = frames, exact

    def zeros(self) -> Pieces:
        """A state of zeros."""
        return tuple(jnp.zeros((_CLIPS, self._size), jnp.float32) for _ in self.pieces)

    def forward_frame(self, done: Array) -> Array:
        """The frame of a step of the scan."""
        return jnp.where(self.direction == 0, done, self._frames - 1 - done)

    def backward_frame(self, done: Array) -> Array:
        """The frame of a step of its backward pass."""
        return jnp.where(self.direction == 0, self._frames - 1 - done, done)

    def before(self, at: Array) -> Array:
        """Where the state before a frame's step lies among T + 1 recorded ones; the one after it lies at `after`."""
        return at + self.direction

    def after(self, at: Array) -> Array:
        """See `before`."""
        return at + 1 - self.direction

    def loop(self, step: Callable[[Array, Any], Any], carry: Any) -> None:
        """All steps in turn."""
        jax.lax.fori_loop(0, self._frames, step, carry)

    def product(self, rows: Pieces, weights: Any, gate: int, to: Any) -> Array:
        """rows @ the weights of a gate, for one piece of its columns, in float32."""
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

"""StableHLO by `jax.export`: for CPU, CUDA and TPU, with any number of clips; `jax.export.deserialize` reads it back."""

from collections.abc import Sequence
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jax import export

from signjax.export.network import TrainedModel, exact
from signjax.export.samples import Samples

FILE = "stablehlo/model.jax_export"
NEEDS: tuple[str, ...] = ()

_PLATFORMS = ("cpu", "cuda", "tpu")


def write(model: TrainedModel, path: Path) -> None:
    """Writes the program; B, the number of clips, is a symbol, and T, that of frames, is any multiple of `model.frame_step`."""
    spec = model.spec
    b, steps = export.symbolic_shape("B, K", constraints=["B >= 1", "K >= 1"])
    t = model.frame_step * steps
    shapes = (
        jax.ShapeDtypeStruct((b, t, spec.layout.width), jnp.float32),
        jax.ShapeDtypeStruct((b,), jnp.int32),
        jax.ShapeDtypeStruct((b, t, len(spec.layout.parts)), jnp.bool_),
    )
    function = model.function("plain")

    def named(frames: jax.Array, lengths: jax.Array, valid: jax.Array) -> dict[str, jax.Array]:
        return dict(zip(model.outputs, function(frames, lengths, valid), strict=True))

    with exact():
        program = export.export(jax.jit(named), platforms=_PLATFORMS)(*shapes)
    path.write_bytes(program.serialize())


def run(path: Path, clips: Samples, outputs: Sequence[str]) -> list[np.ndarray]:
    """The outputs by the program in a file, which gives them by name."""
    program = export.deserialize(bytearray(path.read_bytes()))
    found = program.call(*clips)
    return [np.asarray(found[name]) for name in outputs]

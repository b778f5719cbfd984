"""StableHLO by `jax.export`: for CPU, CUDA and TPU, with any number of clips; `jax.export.deserialize` reads it back."""

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
    with exact():
        program = export.export(jax.jit(model.function(plain=True)), platforms=_PLATFORMS)(*shapes)
    path.write_bytes(program.serialize())


def run(path: Path, clips: Samples) -> list[np.ndarray]:
    """The logits of each head by the program in a file."""
    program = export.deserialize(bytearray(path.read_bytes()))
    return [np.asarray(logits) for logits in program.call(*clips)]

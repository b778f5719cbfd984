"""LiteRT, formerly TensorFlow Lite, by litert-converter from StableHLO, checked by ai-edge-litert: one clip at a time.

The converter (0.5) writes no loops, so the recurrent layers are unrolled, and numbers of clips and frames are fixed. It needs
neither TensorFlow nor PyTorch.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from signjax.export.network import INPUTS, TrainedModel, exact
from signjax.export.samples import Samples

FILE = "model.tflite"
NEEDS = ("litert_converter", "ai_edge_litert")

_SIGNATURE = "serving_default"


def write(model: TrainedModel, path: Path) -> None:
    """Writes the program, for one clip that is padded to the frame limit."""
    spec = model.spec
    shapes = (
        jax.ShapeDtypeStruct((1, spec.frames, spec.layout.width), jnp.float32),
        jax.ShapeDtypeStruct((1,), jnp.int32),
        jax.ShapeDtypeStruct((1, spec.frames, len(spec.layout.parts)), jnp.bool_),
    )
    with exact():
        program = jax.jit(model.function("unrolled")).lower(*shapes).as_text()
    path.write_bytes(_converted(program, model.outputs))


def _converted(program: str, outputs: tuple[str, ...]) -> bytes:
    """The program of a text of StableHLO."""
    from litert_converter import converter_api_ext as converter
    from litert_converter.mlir import ir, passmanager

    context = ir.Context()
    converter.prepare_mlir_context(context)
    with context:
        module = ir.Module.parse(program)
        converter.set_signature(
            module.operation, signature_name=_SIGNATURE, input_names=list(INPUTS), output_names=list(outputs)
        )
        settings: Any = converter.ConvertToTFLConfig()
        settings.model_origin_framework = "JAX"
        settings.unsafe_fuse_dynamic_shaped_broadcast = True  # all shapes are known
        converter.run_convert_to_tfl_passes(module, passmanager.PassManager(), settings)
        content: bytes = converter.export_flatbuffer_to_bytes(module.operation)
        return content


def run(path: Path, clips: Samples, outputs: Sequence[str]) -> list[np.ndarray]:
    """The outputs by LiteRT, one clip after another."""
    from ai_edge_litert.interpreter import Interpreter

    answer = Interpreter(model_content=path.read_bytes(), num_threads=1).get_signature_runner(_SIGNATURE)
    found = [
        answer(**{name: values[clip, None] for name, values in zip(INPUTS, clips, strict=True)})
        for clip in range(len(clips.lengths))
    ]
    return [np.concatenate([one[name] for one in found]) for name in outputs]

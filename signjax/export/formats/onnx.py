"""ONNX by jax2onnx, checked by onnxruntime: any number of clips, padded to the frame limit.

The converter (0.17) knows neither symbolic numbers of frames in this network nor loops that overwrite their inputs; so the number
of frames is fixed, and the recurrent layers are plain scans. Padding changes nothing, as everywhere in signjax.
"""

import logging
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from signjax.export.network import INPUTS, TrainedModel, exact
from signjax.export.samples import Samples

FILE = "model.onnx"
NEEDS = ("jax2onnx", "onnx", "onnxruntime")

# That of the onnxruntime-web of 2023 and later.
_OPSET = 18


def write(model: TrainedModel, path: Path) -> None:
    """Writes the program; only B, the number of clips, is a symbol."""
    import onnx
    from jax2onnx import to_onnx

    _load_plugins()
    spec = model.spec
    shapes: Any = (
        jax.ShapeDtypeStruct(("B", spec.frames, spec.layout.width), jnp.float32),
        jax.ShapeDtypeStruct(("B",), jnp.int32),
        jax.ShapeDtypeStruct(("B", spec.frames, len(spec.layout.parts)), jnp.bool_),
    )
    logging.getLogger("onnx_ir").setLevel(logging.ERROR)  # it warns of values without a type, which are never written
    with exact(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the converter, about types that it asks for and does not need
        program = to_onnx(model.function("plain"), shapes, opset=_OPSET, input_names=INPUTS, output_names=model.outputs)
    _drop_unused(program.graph)
    onnx.checker.check_model(program)
    path.write_bytes(program.SerializeToString())


def _load_plugins() -> None:
    """Loads what the converter knows of jax and flax.

    It would load all that it knows, with its examples. Those of other libraries make networks as they are imported, for which jax
    compiles a program each; that took longer than everything else of an export.
    """
    from jax2onnx.plugins import plugin_system as plugins

    if not hasattr(plugins, "_import_tree") or getattr(plugins, "_already_imported_plugins", True):
        return  # a version of which this is not known, or they are loaded
    folder = Path(plugins.__file__).parent
    for tree in ("jax", "flax/linen"):
        plugins._import_tree(folder / tree, f"jax2onnx.plugins.{tree.replace('/', '.')}")
    plugins._already_imported_plugins = True


def _drop_unused(graph: Any) -> None:
    """Removes constants that no node reads, which the converter leaves in the bodies of loops; onnxruntime warns of each."""
    bodies = [attribute.g for node in graph.node for attribute in node.attribute if attribute.g.node]
    for body in bodies:
        _drop_unused(body)
    read = _names_read(graph) | {output.name for output in graph.output}
    kept = [constant for constant in graph.initializer if constant.name in read]
    del graph.initializer[:]
    graph.initializer.extend(kept)


def _names_read(graph: Any) -> set[str]:
    """The names of all values that the nodes of a graph, or of a graph within it, read."""
    read = {name for node in graph.node for name in node.input}
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.g.node:
                read |= _names_read(attribute.g) | {output.name for output in attribute.g.output}
    return read


def run(path: Path, clips: Samples, outputs: Sequence[str]) -> list[np.ndarray]:
    """The outputs by onnxruntime, on one core."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    session = onnxruntime.InferenceSession(os.fspath(path), options, providers=["CPUExecutionProvider"])
    return list(session.run(list(outputs), dict(zip(INPUTS, clips, strict=True))))

"""The exported network of a model for the browser: whether it can run there, and what it is given.

Shapes: M moments of a clip, N frames that the network takes, F channels, P parts, C classes.
"""

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np

from signjax.data.batching.collate import collate
from signjax.data.clip import Clip
from signjax.data.dataset import in_memory
from signjax.evaluation.fusion import Fusion
from signjax.export.formats.onnx import FILE
from signjax.export.network import INPUTS
from signjax.prediction.recognizer import Recognizer

ADDRESS = f"/{FILE}"


def why_no_network(model: Recognizer) -> str:
    """Why the browser cannot run a model's network; empty if it can."""
    if (model.folder / FILE).is_file():
        return ""
    return f"{model.folder.resolve().name} has no {FILE}, which signjax export makes"


def output_names(model: Recognizer) -> dict[str, str]:
    """Head -> the name of the network's output."""
    return {head: f"{head}_logits" if head in INPUTS else head for head in model.heads}


def network_inputs(clips: Sequence[Clip], model: Recognizer, fusion: Fusion | None) -> dict[str, Any]:
    """What the browser asks the network with, and how it fuses the answers, as JSON can hold it.

    Args:
      clips: M cleaned clips.
      model: whose network it is.
      fusion: the other classifier of the model, which answers here; None if the network answers alone.

    Returns:
      `shape`, [M, N, F, P], and base64 of `frames`, float32 (M, N, F), `lengths`, int32 (M,), and `valid`, bytes (M, N, P); and
      `fusion`, head -> the `weight` of the network's log-probabilities, and base64 of what is `added` to them, float32 (M, C).
    """
    spec = model.spec
    dataset, rows = in_memory(clips, spec.layout, spec.heads, spec.statistics), np.arange(len(clips))
    batch = collate(dataset, rows, len(clips), spec.frames)
    other = {} if fusion is None else fusion.classifier.log_probabilities(dataset, rows)
    fused = {}
    for head, said in other.items():
        own, others = fusion.weights[head] if fusion else (1.0, 0.0)
        fused[head] = {"weight": own, "added": base64_of((others * said).astype("<f4"))}
    return {
        "shape": [*batch.frames.shape, len(spec.layout.parts)],
        "frames": base64_of(batch.frames.astype("<f4")),
        "lengths": base64_of(batch.length.astype("<i4")),
        "valid": base64_of(batch.valid.astype(np.uint8)),
        "fusion": fused,
    }


def base64_of(numbers: np.ndarray) -> str:
    """The bytes of an array, as text."""
    return base64.b64encode(np.ascontiguousarray(numbers).tobytes()).decode()

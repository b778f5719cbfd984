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
from signjax.export.formats.onnx import FILE
from signjax.prediction.recognizer import Recognizer

ADDRESS = f"/{FILE}"


def why_no_network(model: Recognizer) -> str:
    """Why the browser cannot run a model's network; empty if it can."""
    if (model.folder / FILE).is_file():
        return ""
    return f"{model.folder.resolve().name} has no {FILE}, which signjax export makes"


def network_inputs(clips: Sequence[Clip], model: Recognizer) -> dict[str, Any]:
    """What the browser asks the network with, and how it fuses the answers, as JSON can hold it.

    Args:
      clips: M cleaned clips.
      model: whose network it is; its other classifier, if it has one, answers here.

    Returns:
      `shape`, [M, N, F, P], and base64 of `frames`, float32 (M, N, F), `lengths`, int32 (M,), and `valid`, bytes (M, N, P); and
      `fusion`, head -> the `weight` of the network's log-probabilities, and base64 of what is `added` to them, float32 (M, C).
    """
    spec, fusion = model.spec, model.fusion
    dataset, rows = in_memory(clips, spec.layout, spec.heads, spec.statistics), np.arange(len(clips))
    batch = collate(dataset, rows, len(clips), spec.frames)
    fused = {}
    if fusion is not None:
        for head, said in fusion.classifier.log_probabilities(dataset, rows).items():
            own, others = fusion.weights[head]
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

"""Test clips as points in a plane: clips that the model answers alike lie close together.

Shapes: N clips, C classes.
"""

from pathlib import Path

import numpy as np

from signjax.data.csv_table import write_table
from signjax.data.dataset import Dataset
from signjax.evaluation.evaluate import Answers

# Logits beyond this are as good as infinite.
_FARTHEST = 1e3


def project(logits: np.ndarray) -> np.ndarray:
    """The two principal components of logits: (N, C) to float64 (N, 2).

    What softmax ignores, a constant added to all logits of a clip, is removed first. The sign of each axis is such that its
    farthest point is positive. Without clips, or with one class, coordinates are 0.
    """
    points = np.zeros((len(logits), 2))
    if not len(logits):
        return points
    finite = np.clip(np.nan_to_num(logits.astype(np.float64)), -_FARTHEST, _FARTHEST)
    centred = finite - finite.mean(1, keepdims=True)
    centred -= centred.mean(0)
    _, axes = np.linalg.eigh(centred.T @ centred)  # the largest eigenvalue is the last
    found = centred @ axes[:, ::-1][:, :2]
    farthest = np.take_along_axis(found, np.abs(found).argmax(0)[None], axis=0)
    points[:, : found.shape[1]] = found * np.where(farthest < 0, -1, 1)
    return points


def write_embedding(path: Path, dataset: Dataset, test: Answers) -> None:
    """Writes `embedding.csv`: a row per test clip, and for each head the columns HEAD_x and HEAD_y."""
    points = {head: project(logits) for head, logits in test.logits.items()}
    header = ["clip", *(f"{head}_{axis}" for head in points for axis in "xy")]
    rows = [
        [dataset.clips[clip]["clip"], *(f"{value:.3f}" for head in points.values() for value in head[row])]
        for row, clip in enumerate(test.clips)
    ]
    write_table(path, header, rows)

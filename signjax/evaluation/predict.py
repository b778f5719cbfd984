"""Writes a model's predictions.

Shapes: N clips, C classes.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from signjax.data.csv_table import write_table
from signjax.data.dataset import Dataset
from signjax.evaluation.calibration import probabilities
from signjax.evaluation.evaluate import Answers
from signjax.evaluation.metrics import true_class_rank

_NAMED = 5


def best_classes(logits: np.ndarray, classes: Sequence[str], count: int = _NAMED) -> list[list[tuple[str, float]]]:
    """For each clip, up to `count` classes and their probabilities, the most likely first."""
    shares = probabilities(logits)
    order = np.argsort(-shares, axis=1, kind="stable")[:, :count]
    return [[(classes[i], float(row[i])) for i in best] for row, best in zip(shares, order, strict=True)]


def write_predictions(path: Path, dataset: Dataset, answers: Mapping[str, Answers]) -> None:
    """Writes `predictions.csv`: one row per clip of each split that was evaluated.

    Columns: split, clip, signer, and for each head its label, the predicted class, the probability of that class, the rank of
    the true class (1 is correct), and up to five classes with their probabilities. An unlabelled clip's label and rank are empty.
    """
    columns = ("label", "predicted", "probability", "rank", "best")
    header = ["split", "clip", "signer", *(f"{head}_{column}" for head in dataset.heads for column in columns)]
    rows: list[list[object]] = []
    for split, answer in answers.items():
        cells: list[list[object]] = [
            [split, dataset.clips[i]["clip"], dataset.clips[i]["signer"]] for i in answer.clips
        ]
        for head, classes in dataset.heads.items():
            labels = answer.labels[head]
            ranks = true_class_rank(answer.logits[head], np.maximum(labels, 0)) + 1
            for row, label, rank, best in zip(
                cells, labels, ranks, best_classes(answer.logits[head], classes), strict=True
            ):
                known = label >= 0
                row += [classes[label] if known else "", best[0][0], f"{best[0][1]:.4f}", int(rank) if known else ""]
                row.append("; ".join(f"{name} {share:.3f}" for name, share in best))
        rows += cells
    write_table(path, header, rows)


def unlabelled_header(heads: Iterable[str]) -> list[str]:
    """The columns of `predicted.csv`: clip, source, and for each head the class, its probability, and the top five."""
    columns = ("predicted", "probability", "best")
    return ["clip", "source", *(f"{head}_{column}" for head in heads for column in columns)]


def unlabelled_rows(
    clips: Sequence[tuple[str, str]], logits: Mapping[str, np.ndarray], heads: Mapping[str, Sequence[str]]
) -> list[list[object]]:
    """The rows of `predicted.csv` for some clips, given the name and source of each, and logits (N, C) for each head."""
    rows: list[list[object]] = [list(clip) for clip in clips]
    for head, classes in heads.items():
        for row, best in zip(rows, best_classes(logits[head], classes), strict=True):
            row += [best[0][0], f"{best[0][1]:.4f}", "; ".join(f"{name} {share:.3f}" for name, share in best)]
    return rows

"""The pictures of a run, drawn from its records.

Shapes: C classes.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

# No window system is needed, or wanted, to write files.
mpl.use("agg")

_SIZE = (6.4, 3.8)
_MOST_CLASSES_NAMED = 40


def _curves(
    path: Path, title: str, ylabel: str, epochs: Sequence[int], lines: Mapping[str, Sequence[float]], best: int
) -> None:
    figure = Figure(figsize=_SIZE, layout="constrained")
    axes = figure.subplots()
    for name, values in lines.items():
        axes.plot(epochs, values, label=name, marker="o" if len(epochs) == 1 else None)
    axes.axvline(best, color="0.5", linestyle=":", label=f"selected, epoch {best}")
    axes.set(title=title, xlabel="epoch", ylabel=ylabel)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    figure.savefig(path, dpi=110)


def _head_lines(records: Sequence[dict[str, Any]], measure: str, label: str) -> dict[str, list[float]]:
    """A line for each head that validation could measure."""
    heads = [head for head, values in records[0]["valid"].items() if measure in values]
    suffix = {head: f" {head}" if len(heads) > 1 else "" for head in heads}
    return {f"{label}{suffix[head]}": [record["valid"][head][measure] for record in records] for head in heads}


def plot_curves(records: Sequence[dict[str, Any]], best_epoch: int, folder: Path) -> list[Path]:
    """Draws loss, top-1, top-k and learning rate over epochs.

    Args:
      records: of `metrics.jsonl`, one an epoch, at least one.
      best_epoch: the selected one.
      folder: where `loss.png`, `accuracy.png`, `topk.png` and `learning_rate.png` go.

    Returns:
      The files.
    """
    epochs = [record["epoch"] for record in records]
    trained = [name for name in records[0]["train"] if name.startswith("top1/")]
    suffix = {name: name.removeprefix("top1") if len(trained) > 1 else "" for name in trained}
    training = {f"training{suffix[name]}": [record["train"][name] for record in records] for name in trained}
    loss = {"training": [record["train"]["loss"] for record in records]}
    top_k = {name: values for k in (1, 3, 5) for name, values in _head_lines(records, f"top{k}", f"top-{k}").items()}
    pictures: list[tuple[str, str, str, dict[str, list[float]]]] = [
        ("loss", "Loss", "loss", loss | _head_lines(records, "loss", "validation")),
        ("accuracy", "Top-1 accuracy", "share of clips", training | _head_lines(records, "top1", "validation")),
        ("topk", "Validation accuracy by rank", "share of clips", top_k),
        ("learning_rate", "Learning rate", "", {"at the epoch's end": [r["train"]["learning_rate"] for r in records]}),
    ]
    for name, title, ylabel, lines in pictures:
        _curves(folder / f"{name}.png", title, ylabel, epochs, lines, best_epoch)
    return [folder / f"{name}.png" for name, *_ in pictures]


def plot_confusion(counts: np.ndarray, classes: Sequence[str], path: Path) -> None:
    """Draws int (C, C) counts, rows the true class, columns the predicted, each row as shares of its clips."""
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    side = float(np.clip(0.26 * len(classes), 4.5, 11))
    figure = Figure(figsize=(side + 1.5, side), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if len(classes) <= _MOST_CLASSES_NAMED:
        axes.set_xticks(range(len(classes)), classes, rotation=90, fontsize=6)
        axes.set_yticks(range(len(classes)), classes, fontsize=6)
    axes.set(title="Test clips: true class (rows), predicted (columns)")
    figure.colorbar(image, ax=axes, label="share of the true class", shrink=0.7)
    figure.savefig(path, dpi=110)

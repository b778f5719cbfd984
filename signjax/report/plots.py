"""The plots of a run as images; its page draws the same as SVG.

Shapes: C classes.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from signjax.data.visible import distinct
from signjax.report.error_analysis import Row, confusion_counts
from signjax.report.plot_text import plot_labels, text_as_it_stands

# Writing files needs no window system.
mpl.use("agg")

_SIZE = (6.4, 3.8)
_MOST_CLASSES_NAMED = 40
_LONGEST_FILE_NAME = 80
# More heads than this share one line in a curve, and one table with a row per head.
MOST_HEADS_APART = 3


def _curves(
    path: Path, title: str, ylabel: str, epochs: Sequence[int], lines: Mapping[str, Sequence[float]], best: int
) -> None:
    with text_as_it_stands(lines):
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
    """One line per head measured on validation, or one for their mean if there are many."""
    heads = [head for head, values in records[0]["valid"].items() if measure in values]
    return _few_lines({head: [record["valid"][head][measure] for record in records] for head in heads}, label)


def _few_lines(heads: Mapping[str, Sequence[float]], label: str) -> dict[str, list[float]]:
    """Named lines that can be told apart: one per head, or their mean."""
    if len(heads) > MOST_HEADS_APART:
        return {f"{label}, mean of {len(heads)} heads": np.mean(list(heads.values()), axis=0).tolist()}
    # The label before a head's name also keeps the legend from dropping names that begin with an underscore.
    names = [f"{label} {shown}" for shown in plot_labels(list(heads))] if len(heads) > 1 else [label] * len(heads)
    return {name: list(values) for name, values in zip(names, heads.values(), strict=True)}


class Curves(NamedTuple):
    """A plot over epochs: the name of its file, its title, what its values are, and a line per name."""

    name: str
    title: str
    unit: str
    lines: dict[str, list[float]]


def curves_of(records: Sequence[dict[str, Any]]) -> list[Curves]:
    """Loss, top-1, top-k and learning rate over epochs, from the records of `metrics.jsonl`; at least one."""
    trained = [name for name in records[0]["train"] if name.startswith("top1/")]
    shares = {name.removeprefix("top1/"): [record["train"][name] for record in records] for name in trained}
    training = _few_lines(shares, "training")
    loss = {"training": [record["train"]["loss"] for record in records]}
    top_k = {name: values for k in (1, 3, 5) for name, values in _head_lines(records, f"top{k}", f"top-{k}").items()}
    return [
        Curves("loss", "Loss", "loss", loss | _head_lines(records, "loss", "validation")),
        Curves("accuracy", "Top-1 accuracy", "share of clips", training | _head_lines(records, "top1", "validation")),
        Curves("topk", "Validation accuracy by rank", "share of clips", top_k),
        Curves(
            "learning_rate", "Learning rate", "", {"at the epoch's end": [r["train"]["learning_rate"] for r in records]}
        ),
    ]


def plot_curves(records: Sequence[dict[str, Any]], selected_epoch: int, folder: Path) -> list[Path]:
    """Draws loss, top-1, top-k and learning rate over epochs.

    Args:
      records: the records of `metrics.jsonl`, one per epoch; at least one.
      selected_epoch: whose weights are the model.
      folder: the folder for `loss.png`, `accuracy.png`, `topk.png` and `learning_rate.png`.

    Returns:
      The paths of the files.
    """
    epochs = [record["epoch"] for record in records]
    drawn = curves_of(records)
    for name, title, ylabel, lines in drawn:
        _curves(folder / f"{name}.png", title, ylabel, epochs, lines, selected_epoch)
    return [folder / f"{curves.name}.png" for curves in drawn]


def plot_confusion(counts: np.ndarray, classes: Sequence[str], path: Path) -> dict[str, str]:
    """Draws a confusion matrix from int (C, C) counts: rows are true classes, columns predicted ones, as shares of a row.

    Returns:
      Label in the picture -> class name, for the names that could not be written as they are.
    """
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    side = float(np.clip(0.26 * len(classes), 4.5, 11))
    named = classes if len(classes) <= _MOST_CLASSES_NAMED else ()
    labels = plot_labels(named)
    with text_as_it_stands(labels):
        figure = Figure(figsize=(side + 1.5, side), layout="constrained")
        axes = figure.subplots()
        image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        if labels:
            size = 6 if len(labels) > 20 else 8
            axes.set_xticks(range(len(labels)), labels, rotation=90, fontsize=size)
            axes.set_yticks(range(len(labels)), labels, fontsize=size)
        axes.set(title="Test clips: true class (rows), predicted (columns)")
        figure.colorbar(image, ax=axes, label="share of the true class", shrink=0.7)
        figure.savefig(path, dpi=110)
    return {label: name for label, name in zip(labels, named, strict=True) if label != name}


def plot_heads(test: Mapping[str, Any], baselines: Mapping[str, Any], path: Path) -> None:
    """Draws the top-1 accuracy of each head with its interval, beside its baselines.

    Args:
      test: head -> metrics on the test split.
      baselines: head -> top-1 of each baseline.
      path: the file to write.
    """
    heads = list(test)
    labels = plot_labels(heads)
    rows = np.arange(len(heads))
    top1 = np.array([test[head]["top1"] for head in heads])
    interval = np.array([test[head]["top1_interval"] for head in heads])
    with text_as_it_stands(labels):
        figure = Figure(figsize=(_SIZE[0], max(_SIZE[1], 0.32 * len(heads) + 1.2)), layout="constrained")
        axes = figure.subplots()
        axes.barh(
            rows, top1, xerr=np.abs(interval.T - top1), color="#9dbbe6", ecolor="#1f5fbf", label="model, 95 % interval"
        )
        beaten = (
            ("majority", "majority class", "|"),
            ("nearest_neighbour", "nearest neighbour", "x"),
            ("random_convolution", "random convolution", "D"),
        )
        for name, label, marker in beaten:
            axes.plot(
                [baselines[head][name] for head in heads], rows, marker, color="#1d2733", label=label, markersize=8
            )
        axes.set_yticks(rows, labels)
        axes.invert_yaxis()
        axes.set(title="Top-1 on the test split", xlabel="share of clips", xlim=(0, 1))
        axes.grid(axis="x", alpha=0.3)
        figure.legend(loc="outside lower center", ncols=4, frameon=False, fontsize=8)
        figure.savefig(path, dpi=110)


def file_names(heads: Sequence[str]) -> dict[str, str]:
    """Head -> a name that is valid on every file system and unique even where case is ignored."""
    plain = (re.sub(r"[^A-Za-z0-9_-]+", "_", head)[:_LONGEST_FILE_NAME] for head in heads)
    return dict(zip(heads, distinct(plain, str.casefold), strict=True))


def draw_plots(
    summary: Mapping[str, Any],
    rows: Sequence[Row],
    heads: Sequence[str],
    records: Sequence[dict[str, Any]],
    folder: Path,
) -> None:
    """Draws all plots of a run, as images for papers and slides.

    Args:
      summary: the content of `summary.json`.
      rows: of `predictions.csv`, those of the test split.
      heads: those with test clips.
      records: the records of `metrics.jsonl`, one per epoch.
      folder: where they are written.
    """
    folder.mkdir(exist_ok=True)
    if records:
        plot_curves(records, summary["training"]["selected_epoch"], folder)
    for head, name in file_names(heads).items():
        plot_confusion(*confusion_counts(rows, head), folder / f"confusion_{name}.png")
    if len(heads) > MOST_HEADS_APART:
        plot_heads({head: summary["test"][head] for head in heads}, summary["baselines"], folder / "heads.png")

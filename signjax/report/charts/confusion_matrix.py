"""A confusion matrix that can be read at any number of classes: names on hover, and zoom.

Shapes: C classes.
"""

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from signjax.data.visible import shortened, visible
from signjax.report.charts.svg import chart, label, tag

_SMALL, _LARGE = 18, 44  # units per cell: with many classes, and with few
_NAMED_CELLS = 24  # with at most this many classes, each cell shows its count
_CORNER = 150
_LONGEST = 16
_LONGEST_IN_TITLE = 40


def draw_confusion(counts: np.ndarray, classes: Sequence[str], most_cells: int) -> tuple[Markup, int]:
    """Draws counts: rows are true classes, columns predicted ones, and a cell is the darker the larger its share of the row.

    Args:
      counts: int (C, C).
      classes: the C names.
      most_cells: how many cells are drawn, those with the most clips first.

    Returns:
      The chart, and the number of cells that have clips but are not drawn.
    """
    size = float(np.clip(360 / max(len(classes), 1), _SMALL, _LARGE))
    side = size * len(classes)
    names = [tag_name(name, _CORNER - 6, _CORNER + size * (i + 0.5) + 4, "end") for i, name in enumerate(classes)]
    names += [
        tag(
            "text",
            label(name, _LONGEST),
            transform=f"translate({_CORNER + size * (i + 0.5) + 4:.1f} {_CORNER - 6}) rotate(-90)",
        )
        for i, name in enumerate(classes)
    ]
    axes = (
        tag("text", "predicted →", x=_CORNER, y=14),
        tag("text", "true ↓", x=_CORNER - 6, y=_CORNER - 8, text_anchor="end"),
    )
    parts = [
        tag("rect", x=_CORNER, y=_CORNER, width=side, height=side, class_="field"),
        tag("path", d=f"M{_CORNER} {_CORNER}l{side:g} {side:g}", class_="diagonal"),
        tag("g", *axes, *names, class_="names"),
    ]
    rows, columns = np.nonzero(counts)
    largest = np.argsort(-counts[rows, columns], kind="stable")
    totals = counts.sum(1)
    texts = [shortened(visible(name), _LONGEST_IN_TITLE) for name in classes]
    for cell in largest[:most_cells]:
        row, column = int(rows[cell]), int(columns[cell])
        parts.append(_cell(row, column, int(counts[row, column]), int(totals[row]), texts, size, len(classes)))
    right = int(np.trace(counts))
    said = f"confusion matrix of {len(classes)} classes: {right} of {int(counts.sum())} clips are on the diagonal, which is right"
    kind = "confusion" if len(classes) <= 60 else "confusion crowded"
    return chart(parts, _CORNER + side + 4, _CORNER + side + 4, said, kind), max(len(largest) - most_cells, 0)


def tag_name(name: str, x: float, y: float, anchor: str) -> Markup:
    """A class name beside its row, shortened, and in full on hover."""
    return tag("text", tag("title", name), label(name, _LONGEST), x=x, y=y, text_anchor=anchor)


def _cell(row: int, column: int, count: int, total: int, names: Sequence[str], size: float, classes: int) -> Markup:
    said = f"{names[row]} → {names[column]}: {count} of {total}"
    share = count / total
    box = tag(
        "rect",
        tag("title", said),
        x=_CORNER + size * column + 0.5,
        y=_CORNER + size * row + 0.5,
        width=size - 1,
        height=size - 1,
        fill_opacity=0.25 + 0.75 * share,
        class_="right" if row == column else "wrong",
    )
    if classes > _NAMED_CELLS:
        return box
    text = tag(
        "text",
        str(count),
        x=_CORNER + size * (column + 0.5),
        y=_CORNER + size * (row + 0.5) + 4,
        text_anchor="middle",
        class_="count dark" if share > 0.5 else "count",
    )
    return box + text


def fewer_classes(counts: np.ndarray, classes: Sequence[str], most: int) -> tuple[np.ndarray, list[str]]:
    """The part of a matrix with the `most` classes that have most mistakes, in the old order."""
    if len(classes) <= most:
        return counts, list(classes)
    mistakes = counts.sum(0) + counts.sum(1) - 2 * np.diagonal(counts)
    kept = np.sort(np.argsort(-mistakes, kind="stable")[:most])
    return counts[np.ix_(kept, kept)], [classes[i] for i in kept]

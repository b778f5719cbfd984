"""Curves over epochs."""

from collections.abc import Mapping, Sequence

import numpy as np
from markupsafe import Markup

from signjax.report.charts.svg import WIDTH, chart, label, tag, ticks
from signjax.report.figures import evenly_spread

_HEIGHT = 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 12, 34
_MOST_POINTS = 200
_ROW = 18


def draw_curves(title: str, epochs: Sequence[int], lines: Mapping[str, Sequence[float]], selected: int) -> Markup:
    """Lines over epochs, with a mark at the selected one. Values that are not finite leave a gap.

    Args:
      title: what is drawn.
      epochs: at least one, ascending.
      lines: name -> a value for each epoch.
      selected: the epoch whose weights are the model.
    """
    values = np.array(list(lines.values()), np.float64)
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    if high - low < 1e-12:
        low, high = low - abs(low) / 2 - 1e-6, high + abs(high) / 2 + 1e-6
    span = max(epochs[-1] - epochs[0], 1)
    right, bottom = WIDTH - _RIGHT, _HEIGHT - _BOTTOM

    def across(epoch: float) -> float:
        return _LEFT + (right - _LEFT) * (epoch - epochs[0]) / span

    def down(value: float) -> float:
        return bottom - (bottom - _TOP) * (value - low) / (high - low)

    parts = []
    for value in ticks(low, high):
        parts.append(tag("line", x1=_LEFT, x2=right, y1=down(value), y2=down(value), class_="grid"))
        parts.append(tag("text", f"{value:g}", x=_LEFT - 6, y=down(value) + 4, text_anchor="end"))
    parts += [
        tag("text", f"{epoch:g}", x=across(epoch), y=bottom + 16, text_anchor="middle")
        for epoch in ticks(epochs[0], epochs[-1])
        if epoch == int(epoch)
    ]
    parts.append(tag("text", "epoch", x=right, y=bottom + 30, text_anchor="end"))
    parts.append(tag("line", x1=across(selected), x2=across(selected), y1=_TOP, y2=bottom, class_="selected"))
    kept = evenly_spread(len(epochs), _MOST_POINTS)
    for number, row in enumerate(values):
        for piece in _pieces(kept, row):
            points = [(across(epochs[i]), down(row[i])) for i in piece]
            if len(points) == 1:
                parts.append(tag("circle", cx=points[0][0], cy=points[0][1], r=3, class_=f"dot s{number}"))
            else:
                parts.append(
                    tag("polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points), class_=f"line s{number}")
                )
    height = _HEIGHT + _ROW * (len(lines) + 1)
    parts += _legend([*lines, f"selected: epoch {selected}"])
    said = "; ".join(f"{name} from {row[0]:.3g} to {row[-1]:.3g}" for name, row in zip(lines, values, strict=True))
    return chart(
        parts, WIDTH, height, f"{title} over {len(epochs)} epochs: {said}; selected epoch {selected}", "curves"
    )


def _pieces(kept: np.ndarray, row: np.ndarray) -> list[np.ndarray]:
    """The kept indices, cut where values are not finite."""
    finite = np.isfinite(row[kept])
    edges = np.flatnonzero(np.diff(finite)) + 1
    return [piece for piece in np.split(kept, edges) if len(piece) and np.isfinite(row[piece[0]])]


def _legend(names: Sequence[str]) -> list[Markup]:
    parts = []
    for number, name in enumerate(names):
        y = _HEIGHT + _ROW * number + 8
        kind = f"line s{number}" if number < len(names) - 1 else "selected"
        parts.append(tag("line", x1=_LEFT, x2=_LEFT + 30, y1=y - 4, y2=y - 4, class_=kind))
        parts.append(tag("text", label(name, 48), x=_LEFT + 38, y=y))
    return parts

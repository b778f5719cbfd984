"""Stick figures of a clip whose lines are told apart by region of the body.

Shapes: T frames, S figures, N drawn points, R regions.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from signjax.explanation.explanation import Explanation
from signjax.explanation.regions import ARMS, region_of_channel, regions_of
from signjax.report.figures import FIELD, MISSING, Stick, draw, stick_of


@dataclass(frozen=True, eq=False)
class Figures:
    """S stick figures, in a field that is 100 wide, with y down.

    Attributes:
      lines: for each figure, region -> its lines, as the path of an SVG; empty if it was not seen.
      values: region -> float (S,), from -1 to 1: its importance in the stretch of time around each figure, over the largest one.
      heads: float (S, 2), the middle of the head, NaN where there is none.
      radius: of the head.
    """

    lines: Sequence[Mapping[str, str]]
    values: Mapping[str, np.ndarray]
    heads: np.ndarray
    radius: float

    def head(self, number: int) -> str:
        """The head of a figure as SVG; empty if there is none."""
        x, y = self.heads[number]
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{self.radius:.1f}"/>' if np.isfinite(x) and self.radius else ""


def lines_of_regions(explanation: Explanation, stick: Stick) -> dict[str, list[tuple[int, int]]]:
    """Region -> its lines, as pairs of the stick figure's points. A line of the trunk is not of an arm, where it has a shoulder."""
    layout, regions = explanation.layout, regions_of(explanation.layout)
    names, number = list(regions), region_of_channel(regions, explanation.layout.width)
    found: dict[str, list[tuple[int, int]]] = {}
    for a, b, side in stick.lines:
        of_ends = [names[number[layout.channels_at(stick.points[end]).start]] for end in (b, a)]
        if side == "body":
            trunk = stick.points[a][0].replace("_", " ")
            of_ends = [name for name in (*of_ends, trunk) if name in regions and name not in ARMS] or of_ends
        found.setdefault(of_ends[0], []).append((a, b))
    return found


def draw_figures(explanation: Explanation, count: int) -> Figures | None:
    """Up to `count` stick figures, evenly spaced in time; None if the layout cannot be drawn."""
    stick = stick_of(explanation.layout)
    if stick is None:
        return None
    frames = len(explanation.frames)
    edges = np.linspace(0, frames, min(count, frames) + 1)
    middles = ((edges[:-1] + edges[1:]) / 2).astype(int)
    drawn = draw(explanation.frames[middles], explanation.valid[middles], explanation.layout, stick)
    points = places(drawn, stick)
    stretch = np.searchsorted(edges, np.arange(frames) + 0.5) - 1
    sums = {name: np.bincount(stretch, values, len(middles)) for name, values in explanation.regions.items()}
    largest = max(float(np.abs(values).max()) for values in sums.values()) or 1.0
    lines = lines_of_regions(explanation, stick)
    return Figures(
        lines=[{name: _path(one, pairs) for name, pairs in lines.items()} for one in points],
        values={name: values / largest for name, values in sums.items()},
        heads=points[:, -1] if stick.head else np.full((len(points), 2), np.nan),
        radius=float(str(drawn["radius"])) * 100 / FIELD,
    )


def places(drawn: Mapping[str, object], stick: Stick) -> np.ndarray:
    """float (S, N, 2): the points of figures as `draw` returns them, in a field 100 wide; NaN where nothing was seen."""
    numbers = np.frombuffer(base64.b64decode(str(drawn["data"])), "<i2").astype(float)
    points = numbers.reshape(-1, len(stick.points) + stick.head, 2)
    return np.where(points == MISSING, np.nan, points) * 100 / FIELD


def _path(points: np.ndarray, pairs: Sequence[tuple[int, int]]) -> str:
    """Lines between points that were seen, as the path of an SVG."""
    ends = ((points[a], points[b]) for a, b in pairs)
    return "".join(
        f"M{p[0]:.1f} {p[1]:.1f}L{q[0]:.1f} {q[1]:.1f}"
        for p, q in ends
        if np.isfinite(p).all() and np.isfinite(q).all()
    )

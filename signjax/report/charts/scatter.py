"""Test clips on a map.

Shapes: N clips.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from signjax.report.charts.svg import WIDTH, chart, label, tag

_SIDE = 400
_MARGIN = 20
_LONGEST = 16
_LETTER, _LINE = 6.6, 12  # units that a letter and a line take


class Place(NamedTuple):
    """A clip on the map.

    Attributes:
      x, y: where it is.
      clip: its name.
      true, predicted: its classes.
      figure: the index of its animation in the page; None if it has none.
    """

    x: float
    y: float
    clip: str
    true: str
    predicted: str
    figure: int | None


def draw_map(places: Sequence[Place]) -> Markup:
    """Dots are right, crosses are wrong. Each names its clip on hover; the name of a class stands in the middle of its clips,
    where there is room."""
    points = np.array([(place.x, place.y) for place in places], np.float64).reshape(-1, 2)
    low, high = (points.min(0), points.max(0)) if len(points) else (np.zeros(2), np.ones(2))
    size = np.array([WIDTH, _SIDE]) - 2 * _MARGIN
    placed = _MARGIN + (points - low) / np.maximum(high - low, 1e-9) * size
    placed[:, 1] = _SIDE - placed[:, 1]
    parts = [tag("rect", x=0.5, y=0.5, width=WIDTH - 1, height=_SIDE - 1, class_="field")]
    order = sorted(range(len(places)), key=lambda i: places[i].true != places[i].predicted)  # mistakes on top
    parts += [_point(places[i], *placed[i]) for i in order]
    members: dict[str, list[int]] = {}
    for index, place in enumerate(places):
        members.setdefault(place.true, []).append(index)
    members = dict(sorted(members.items(), key=lambda entry: -len(entry[1])))
    parts += _names({name: np.median(placed[own], axis=0) for name, own in members.items()})
    wrong = sum(place.true != place.predicted for place in places)
    said = f"Map of {len(places)} test clips of {len(members)} classes; {wrong} are wrong"
    return chart(parts, WIDTH, _SIDE, said, "map")


def _names(middles: Mapping[str, np.ndarray]) -> list[Markup]:
    """The names of classes, the largest classes first, as long as none covers another."""
    taken: list[tuple[float, float, float]] = []
    parts = []
    for name, (middle, y) in middles.items():
        text = label(name, _LONGEST)
        half = _LETTER * len(text) / 2
        x = float(np.clip(middle, half + 2, WIDTH - half - 2))
        if all(abs(x - other) > half + width or abs(y - line) > _LINE for other, line, width in taken):
            taken.append((x, float(y), half))
            parts.append(tag("text", text, x=x, y=float(y) + 4, text_anchor="middle", class_="name"))
    return parts


def _point(place: Place, x: float, y: float) -> Markup:
    wrong = place.true != place.predicted
    told = f"{place.clip}: {place.true}" + (f", predicted {place.predicted}" if wrong else "")
    title, chosen = tag("title", told), place.figure
    if wrong:
        cross = f"M{x - 4:.1f} {y - 4:.1f}l8 8m0-8l-8 8"
        return tag("path", title, d=cross, class_="cross", data_figure=chosen)
    return tag("circle", title, cx=float(x), cy=float(y), r=4, class_="hit", data_figure=chosen)

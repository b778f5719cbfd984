"""The reliability diagram: how often the model is right when it says that it is sure."""

from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from signjax.data.visible import clips
from signjax.report.charts.svg import WIDTH, chart, tag

BINS = 10
_HEIGHT = 290
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 24, 14, 40


class Bin(NamedTuple):
    """The clips of a tenth of the scale of confidence: their `clips`, mean `confidence`, and share that is right, `top1`."""

    clips: int
    confidence: float
    top1: float


def bins_of(confidence: np.ndarray, right: np.ndarray) -> list[Bin]:
    """The ten bins of equal width.

    Args:
      confidence: (N,), probability of the predicted class.
      right: bool (N,).
    """
    place = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    found = []
    for number in range(BINS):
        inside = place == number
        count = int(inside.sum())
        found.append(Bin(count, *(float(v[inside].mean()) if count else 0.0 for v in (confidence, right))))
    return found


def draw_reliability(bins: list[Bin]) -> Markup:
    """Accuracy over confidence, beside the diagonal on which both are equal. The area of a point is its number of clips."""
    right, bottom = WIDTH - _RIGHT, _HEIGHT - _BOTTOM

    def across(share: float) -> float:
        return _LEFT + (right - _LEFT) * share

    def down(share: float) -> float:
        return bottom - (bottom - _TOP) * share

    parts = []
    for share in (0, 0.25, 0.5, 0.75, 1):
        parts.append(tag("line", x1=_LEFT, x2=right, y1=down(share), y2=down(share), class_="grid"))
        parts.append(tag("text", f"{100 * share:g} %", x=_LEFT - 6, y=down(share) + 4, text_anchor="end"))
        parts.append(tag("text", f"{100 * share:g} %", x=across(share), y=bottom + 16, text_anchor="middle"))
    parts.append(tag("text", "probability of the answer", x=across(0.5), y=bottom + 34, text_anchor="middle"))
    parts.append(tag("line", x1=across(0), y1=down(0), x2=across(1), y2=down(1), class_="selected"))
    parts.append(tag("text", "dotted: right as often as it says", x=across(0) + 6, y=down(0.93), class_="soft"))
    most = max((one.clips for one in bins), default=1) or 1
    seen = [one for one in bins if one.clips]
    path = " ".join(f"{across(one.confidence):.1f},{down(one.top1):.1f}" for one in seen)
    parts.append(tag("polyline", points=path, class_="line s0"))
    for one in seen:
        told = f"{clips(one.clips)}: probability {100 * one.confidence:.1f} %, right {100 * one.top1:.1f} %"
        radius = 3 + 9 * (one.clips / most) ** 0.5
        parts.append(
            tag("circle", tag("title", told), cx=across(one.confidence), cy=down(one.top1), r=radius, class_="dot s0")
        )
    said = "; ".join(
        f"probability {100 * one.confidence:.0f} %, right {100 * one.top1:.0f} % of {one.clips}" for one in seen
    )
    return chart(parts, WIDTH, _HEIGHT, f"Reliability: {said}", "reliability")

"""Accuracies as horizontal bars with their intervals, one for each group of clips."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from markupsafe import Markup

from signjax.data.visible import clips
from signjax.report.charts.svg import WIDTH, chart, label, tag

_NAMES, _NUMBERS = 132, 106
_ROW, _BAR = 24, 14


class Bar(NamedTuple):
    """One bar.

    Attributes:
      name: of the group.
      top1: share of its clips that are right.
      interval: its 95 % interval.
      clips: in the group.
      grade: its class in the style sheet: `good`, `weak`, `poor` or `few`.
      marks: what else to mark on the bar's scale: the letter and the value of each.
    """

    name: str
    top1: float
    interval: tuple[float, float]
    clips: int
    grade: str
    marks: Mapping[str, float] = {}


def draw_bars(title: str, bars: Sequence[Bar]) -> Markup:
    """Bars from 0 to 100 %, with the number of clips at the right."""
    right = WIDTH - _NUMBERS
    scale = right - _NAMES
    height = _ROW * len(bars) + 26
    parts: list[Markup] = []
    for quarter in range(5):
        x = _NAMES + scale * quarter / 4
        parts.append(tag("line", x1=x, x2=x, y1=0, y2=height - 22, class_="grid"))
        if quarter % 2 == 0:
            parts.append(tag("text", f"{25 * quarter} %", x=x, y=height - 8, text_anchor="middle"))
    for number, bar in enumerate(bars):
        middle = _ROW * number + _ROW / 2
        low, high = (_NAMES + scale * edge for edge in bar.interval)
        told = (
            f"{bar.name}: {100 * bar.top1:.1f} % of {clips(bar.clips)}, 95 % interval "
            f"{100 * bar.interval[0]:.1f} to {100 * bar.interval[1]:.1f} %{', ' if bar.marks else ''}"
            + ", ".join(f"{letter} {100 * value:.1f} %" for letter, value in bar.marks.items())
        )
        parts.append(
            tag(
                "g",
                tag("title", told),
                tag("text", label(bar.name), x=_NAMES - 8, y=middle + 4, text_anchor="end"),
                tag("rect", x=_NAMES, y=middle - _BAR / 2, width=scale * bar.top1, height=_BAR, rx=2, class_=bar.grade),
                tag(
                    "path",
                    d=f"M{low:.1f} {middle:.1f}H{high:.1f}M{low:.1f} {middle - 4:.1f}v8M{high:.1f} {middle - 4:.1f}v8",
                    class_="whisker",
                ),
                *(
                    tag("text", letter, x=_NAMES + scale * value, y=middle + 4, text_anchor="middle", class_="mark")
                    for letter, value in bar.marks.items()
                ),
                tag("text", f"{100 * bar.top1:.1f} % of {bar.clips:,}", x=right + 8, y=middle + 4),
            )
        )
    said = "; ".join(f"{bar.name} {100 * bar.top1:.1f} % of {bar.clips}" for bar in bars)
    return chart(parts, WIDTH, height, f"{title}: {said}", "bars")

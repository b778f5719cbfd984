"""The elements that all charts are made of. Names are escaped here, so that no chart has to think of it."""

import math
from collections.abc import Iterable

from markupsafe import Markup, escape

from signjax.data.visible import shortened, visible

# Charts are this wide, so that text of 12 units can be read on a telephone and two charts fit beside each other on a screen.
WIDTH = 440
LONGEST_LABEL = 18


def tag(name: str, *children: str, **attributes: object) -> Markup:
    """An element.

    Args:
      name: of the element.
      children: markup, or text, which is escaped.
      attributes: a trailing underscore is dropped, others become hyphens; numbers are rounded to hundredths, None leaves an
        attribute out.

    >>> tag("text", "a < b", x=1.0, text_anchor="end")
    Markup('<text x="1" text-anchor="end">a &lt; b</text>')
    """
    texts = (
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), _written(value))
        for key, value in attributes.items()
        if value is not None
    )
    inner = Markup("").join(child if isinstance(child, Markup) else escape(visible(child)) for child in children)
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), Markup("").join(texts), inner)


def _written(value: object) -> str:
    return f"{round(value, 2):g}" if isinstance(value, float) else str(value)


def chart(parts: Iterable[Markup], width: float, height: float, said: str, kind: str) -> Markup:
    """A whole chart.

    Args:
      parts: its elements.
      width, height: of its field, in units.
      said: the text alternative: what the chart shows, in words and numbers.
      kind: its class in the style sheet.
    """
    return tag(
        "svg",
        *parts,
        viewBox=f"0 0 {width:g} {height:g}",
        class_=f"chart {kind}",
        role="img",
        aria_label=visible(said),
        style=f"--natural: {width:g}px",
    )


def label(name: str, most: int = LONGEST_LABEL) -> str:
    """A name as it stands in a chart: on one line, and short."""
    return shortened(visible(name), most)


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers from `low` to `high`, at most `most` + 1 of them.

    >>> ticks(0, 41)
    [0.0, 10.0, 20.0, 30.0, 40.0]
    """
    rough = max(high - low, 1e-9) / most
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(number * step, 10) for number in range(first, last + 1)]

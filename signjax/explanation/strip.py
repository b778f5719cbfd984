"""Draws an explanation: stick figures over a strip of importance, one row for each region of the body, as SVG in a page.

Blue speaks for the class, orange against it, and the stronger, the less transparent and the thicker. Both colours are told apart by
people who see few colours, and stand out from a light page as from a dark one. All else has the colour of the page's text.

Shapes: T frames, R regions, S figures.
"""

from collections.abc import Iterator, Mapping
from html import escape

import numpy as np

from signjax.data.visible import visible
from signjax.explanation.explanation import Explanation
from signjax.explanation.figures import Figures, draw_figures

FOR, AGAINST = "#2f80d8", "#dd7a12"
# In units of the picture, which is scaled to the page.
LABELS, _WIDTH, _ROW, _GAP, _TEXT = 118, 640, 15, 4, 11
_FIGURES = 8
_FAINT = 0.03  # of the strongest; a weaker cell cannot be told from an empty one


def explanation_strip(explanation: Explanation) -> str:
    """A `<figure>` with the explanation of a clip, to be put into any page: it needs no style and no script.

    Its text alternative, and its caption, is the explanation in words.
    """
    regions = {name: values for name, values in explanation.regions.items() if np.abs(values).any()}
    figures = draw_figures(explanation, _FIGURES)
    parts: list[str] = []
    top = 0
    if figures is not None:
        height = round(_WIDTH / _FIGURES / 0.85)
        parts += _drawn(figures, height)
        top = height + _GAP
    strongest = max((float(np.abs(values).max()) for values in regions.values()), default=0.0) or 1.0
    shares = explanation.shares
    for name, values in regions.items():
        parts.append(_row(name, percent(shares[name]), values / strongest, top))
        top += _ROW + 1
    if explanation.attention is not None:
        top += _GAP
        looks = explanation.attention / explanation.attention.max()
        parts.append(_row("self-attention", "", looks, top, colour="currentColor"))
        top += _ROW + 1
    parts += _axis(explanation.times, top)
    top += 2 * _TEXT
    words = escape(visible(explanation.sentence))
    picture = (
        f'<svg class="explanation" viewBox="0 0 {LABELS + _WIDTH} {top}" role="img" aria-label="{words}" fill="currentColor" '
        f'font-family="system-ui, sans-serif" font-size="{_TEXT}" style="width: 100%; min-width: 32rem; display: block">'
        f"{''.join(parts)}</svg>"
    )
    return (
        '<figure class="explanation" style="margin: 0; max-width: 60rem">'
        f'<div style="overflow-x: auto">{picture}</div>'
        f'<figcaption style="font-size: .9em; line-height: 1.4">{words} {_legend()}{_note(explanation)}</figcaption></figure>'
    )


def colour_of(value: float) -> str:
    """The colour of a value: of what speaks for the class, or against it."""
    return FOR if value > 0 else AGAINST


def percent(share: float) -> str:
    """A signed share in percent, with a true minus sign."""
    return f"{share:+.0%}".replace("-", "\u2212") if round(100 * share) else "0%"


def _drawn(figures: Figures, height: int) -> Iterator[str]:
    """The stick figures side by side, each in the middle of its stretch of time."""
    width = _WIDTH / len(figures.lines)
    for number, lines in enumerate(figures.lines):
        yield f'<svg x="{LABELS + number * width:.1f}" width="{width:.1f}" height="{height}" viewBox="0 0 100 118">'
        yield (
            '<g fill="none" stroke="currentColor" stroke-opacity=".3" stroke-width="1.4" stroke-linecap="round">'
            f"{figures.head(number)}"
            f'<path d="{"".join(lines.values())}"/></g>'
        )
        for name, path in lines.items():
            value = figures.values[name][number]
            if path and abs(value) > _FAINT:
                yield (
                    f'<path d="{path}" fill="none" stroke="{colour_of(value)}" stroke-opacity="{abs(value):.2f}" '
                    f'stroke-width="{1.4 + 3 * abs(value):.1f}" stroke-linecap="round"/>'
                )
        yield "</svg>"


def _row(name: str, share: str, values: np.ndarray, top: float, colour: str = "") -> str:
    """A row of the strip, from values between -1 and 1; (T,)."""
    width = _WIDTH / len(values)
    cells = "".join(
        f'<rect x="{LABELS + at * width:.1f}" y="{top:g}" width="{width:.2f}" height="{_ROW}" '
        f'fill="{colour or colour_of(value)}" fill-opacity="{abs(value):.2f}"/>'
        for at, value in enumerate(values.tolist())
        if abs(value) > _FAINT
    )
    middle = top + _ROW - 4
    return (
        f'<g><title>{escape(visible(name))} {share}</title><text x="0" y="{middle:g}">{escape(visible(name))}</text>'
        f'<text x="{LABELS - 6}" y="{middle:g}" text-anchor="end">{share}</text>'
        f'<rect x="{LABELS}" y="{top:g}" width="{_WIDTH}" height="{_ROW}" fill-opacity=".06"/>{cells}</g>'
    )


def _axis(times: np.ndarray, top: float) -> Iterator[str]:
    """The numbers of the first, the middle and the last frame."""
    marks: Mapping[int, str] = {0: "start", (len(times) - 1) // 2: "middle", len(times) - 1: "end"}
    for at, anchor in marks.items():
        x = LABELS + {"start": 0.0, "middle": (at + 0.5) / len(times) * _WIDTH, "end": _WIDTH}[anchor]
        word = "frame " if at == 0 else ""
        yield f'<text x="{x:.1f}" y="{top + _TEXT}" text-anchor="{anchor}" fill-opacity=".75">{word}{times[at]}</text>'


def _legend() -> str:
    swatches = ((FOR, "for the class"), (AGAINST, "against it"))
    return " ".join(
        f'<span style="white-space: nowrap"><span aria-hidden="true" style="color: {colour}">&#9632;</span> {words}</span>'
        for colour, words in swatches
    )


def _note(explanation: Explanation) -> str:
    return f"<br>{escape(visible(explanation.note))}." if explanation.note else ""

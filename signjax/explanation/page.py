"""A page of explanations, in a single file: each clip moves, with the regions of the body in the colours of its strip.

Shapes: T frames, R regions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from signjax.explanation.explanation import Explanation
from signjax.explanation.figures import lines_of_regions
from signjax.explanation.strip import AGAINST, FOR, LABELS, explanation_strip
from signjax.report.figures import FIELD, MISSING, MOST_FRAMES, draw, evenly_spread, stick_of
from signjax.report.template import template


@dataclass(frozen=True)
class Entry:
    """A clip on the page.

    Attributes:
      explanation: of its answer.
      answer: what the model said, in words.
    """

    explanation: Explanation
    answer: str


def explanations_page(title: str, entries: Sequence[Entry]) -> str:
    """The HTML of a page of explanations.

    Args:
      title: what the clips are.
      entries: at least one, all of one layout.
    """
    return template("page.html", "signjax.explanation").render(
        title=title,
        entries=[
            {
                "clip": entry.explanation.clip,
                "answer": entry.answer,
                "strip": explanation_strip(entry.explanation),
                "moving": moving(entry.explanation),
            }
            for entry in entries
        ],
        field=FIELD,
        missing=MISSING,
        colours=(FOR, AGAINST),
        labels=LABELS,
    )


def moving(explanation: Explanation) -> Mapping[str, Any] | None:
    """What the page's script needs to move a clip; None if its layout cannot be drawn.

    Returns:
      `points`, `radius`, `head` and `data` as `signjax.report.figures.draw` has them; `lines`, for each region, pairs of points;
      `values`, for each region and drawn frame, its importance in percent of the largest; and `at`, where in the clip each drawn
      frame is, from 0 to 1.
    """
    stick = stick_of(explanation.layout)
    if stick is None:
        return None
    count = len(explanation.frames)
    kept = evenly_spread(count, MOST_FRAMES)  # as `draw` does
    lines = lines_of_regions(explanation, stick)
    largest = max(float(np.abs(explanation.regions[name]).max()) for name in lines) or 1.0
    return {
        **draw(explanation.frames, explanation.valid, explanation.layout, stick),
        "points": len(stick.points) + stick.head,
        "head": stick.head,
        "lines": list(lines.values()),
        "values": [np.round(100 * explanation.regions[name][kept] / largest).astype(int).tolist() for name in lines],
        "at": np.round((kept + 0.5) / count, 4).tolist(),
    }

"""What an accuracy means, as the class of the style sheet that colours it and as a word beside it."""

from collections.abc import Mapping
from typing import Any

# With fewer clips, an accuracy is not graded.
FEWEST_CLIPS = 10
POOR_BELOW = 0.5
WORDS = {"good": "good", "weak": "weak", "poor": "poor", "few": "too few clips"}
# The level of a verdict -> the class that colours it, and a sign that can be read without colour.
LEVELS = {
    "good": ("good", "✓"),
    "weak": ("weak", "!"),
    "worse_than_baseline": ("poor", "✕"),
    "too_few_clips": ("few", "?"),
}


def grade(top1: float, clips: int, good_from: float) -> str:
    """The grade of a top-1 accuracy: `few` below 10 clips, `poor` below 50 %, `weak` below `good_from`, else `good`."""
    if clips < FEWEST_CLIPS:
        return "few"
    if top1 < POOR_BELOW:
        return "poor"
    return "good" if top1 >= good_from else "weak"


def worse(one: str, other: str) -> str:
    """The grade of the two that promises less."""
    return max(one, other, key=list(WORDS).index)


def grade_of_head(head: str, summary: Mapping[str, Any]) -> tuple[str, str]:
    """The grade of a head, and the words for it: its verdict, and where that is weak, whether it is worse than weak."""
    judged, test = summary["verdict"]["heads"][head], summary["test"][head]
    own = LEVELS[judged["level"]][0]
    if judged["level"] == "weak" and grade(test["top1"], test["clips"], summary["verdict"]["good_from"]) == "poor":
        own = "poor"
    return own, judged["word"].lower()

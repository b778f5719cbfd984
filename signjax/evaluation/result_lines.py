"""The lines of a console that tell how good a model is.

All scores are head -> metrics as `metrics.score` returns them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from signjax.data.visible import clips, shortened, visible
from signjax.evaluation.baselines import NAMES

# With fewer clips, or a 95 % interval of top-1 wider than this share, an accuracy is meaningless.
FEWEST_CLIPS = 10
WIDEST_INTERVAL = 0.4
_NAMED = 5
_LONGEST_NAME = 40


def result_line(
    head: str, values: Mapping[str, Any], baseline: Mapping[str, float], network: float | None = None
) -> str:
    """The accuracy of a head on the test split, always with its number of clips and interval.

    Args:
      head: its name.
      values, baseline: its scores and baselines.
      network: top-1 of the network alone, where its answers are fused.
    """
    low, high = values["top1_interval"]
    doubt = " (too few to tell)" if tells_nothing(values) else ""
    alone = "" if network is None else f"network alone {network:.3f}, "
    others = ", ".join(f"{text} {baseline[name]:.3f}" for name, text in NAMES.items())
    return (
        f"test {_short(head)}: top-1 {values['top1']:.3f} [{low:.3f}, {high:.3f}], top-3 {values['top3']:.3f}, "
        f"top-5 {values['top5']:.3f}, {clips(values['clips'])}{doubt}; {alone}{others}"
    )


def adapted_line(scores: Mapping[str, Mapping[str, Any]]) -> str:
    """The accuracy of each head for new signers whose unlabelled clips were known."""
    shown = [
        f"{_short(head)} {values['top1']:.3f} [{values['top1_interval'][0]:.3f}, {values['top1_interval'][1]:.3f}]"
        for head, values in scores.items()
        if values["clips"]
    ]
    return f"adapted to unlabelled clips of each new signer: top-1 {_listed(shown)}"


def tells_nothing(values: Mapping[str, Any]) -> bool:
    """Whether there are too few clips to measure how good a model is."""
    if values["clips"] < FEWEST_CLIPS:
        return True
    low, high = values["top1_interval"]
    return bool(high - low > WIDEST_INTERVAL)


def _listed(texts: Sequence[str]) -> str:
    more = len(texts) - _NAMED
    rest = f", and {more} other head{'' if more == 1 else 's'}" if more > 0 else ""
    return ", ".join(texts[:_NAMED]) + rest


def _short(head: str) -> str:
    return shortened(visible(head), _LONGEST_NAME)

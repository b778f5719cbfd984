"""How good the members of a model are alone: the spread between seeds, and what answering together gains.

`members` is the name of what `members_alone` returns. Accuracies are fractions of 1.
"""

import statistics
from collections.abc import Mapping
from typing import Any

import numpy as np

from signjax.evaluation.evaluate import Answers, mean_over_heads


def members_alone(answers: Answers) -> dict[str, dict[str, Any]]:
    """Head -> `top1` of each member, their `mean` and standard deviation `std`.

    Only heads with a labelled clip are there; none if the model is a single network.
    """
    found = {}
    for head, right in answers.members.items():
        labelled = answers.labels[head] >= 0
        if labelled.any():
            top1 = [float(share) for share in right[labelled].mean(0)]
            found[head] = {"top1": top1, **_spread(top1)}
    return found


def members_line(members: Mapping[str, Mapping[str, Any]], scores: Mapping[str, Mapping[str, Any]]) -> str:
    """Top-1 of the members alone and of all together, as means over heads, for the scores of the same clips."""
    alone = _spread([float(top1) for top1 in np.mean([values["top1"] for values in members.values()], axis=0)])
    heads = "" if len(members) == 1 else f", means over {len(members)} heads"
    return (
        f"members: top-1 {100 * alone['mean']:.1f} ± {100 * alone['std']:.1f} % alone, "
        f"{100 * mean_over_heads(scores, 'top1'):.1f} % together{heads}"
    )


def _spread(top1: list[float]) -> dict[str, float]:
    return {"mean": statistics.fmean(top1), "std": statistics.stdev(top1)}

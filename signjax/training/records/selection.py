"""Decides which epoch's checkpoint is the best: the run is evaluated with it, and early stopping waits for a better one."""

import math
from dataclasses import dataclass
from typing import Any

# A loss must fall by this share to count as better.
_LEAST_GAIN = 0.01


@dataclass(frozen=True)
class Validation:
    """What an epoch is judged by: `top1`, then `loss`, each the mean over heads."""

    top1: float
    loss: float
    metrics: dict[str, Any]


def better(new: Validation, best: dict[str, Any] | None) -> bool:
    """Whether an epoch is the best so far: by accuracy, or if that is equal by a loss at least 1 % lower.

    The loss of a small validation split decreases slowly long after its accuracy is stable, which is not worth waiting for. If
    validation has no labelled clips, no choice is possible, and every epoch counts as better than the one before.
    """
    if math.isnan(new.top1):
        return True
    if best is None or new.top1 != best["top1"]:
        return best is None or new.top1 > best["top1"]
    return new.loss < (1 - _LEAST_GAIN) * best["loss"]

"""Which epoch's checkpoint is the best: the one by which a run is evaluated, and for which early stopping waits."""

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
    """Whether an epoch is the best so far: by accuracy, and where that is equal by a loss at least 1 % lower.

    The loss of a small validation split creeps down long after its accuracy has settled; that is not worth waiting for. Where
    validation has no labelled clip there is nothing to choose by, and every epoch is better than the one before.
    """
    if math.isnan(new.top1):
        return True
    if best is None or new.top1 != best["top1"]:
        return best is None or new.top1 > best["top1"]
    return new.loss < (1 - _LEAST_GAIN) * best["loss"]

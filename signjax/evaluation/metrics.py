"""Accuracy metrics, computed from logits in NumPy.

Shapes: N clips, C classes. Accuracies are fractions of 1.
"""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Int

_Z_95 = 1.959963984540054  # the normal distribution's 97.5 % quantile


def true_class_rank(logits: Float[np.ndarray, "n c"], labels: Int[np.ndarray, "n"]) -> Int[np.ndarray, "n"]:
    """The number of other classes that score at least as high as the true class; 0 means correct.

    A tie counts against the model: logits that are all equal, or NaN, are never correct.
    """
    true = np.take_along_axis(logits, labels[:, None], axis=1)
    at_least = ~(logits < true)  # also true where a comparison with NaN is neither
    return at_least.sum(1) - 1


def top_k(rank: Int[np.ndarray, "n"], k: int) -> float:
    """Share of clips whose true class is among the k best."""
    return float((rank < k).mean())


def macro_top1(rank: Int[np.ndarray, "n"], labels: Int[np.ndarray, "n"]) -> float:
    """The mean of the per-class accuracy over the classes that occur."""
    count = np.bincount(labels)
    right = np.bincount(labels, weights=rank == 0)
    return float((right[count > 0] / count[count > 0]).mean())


def right_by_name(names: Sequence[str], right: Bool[np.ndarray, "n"]) -> dict[str, tuple[int, int]]:
    """Name -> how many of its clips are right, and how many it has; clips without a name are left out."""
    clips, hits = Counter[str](), Counter[str]()
    for name, hit in zip(names, right.tolist(), strict=True):
        if name:
            clips[name] += 1
            hits[name] += hit
    return {name: (hits[name], count) for name, count in clips.items()}


def wilson_interval(successes: float, count: int) -> tuple[float, float]:
    """The 95 % confidence interval of a share, for `successes` out of `count` independent clips.

    Source: Wilson (1927).
    """
    share, z2 = successes / count, _Z_95**2
    centre = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = _Z_95 / (1 + z2 / count) * math.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def score(
    logits: Float[np.ndarray, "n c"], labels: Int[np.ndarray, "n"], losses: Float[np.ndarray, "n"]
) -> dict[str, float | int | list[float]]:
    """All metrics of one head over the clips that have a label.

    Args:
      logits: of each clip.
      labels: -1 = not labelled.
      losses: of each clip.

    Returns:
      clips, top1, top3, top5, macro_top1, loss, top1_interval; only `clips`, with value 0, if no clip is labelled.
    """
    labelled = labels >= 0
    count = int(labelled.sum())
    if count == 0:
        return {"clips": 0}
    labels = labels[labelled]
    rank = true_class_rank(logits[labelled], labels)
    return {
        "clips": count,
        "top1": top_k(rank, 1),
        "top3": top_k(rank, 3),
        "top5": top_k(rank, 5),
        "macro_top1": macro_top1(rank, labels),
        "loss": float(losses[labelled].mean()),
        "top1_interval": list(wilson_interval(int((rank == 0).sum()), count)),
    }

"""Accuracy by length, visibility, signer and take.

`summary.json` has it under `breakdown`: head -> a list of groupings, each with `by`, `groups` and `more`.

Shapes: N clips. Accuracies are fractions of 1.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from signjax.data.dataset import Dataset
from signjax.evaluation.evaluate import Answers
from signjax.evaluation.metrics import right_by_name, true_class_rank, wilson_interval

_PARTS = 4
_MOST_GROUPS = 24
_NUMBER = re.compile(r"(\d+)")


def breakdown(dataset: Dataset, test: Answers, head: str) -> list[dict[str, Any]]:
    """All ways to divide the labelled test clips of a head that give at least two groups.

    Args:
      dataset: with the length, visibility and signer of each clip.
      test: the answers for the test clips.
      head: its name.

    Returns:
      For each way: `by` (what the clips are divided by), `groups` (each with `name`, `clips`, `top1` and `interval`) and `more`
      (the number of groups that were left out because there are too many).
    """
    labelled = test.labels[head] >= 0
    right = (true_class_rank(test.logits[head], np.maximum(test.labels[head], 0)) == 0)[labelled]
    clips = test.clips[labelled]
    told = [dataset.clips[i] for i in clips]
    takes = takes_of([clip["signer"] for clip in dataset.clips], _labels(dataset, head), _names(dataset))
    ways = {
        "length, in frames": by_quarters(np.array([int(clip["frames"]) for clip in told]), right, ""),
        "share of parts seen": by_quarters(
            np.array([int(100 * float(clip["valid_share"])) for clip in told]), right, " %"
        ),
        "signer": _worst_first(by_name([clip["signer"] for clip in told], right)),
        "take (which clip of a sign by the same signer)": sorted(
            by_name([str(takes.get(int(i), "")) for i in clips], right), key=lambda group: int(group["name"])
        ),
    }
    return [
        {"by": by, "groups": groups[:_MOST_GROUPS], "more": max(len(groups) - _MOST_GROUPS, 0)}
        for by, groups in ways.items()
        if len(groups) > 1
    ]


def _labels(dataset: Dataset, head: str) -> list[int]:
    labels: list[int] = dataset.labels[:, list(dataset.heads).index(head)].tolist()
    return labels


def _names(dataset: Dataset) -> list[str]:
    return [clip["clip"] for clip in dataset.clips]


def _group(name: str, right: int, clips: int) -> dict[str, Any]:
    return {"name": name, "clips": clips, "top1": right / clips, "interval": list(wilson_interval(right, clips))}


def by_quarters(values: np.ndarray, right: np.ndarray, unit: str) -> list[dict[str, Any]]:
    """Four groups with about as many clips each, in ascending order; fewer where values coincide.

    Args:
      values: int (N,).
      right: bool (N,).
      unit: what is written behind a value.
    """
    if not len(values):
        return []
    edges = np.unique(np.quantile(values, np.arange(1, _PARTS) / _PARTS, method="lower"))
    place = np.searchsorted(edges, values, "left")
    groups = []
    for number in np.unique(place):
        inside = place == number
        low, high = int(values[inside].min()), int(values[inside].max())
        name = f"{low}{unit}" if low == high else f"{low} to {high}{unit}"
        groups.append(_group(name, int(right[inside].sum()), int(inside.sum())))
    return groups


def by_name(names: Sequence[str], right: np.ndarray) -> list[dict[str, Any]]:
    """A group for each name; clips without a name are in none."""
    return [_group(name, *counts) for name, counts in right_by_name(names, right).items()]


def _worst_first(groups: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(groups, key=lambda group: (group["top1"], -group["clips"], group["name"]))


def takes_of(signers: Sequence[str], labels: Sequence[int], names: Sequence[str]) -> Mapping[int, int]:
    """Clip -> which of the clips of the same class by the same signer it is, from 1, in the order of their names.

    Names are ordered by their numbers: `take2` is before `take10`. Clips without a signer or a class (-1) are left out.
    """
    together: dict[tuple[str, int], list[int]] = defaultdict(list)
    for index, (signer, label) in enumerate(zip(signers, labels, strict=True)):
        if signer and label >= 0:
            together[signer, label].append(index)

    def key(index: int) -> list[tuple[bool, int, str]]:
        parts = _NUMBER.split(names[index])
        return [(True, int(part), "") if part.isdecimal() else (False, 0, part) for part in parts]

    return {index: number for same in together.values() for number, index in enumerate(sorted(same, key=key), 1)}

"""Reports before training whether a task can be learned and tested as posed.

Shapes: N clips.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from signjax.data.labels.feasibility import FEWEST_CLIPS, Labels
from signjax.data.splits.split import SPLITS

# With a smaller median of clips per class, a model mostly learns who signed each clip and how.
_FEW_CLIPS = 5


def feasibility(labels: Sequence[Labels], heads: Sequence[str], group: np.ndarray) -> dict[str, dict[str, Any]]:
    """For each head, whether the labels of N usable clips can be learned and tested.

    Args:
      labels: head -> class, for each clip.
      heads: the heads to learn.
      group: int (N,); clips that must stay on one side of a split share a number.

    Returns:
      Head -> `clips` labelled, `classes`, `clips_per_class` and `groups_per_class` (least, median, most), `singletons`
      (classes with one clip), `one_group` (classes of several clips that are all in one group), `left_out` (classes, clips and
      the reason), `majority` (the largest class left and its share), `learnable`, and a plain `sentence`.
    """
    return {head: _head([row.get(head) for row in labels], group) for head in heads}


def _head(names: Sequence[str | None], group: np.ndarray) -> dict[str, Any]:
    clips = Counter(name for name in names if name is not None)
    groups: dict[str, set[int]] = defaultdict(set)
    for name, number in zip(names, group.tolist(), strict=True):
        if name is not None:
            groups[name].add(number)
    left = {name: count for name, count in clips.items() if count >= FEWEST_CLIPS}
    rare = clips.keys() - left.keys()
    most = max(left, key=lambda name: (left[name], name), default=None)
    report: dict[str, Any] = {
        "clips": clips.total(),
        "classes": len(clips),
        "clips_per_class": _spread(list(clips.values())),
        "groups_per_class": _spread([len(members) for members in groups.values()]),
        "singletons": len(rare),
        "one_group": sum(len(groups[name]) == 1 for name in left),
        "left_out": {
            "classes": len(rare),
            "clips": len(rare),
            "why": f"a class needs {FEWEST_CLIPS} clips, one to learn from and one to be tested on" if rare else "",
        },
        "majority": None if most is None else {"class": most, "share": left[most] / sum(left.values())},
        "learnable": len(left) > 1 and len(rare) < len(clips) / 2,
    }
    return report | {"sentence": _sentence(report, sorted(left.values()))}


def _spread(counts: Sequence[int]) -> dict[str, float]:
    values = np.array(counts or [0])
    return {"least": int(values.min()), "median": float(np.median(values)), "most": int(values.max())}


def _sentence(report: Mapping[str, Any], left: Sequence[int]) -> str:
    classes, rare = report["classes"], report["singletons"]
    if classes == 0:
        return "has no labelled clips"
    alone = f"{rare:,} of {classes:,} classes {'has' if rare == 1 else 'have'} a single clip"
    if len(left) < 2:
        return f"cannot be learned: {alone if rare else 'there is only one class'}"
    if not report["learnable"]:
        return (
            f"cannot be learned as posed: {alone}; {len(left):,} classes with {sum(left):,} clips are left, "
            f"{np.median(left):g} per class"
        )
    doubts = []
    if rare:
        doubts.append(f"{alone} and cannot be")
    if report["one_group"]:
        doubts.append(
            f"{_have(report['one_group'])} clips of only one signer or group and cannot be both learned and tested"
        )
    if np.median(left) < _FEW_CLIPS:
        doubts.append(f"{np.median(left):g} clips per class are few: expect low accuracy")
    return "can be learned and tested" + "".join(f"; {doubt}" for doubt in doubts)


def _have(classes: int) -> str:
    return "1 class has" if classes == 1 else f"{classes:,} classes have"


def with_splits(
    report: dict[str, dict[str, Any]], labels: np.ndarray, assignment: np.ndarray
) -> dict[str, dict[str, Any]]:
    """The report with the number of classes in each split, and a warning if some are not tested.

    Args:
      report: as returned by `feasibility`.
      labels: int (N, heads), the labels of the remaining clips; -1 = not labelled.
      assignment: int (N,), index into `SPLITS`.
    """
    found = {}
    for column, (head, fields) in enumerate(report.items()):
        codes = labels[:, column]
        of = {split: len(np.unique(codes[(assignment == index) & (codes >= 0)])) for index, split in enumerate(SPLITS)}
        untested = of["train"] - of["test"]
        sentence = fields["sentence"] + (f"; {_have(untested)} no test clip" if untested > 0 else "")
        found[head] = fields | {"classes_of_split": of, "sentence": sentence}
    return found


def lines(report: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The report, one line per head."""
    said = []
    for head, fields in report.items():
        clips, most = fields["clips_per_class"], fields["majority"]
        classes = "1 class of" if fields["classes"] == 1 else f"{fields['classes']:,} classes of"
        numbers = f"{classes} {_range(clips)} {'clip' if clips['most'] == 1 else 'clips'}"
        baseline = "" if most is None else f"; majority {most['class']!r} {most['share']:.1%}"
        said.append(f"feasibility: {head} {fields['sentence']} ({numbers}{baseline})")
    return said


def _range(spread: Mapping[str, float]) -> str:
    if spread["least"] == spread["most"]:
        return f"{spread['least']}"
    return f"{spread['least']} to {spread['most']}, median {spread['median']:g},"

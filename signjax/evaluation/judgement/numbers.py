"""The numbers that a run is judged by.

Shapes: N clips, C classes. Accuracies are fractions of 1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from signjax.data.dataset import Dataset
from signjax.evaluation.evaluate import Answers
from signjax.evaluation.metrics import right_by_name, true_class_rank

_SPLITS = ("test", "valid")


class SignerCount(NamedTuple):
    """How many of a signer's test clips the model got `right`, of how many `clips`."""

    right: int
    clips: int


class ClassCount(NamedTuple):
    """A class on the test split.

    Attributes:
      clips: of this class.
      predicted: clips, of whatever class, that the model gave this class.
      mistaken_for: what it gave the clips of this class most often.
    """

    clips: int
    predicted: int
    mistaken_for: str


@dataclass(frozen=True)
class HeadNumbers:
    """All that one head is judged by.

    Attributes:
      head: its name.
      scores: `test` and `valid` -> metrics as `metrics.score` returns them; those of the test split also have what
        `calibration.calibration` returns.
      baselines: `test` and `valid` -> top-1 of each baseline; empty where no clip of the split is labelled.
      signers: signer -> test clips; empty if signers are not known.
      classes: class -> test clips, for the classes that have any.
      training_top1: of the selected epoch, with augmentation and dropout, by the network alone; None if it is not known.
      validation_top1: of the same epoch and network.
      network: metrics of the network alone on the test split, where its answers are fused; else empty.
    """

    head: str
    scores: Mapping[str, Mapping[str, Any]]
    baselines: Mapping[str, Mapping[str, float]]
    signers: Mapping[str, SignerCount] = field(default_factory=dict)
    classes: Mapping[str, ClassCount] = field(default_factory=dict)
    training_top1: float | None = None
    validation_top1: float | None = None
    network: Mapping[str, Any] = field(default_factory=dict)


def numbers_of(
    dataset: Dataset,
    test: Answers,
    scores: Mapping[str, Mapping[str, Any]],
    baselines: Mapping[str, Mapping[str, Any]],
    record: Mapping[str, Any] | None,
    network: Mapping[str, Mapping[str, Any]],
) -> list[HeadNumbers]:
    """The numbers of each head.

    Args:
      dataset: with the signers and the names of the classes.
      test: the answers for test clips.
      scores, baselines: split -> head -> metrics, and top-1 of each baseline.
      record: of the selected epoch in `metrics.jsonl`; None if there is none.
      network: head -> metrics of the network alone on the test split; empty where it answers alone.
    """
    signers = [dataset.clips[i]["signer"] for i in test.clips]
    return [
        HeadNumbers(
            head,
            {split: scores[split][head] for split in _SPLITS},
            {split: baselines[split].get(head, {}) for split in _SPLITS},
            count_signers(test.logits[head], test.labels[head], signers),
            count_classes(test.logits[head], test.labels[head], classes),
            record["train"].get(f"top1/{head}") if record else None,
            record["valid"].get(head, {}).get("top1") if record else None,
            network.get(head, {}),
        )
        for head, classes in dataset.heads.items()
    ]


def count_signers(logits: np.ndarray, labels: np.ndarray, signers: Sequence[str]) -> dict[str, SignerCount]:
    """Signer -> right answers and clips, over the labelled clips of signers with a name.

    Args:
      logits: (N, C).
      labels: int (N,), -1 = not labelled.
      signers: of each clip; empty where not known.
    """
    right = true_class_rank(logits, np.maximum(labels, 0)) == 0
    known = [signer if label >= 0 else "" for signer, label in zip(signers, labels.tolist(), strict=True)]
    return {signer: SignerCount(*counts) for signer, counts in right_by_name(known, right).items()}


def count_classes(logits: np.ndarray, labels: np.ndarray, classes: Sequence[str]) -> dict[str, ClassCount]:
    """Class -> its test clips and predictions, for the classes with a test clip; arguments as for `count_signers`."""
    labelled = labels >= 0
    if not labelled.any():
        return {}
    table = np.zeros((len(classes), len(classes)), np.int64)
    np.add.at(table, (labels[labelled], logits[labelled].argmax(1)), 1)
    predicted = table.sum(0)
    return {
        classes[code]: ClassCount(int(row.sum()), int(predicted[code]), classes[int(row.argmax())])
        for code, row in enumerate(table)
        if row.any()
    }

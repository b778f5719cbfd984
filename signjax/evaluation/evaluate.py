"""Runs a model over clips and gathers its outputs.

Shapes: N clips, C classes, M members.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from signjax.data.batching.batch import Batch
from signjax.data.batching.collate import collate, prefetch
from signjax.data.batching.epoch_plan import assign_buckets, plan_evaluation
from signjax.data.dataset import Dataset
from signjax.evaluation.metrics import score

# Maps a batch to {head: {"logits": (B, C), "loss": (B,)}} in NumPy; with several members also "members": (B, M).
Answer = Callable[[Batch], Mapping[str, Mapping[str, np.ndarray]]]


@dataclass(frozen=True)
class Answers:
    """The outputs of a model for N clips.

    Attributes:
      clips: int64 (N,), indices into the dataset.
      logits: head -> float32 (N, C).
      losses: head -> float32 (N,).
      labels: head -> int32 (N,), -1 = not labelled.
      members: head -> bool (N, M), whether each member alone is right; empty if the model is a single network.
    """

    clips: np.ndarray
    logits: dict[str, np.ndarray]
    losses: dict[str, np.ndarray]
    labels: dict[str, np.ndarray]
    members: dict[str, np.ndarray] = field(default_factory=dict)

    def scores(self) -> dict[str, dict[str, Any]]:
        """Head -> its metrics."""
        return {head: score(self.logits[head], self.labels[head], self.losses[head]) for head in self.logits}


def answers_for(
    dataset: Dataset, clips: np.ndarray, answer: Answer, batch_size: int, buckets: tuple[int, ...]
) -> Answers:
    """Runs the model over `clips`, each once, batched by bucket; the outputs are in the order of `clips`."""
    labels = {head: dataset.labels[clips, column] for column, head in enumerate(dataset.heads)}
    if not len(clips):
        none = {head: np.zeros((0, len(classes)), np.float32) for head, classes in dataset.heads.items()}
        return Answers(clips, none, {head: np.zeros(0, np.float32) for head in dataset.heads}, labels)
    planned = list(plan_evaluation(assign_buckets(dataset.lengths[clips], buckets), batch_size))
    batches = (collate(dataset, clips[batch.clips], batch_size, batch.frames) for batch in planned)
    results = [answer(batch) for batch in (prefetch(batches) if len(planned) > 1 else batches)]
    back = np.argsort(np.concatenate([batch.clips for batch in planned]))

    def join(head: str, what: str) -> np.ndarray:
        return np.concatenate([result[head][what] for result in results])[: len(clips)][back]

    return Answers(
        clips,
        logits={head: join(head, "logits") for head in dataset.heads},
        losses={head: join(head, "loss") for head in dataset.heads},
        labels=labels,
        members={head: join(head, "members") for head in dataset.heads if "members" in results[0][head]},
    )


def joined(some: Sequence[Answers]) -> Answers:
    """All answers as one; at least one must be given."""

    def join(name: str) -> dict[str, np.ndarray]:
        return {head: np.concatenate([getattr(one, name)[head] for one in some]) for head in getattr(some[0], name)}

    clips = np.concatenate([one.clips for one in some])
    return Answers(clips, join("logits"), join("losses"), join("labels"), join("members"))


def mean_over_heads(scores: Mapping[str, Mapping[str, Any]], measure: str) -> float:
    """The mean of a metric over the heads that have labelled clips; NaN if none has."""
    measured = [values[measure] for values in scores.values() if values["clips"]]
    return float(np.mean(measured)) if measured else float("nan")

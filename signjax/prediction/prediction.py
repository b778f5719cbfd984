"""What a model says of a clip.

Shapes: C classes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from signjax.errors import InputError
from signjax.evaluation.calibration import probabilities
from signjax.evaluation.predict import best_classes
from signjax.explanation.explainer import check_names
from signjax.explanation.explanation import Explanation


@dataclass(frozen=True)
class HeadPrediction:
    """What a model says of a clip, for one head.

    Attributes:
      classes: the names of all classes.
      logits: float32 (C,), in their order.
    """

    classes: Sequence[str]
    logits: np.ndarray

    @property
    def probabilities(self) -> np.ndarray:
        """(C,), in the order of `classes`; they add up to 1."""
        return probabilities(self.logits[None])[0]

    @property
    def name(self) -> str:
        """The most likely class."""
        return self.top(1)[0][0]

    @property
    def probability(self) -> float:
        """The probability of the most likely class."""
        return self.top(1)[0][1]

    def top(self, count: int = 5) -> list[tuple[str, float]]:
        """Classes with their probabilities, the most likely first."""
        return best_classes(self.logits[None], self.classes, count)[0]


class _Explain(Protocol):
    """A function that explains an answer for one clip."""

    def __call__(self, head: str, of: str, against: str | None) -> Explanation:
        """What speaks for class `of` of a head, rather than for `against`."""


@dataclass(frozen=True)
class Prediction(Mapping[str, HeadPrediction]):
    """What a model says of a clip: a mapping from the name of a head to its prediction.

    Attributes:
      clip: the name of the clip.
      heads: head -> prediction.
      explainer: explains it, and keeps the frames of the clip for that; None where nothing can.
    """

    clip: str
    heads: Mapping[str, HeadPrediction]
    explainer: _Explain | None = field(default=None, repr=False, compare=False)

    def explain(self, head: str | None = None, of: str | None = None, against: str | None = None) -> Explanation:
        """Which frames and body parts speak for a class; computed only when asked for.

        Args:
          head: the head; the first one if None.
          of: the class; the most likely one if None.
          against: the class to compare with; all others, on average, if None.

        Raises:
          InputError: there is no such head or class, or the model cannot explain its answers.
        """
        if self.explainer is None:
            raise InputError(
                f"{self.clip}: this model cannot explain its answers; load the run folder, and predict the clip again"
            )
        head = next(iter(self.heads)) if head is None else head
        check_names({name: one.classes for name, one in self.heads.items()}, head, [])
        return self.explainer(head, self.heads[head].name if of is None else of, against)

    def __getitem__(self, head: str) -> HeadPrediction:
        return self.heads[head]

    def __iter__(self) -> Iterator[str]:
        return iter(self.heads)

    def __len__(self) -> int:
        return len(self.heads)

    def __reduce__(self) -> tuple[object, ...]:
        return Prediction, (self.clip, self.heads)  # a compiled program, which explains it, cannot be pickled

    def __str__(self) -> str:
        found = (f"{head} {one.name} ({one.probability:.1%})" for head, one in self.heads.items())
        return f"{self.clip}: {', '.join(found)}"

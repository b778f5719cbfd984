"""Signs from overlapping windows: neighbouring windows with the same answer are one sign."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar


class Named(Protocol):
    """What a model says of a clip, for one head."""

    @property
    def name(self) -> str:
        """The most likely class."""

    @property
    def probability(self) -> float:
        """Its probability."""


Answer = TypeVar("Answer", bound=Mapping[str, Any])


@dataclass(frozen=True)
class Sign(Generic[Answer]):
    """A sign in a stream.

    Attributes:
      start: its first frame, counted from the first of the stream, from 0.
      stop: the frame after its last.
      prediction: what the model says of these frames.
      familiarity: the share of validation clips that look less like a known sign than this, from 0 to 1; None if the run has not
        been evaluated.
      known: whether it is familiar enough to be believed.
    """

    start: int
    stop: int
    prediction: Answer
    familiarity: float | None
    known: bool

    @property
    def names(self) -> tuple[str, ...]:
        """The most likely class of each head."""
        return tuple(one.name for one in self.prediction.values())

    @property
    def weight(self) -> float:
        """What it is compared with others by: its familiarity, or else the mean probability of its classes."""
        if self.familiarity is not None:
            return self.familiarity
        return sum(one.probability for one in self.prediction.values()) / len(self.prediction)


class Runs(Generic[Answer]):
    """Joins windows to signs: a run of windows with the same classes is one sign, which is what its most familiar window says."""

    def __init__(self, fewest: int):
        """Begins with the first window; a run of fewer windows than `fewest` is taken for chance."""
        self._fewest = fewest
        self._best: Sign[Answer] | None = None
        self._windows = 0

    def add(self, window: Sign[Answer] | None) -> list[Sign[Answer]]:
        """Adds the next window, None if it shows no sign; returns the sign of the run that it ends, if it ends one."""
        if window is not None and self._best is not None and window.names == self._best.names:
            self._best, self._windows = max(self._best, window, key=_weight), self._windows + 1
            return []
        found = self.finish()
        self._best, self._windows = window, 1
        return found

    def finish(self) -> list[Sign[Answer]]:
        """The sign of the last run, if it is long enough; the next window begins another."""
        best, self._best = self._best, None
        return [] if best is None or self._windows < self._fewest else [best]


def _weight(window: Sign[Any]) -> float:
    return window.weight

"""The metrics of an epoch, added up step by step, so that they are the same wherever a run was interrupted."""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from signjax.errors import InputError

# The share of steps that were skipped because of values that are not finite; other metrics leave these steps out.
SKIPPED = "skipped"

# Of the last step, while others are means.
_LAST = ("learning_rate",)


class NotFiniteError(Exception):
    """A metric is not finite.

    Attributes:
      step: counted from 0.
      metrics: of this step.
    """

    def __init__(self, step: int, metrics: dict[str, float]):
        super().__init__(step, metrics)
        self.step, self.metrics = step, metrics


class EpochMetrics:
    """Sums over the steps of an epoch, as far as it has come."""

    def __init__(self, first_step: int, saved: Mapping[str, Any] | None = None):
        """Begins with nothing, or goes on.

        Args:
          first_step: of the epoch, counted from 0.
          saved: what `saved` returned before an interruption.
        """
        self._first = first_step
        self.steps: int = saved["steps"] if saved else 0
        self._sums: dict[str, float] = dict(saved["sums"]) if saved else {}

    def saved(self) -> dict[str, Any]:
        """A JSON object from which to go on."""
        return {"steps": self.steps, "sums": self._sums}

    def add(self, metrics: dict[str, jax.Array], count: int) -> None:
        """Adds the first `count` steps of a dispatch, whose metrics have an axis of steps.

        Raises:
          NotFiniteError: a metric of a step that was not skipped is not finite.
        """
        fetched: dict[str, np.ndarray] = jax.device_get(metrics)
        for at in range(count):
            values = {name: float(steps[at]) for name, steps in fetched.items()}
            if values.get(SKIPPED):
                values = {SKIPPED: values[SKIPPED]}
            elif not np.isfinite(list(values.values())).all():
                raise NotFiniteError(self._first + self.steps, values)
            for name, value in values.items():
                self._sums[name] = value if name in _LAST else self._sums.get(name, 0.0) + value
            self.steps += 1

    def means(self) -> dict[str, float]:
        """Means over the steps that were not skipped; the learning rate is that of the last step.

        Raises:
          InputError: all were skipped.
        """
        kept = self.steps - round(self._sums.get(SKIPPED, 0.0))
        if self.steps and not kept:
            raise InputError(
                f"training diverged: loss, gradient or update is not finite in all {self.steps} steps from step {self._first} on, "
                "so skipping them cannot help. Lower config.train.learning_rate, in a new --workdir"
            )
        means = {name: total if name in _LAST else total / kept for name, total in self._sums.items()}
        return means | ({SKIPPED: self._sums[SKIPPED] / self.steps} if SKIPPED in means else {})

"""How a training ended."""

from dataclasses import dataclass
from typing import Any

from signjax.training.state import Variables


@dataclass(frozen=True)
class Outcome:
    """How training ended.

    Attributes:
      epochs, steps: made in all, before and after a resumption.
      seconds: spent training in all.
      selected_epoch: whose moving averages are the model.
      best_epoch: with the best validation result; None without validation.
      stopped_by: `patience`, `epochs`, or `unfinished` where training was cut off.
      first_step_seconds: from the call to the end of the first training step, which is compiled on the way; None where no
        step was made.
      variables: averaged parameters and batch statistics of the selected epoch.
    """

    epochs: int
    steps: int
    seconds: float
    selected_epoch: int
    best_epoch: int | None
    stopped_by: str
    first_step_seconds: float | None
    variables: Variables

    def facts(self) -> dict[str, Any]:
        """All but the variables, for a summary."""
        return {
            "epochs": self.epochs,
            "steps": self.steps,
            "seconds": round(self.seconds, 1),
            "selected_epoch": self.selected_epoch,
            "best_epoch": self.best_epoch,
            "stopped_by": self.stopped_by,
            "first_step_seconds": self.first_step_seconds,
        }


@dataclass(frozen=True)
class Fit:
    """What training gave.

    Attributes:
      first: trained on the training clips; validation results are of it.
      refit: trained on training and validation clips; None where there was no second training.
    """

    first: Outcome
    refit: Outcome | None

    @property
    def model(self) -> Outcome:
        """The one that is tested and predicts."""
        return self.refit or self.first

    def facts(self) -> dict[str, Any]:
        """All but the variables, for a summary."""
        again = {"refit": self.refit.facts() if self.refit else None}
        return self.first.facts() | again

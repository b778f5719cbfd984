"""Calibrates the rejection of unknown signs when a run is evaluated."""

from collections.abc import Mapping

import numpy as np

from signjax.evaluation.evaluate import Answers
from signjax.evaluation.open_set import OpenSet, class_centres, fit_open_set
from signjax.trainer import Trainer
from signjax.training.records.outcome import Fit
from signjax.training.state import Variables


def calibrate(
    trainer: Trainer,
    fit: Fit,
    valid: Answers,
    learned_from: Mapping[str, np.ndarray],
    other: Mapping[str, np.ndarray] | None,
) -> OpenSet | None:
    """What tells the signs of a run from others; None if it has no validation clips.

    Thresholds come from the first fit, which has not learned the validation clips, as the weights of the fusion do. Where the model
    that predicts was trained again with these clips, the centres are its own.

    Args:
      trainer: of the run.
      fit: what training gave.
      valid: the answers of the first fit for the validation clips.
      learned_from: `valid` and `test` -> the clips that the first fit and the model have learned.
      other: head -> log-probabilities (N, C) for the validation clips, of a random-convolution classifier that has learned the same
        clips as the first fit; None if the network answers alone.
    """
    if not len(valid.clips):
        return None

    def centres(variables: Variables, clips: np.ndarray) -> dict[str, np.ndarray]:
        return class_centres(trainer.answers(variables, clips))

    first = centres(fit.first.variables, learned_from["valid"])
    if fit.refit is None:
        return fit_open_set(valid, first, other=other)
    return fit_open_set(valid, first, centres(fit.refit.variables, learned_from["test"]), other)

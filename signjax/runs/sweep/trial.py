"""A trial: trains with some settings, and measures accuracy on validation clips. Test clips are not looked at."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from ml_collections import ConfigDict

from signjax.data.preparation.prepare import prepare
from signjax.data.workers import Workers
from signjax.errors import InputError
from signjax.runs.memory import forget
from signjax.runtime.jax_setup import configure_jax, cores
from signjax.settings.plans import take_apart

Say = Callable[[str], None]


@dataclass(frozen=True)
class Result:
    """What a trial measured.

    Attributes:
      top1: accuracy on validation clips, mean over heads, of the weights that would be the model.
      clips: validation clips with a label.
    """

    top1: float
    clips: int


# Config, folder of the trial, what receives (epoch, validation accuracy) after each epoch and may raise, and say.
TrainTrial = Callable[[ConfigDict, Path, Callable[[int, float], None], Say], Result]


def train_trial(config: ConfigDict, folder: Path, after_epoch: Callable[[int, float], None], say: Say) -> Result:
    """Trains in a folder, or goes on there, without a second training on validation clips and without a test.

    Args:
      config: all settings.
      folder: checkpoints and metrics go there.
      after_epoch: receives the number of an epoch and its accuracy on validation clips; what it raises ends the trial.
      say: prints a line.

    Raises:
      InputError: the data cannot be used, or training diverged.
    """
    from signjax.settings.training_plan import step_bytes
    from signjax.trainer import Trainer
    from signjax.training.records.log import read_log

    plans = take_apart(config)
    with Workers(plans.workers) as workers:
        dataset = prepare(plans.recipe(folder), plans.dataset_folder(folder), say, workers)
    labelled = int((dataset.labels[dataset.indices("valid")] >= 0).any(1).sum())
    if not labelled:
        raise InputError("no validation clip has a label, so there is nothing to judge settings by")
    training = replace(plans.training, loop=replace(plans.training.loop, refit="no"))
    configure_jax(step_bytes(training, cores()), say)

    def judged(path: Path) -> dict[int, float]:
        """Epoch -> accuracy on validation clips."""
        return {record["epoch"]: _top1(record["valid"]) for record in read_log(path / "metrics.jsonl")}

    def follow(path: Path) -> None:
        epoch, top1 = max(judged(path).items())
        after_epoch(epoch, top1)

    folder.mkdir(parents=True, exist_ok=True)
    try:
        fit = Trainer(training, dataset, say, follow).train(folder, say)
    finally:
        forget()
    return Result(judged(folder)[fit.first.selected_epoch], labelled)


def _top1(heads: Mapping[str, Mapping[str, Any]]) -> float:
    """Mean over the heads that have a labelled clip."""
    return fmean(scores["top1"] for scores in heads.values() if scores["clips"])

"""The training loop. Read it from top to bottom."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np

from signjax.data.batching.collate import prefetch
from signjax.errors import InputError
from signjax.plans.training import LoopSettings
from signjax.runtime.compile_counter import compilations
from signjax.training.checkpoint import Checkpoints
from signjax.training.input.batch_stream import Dispatch
from signjax.training.log import MetricsLog, Progress
from signjax.training.selection import Validation, better
from signjax.training.state import TrainState, Variables

Say = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """How training ended.

    Attributes:
      epochs, steps: the totals, before and after a resumption.
      seconds: the total time spent training.
      best_epoch: the epoch of the selected checkpoint.
      stopped_by: `patience`, `epochs`, or `unfinished` if training was interrupted.
      first_step_seconds: from the call to the end of the first training step, including compilation; None if no step was made.
      best_variables: averaged parameters and batch statistics of the selected checkpoint.
    """

    epochs: int
    steps: int
    seconds: float
    best_epoch: int
    stopped_by: str
    first_step_seconds: float | None
    best_variables: Variables

    def facts(self) -> dict[str, Any]:
        """All but the variables, for a summary."""
        return {
            "epochs": self.epochs,
            "steps": self.steps,
            "seconds": round(self.seconds, 1),
            "best_epoch": self.best_epoch,
            "stopped_by": self.stopped_by,
            "first_step_seconds": self.first_step_seconds,
        }


def train(
    make_state: Callable[[], TrainState],
    shapes: TrainState,
    dispatch: Callable[[TrainState, Dispatch], tuple[TrainState, dict[str, jax.Array]]],
    dispatches_of: Callable[[int], Iterable[Dispatch]],
    steps_per_epoch: int,
    batch_size: int,
    validate: Callable[[Variables], Validation],
    settings: LoopSettings,
    workdir: Path,
    dataset_digest: str,
    say: Say,
) -> Outcome:
    """Trains, or resumes, until the epochs are over or validation no longer improves.

    Args:
      make_state: makes a fresh state, where the run has no checkpoint.
      shapes: of a state, with the place of each array; values are not looked at.
      dispatch: runs one or several steps; its first argument is donated, its metrics have an axis of steps.
      dispatches_of: what an epoch, counted from 1, hands to `dispatch`; a pure function.
      steps_per_epoch: steps between two validations.
      batch_size: clips a step, over all devices.
      validate: scores the averaged variables on the validation split.
      settings: how long.
      workdir: the run folder; checkpoints and logs go below it.
      dataset_digest: a run is resumed with the data it began with.
      say: prints a line.

    Raises:
      InputError: a metric is not finite, or the folder's checkpoints are of another model.
    """
    began = time.monotonic()
    with Checkpoints(workdir / "checkpoints") as checkpoints:
        # -- Resume --------------------------------------------------------------------------------
        # 1. A checkpoint is made at the end of an epoch, and holds all that training depends on but the data.
        # 2. The data of a step is a function of (seed, step), so nothing else has to be restored.
        # 3. Records of epochs after the checkpoint are dropped; these epochs are trained again.
        progress: dict[str, Any] = {
            "epoch": 0,
            "best_epoch": 0,
            "best": None,
            "seconds": 0.0,
            "dataset": dataset_digest,
        }
        if checkpoints.latest_step is not None:
            state, progress = _restore(checkpoints, checkpoints.latest_step, shapes, dataset_digest)
            finished = _stop_reason(progress, settings)
            say(
                f"resume: from epoch {progress['epoch']}, step {int(state.step)}"
                + (f"; training was finished already (stopped by {finished})" if finished else "")
            )
        else:
            state = make_state()
        spent_before = progress["seconds"]
        first_step_seconds = None
        compiled_in_first: int | None = None
        total_steps = settings.epochs * steps_per_epoch
        bar = Progress(total_steps, int(state.step))
        with MetricsLog(workdir, progress["epoch"]) as log:
            # -- Epochs ----------------------------------------------------------------------------
            while _stop_reason(progress, settings) is None:
                epoch = progress["epoch"] + 1
                start = time.monotonic()
                first = (epoch - 1) * steps_per_epoch
                collected: list[tuple[dict[str, jax.Array], int]] = []
                for work in prefetch(dispatches_of(epoch)):
                    state, metrics = dispatch(state, work)
                    # The metrics of the dispatch before are waited for while this one runs: the device never waits for us,
                    # and we never run further ahead than one dispatch.
                    jax.block_until_ready(collected[-1:])
                    collected.append((metrics, work.steps))
                    if first_step_seconds is None:
                        jax.block_until_ready(metrics)
                        first_step_seconds = time.monotonic() - began
                        bar.line(f"train: first step after {first_step_seconds:.1f} s")
                    bar.advance(work.steps)
                training = _mean_metrics(collected, first)
                train_seconds = time.monotonic() - start
                # -- Validate, select --------------------------------------------------------------
                validation = validate(state.averaged())
                improved = better(validation, progress["best"])
                progress = {
                    "epoch": epoch,
                    "best_epoch": epoch if improved else progress["best_epoch"],
                    "best": {"top1": validation.top1, "loss": validation.loss} if improved else progress["best"],
                    "seconds": spent_before + time.monotonic() - began,
                    "dataset": dataset_digest,
                }
                log.write(
                    {
                        "epoch": epoch,
                        "step": epoch * steps_per_epoch,
                        "train": training,
                        "valid": validation.metrics,
                        "clips_per_second": round(steps_per_epoch * batch_size / train_seconds, 2),
                    }
                )
                bar.epoch(
                    f"epoch {epoch}/{settings.epochs}, loss {training['loss']:.3f}, valid top-1 {validation.top1:.3f} "
                    f"(best {progress['best']['top1']:.3f} at epoch {progress['best_epoch']})"
                )
                # -- Checkpoint --------------------------------------------------------------------
                last = _stop_reason(progress, settings) is not None
                if improved or last or epoch % settings.checkpoint_epochs == 0:
                    checkpoints.save(state, progress, is_best=improved)
                if compiled_in_first is None:
                    compiled_in_first = compilations()
        bar.close()
        if compiled_in_first is not None:
            later = compilations() - compiled_in_first
            say(f"compilations: {compiled_in_first} up to the end of the first epoch, {later} after it")
        checkpoints.wait()
        return _outcome(checkpoints, shapes, progress, settings, first_step_seconds)


def saved_outcome(workdir: Path, shapes: TrainState, settings: LoopSettings, dataset_digest: str) -> Outcome:
    """How the run in a folder stands, without training; `shapes` as in `train`.

    Raises:
      InputError: the folder has no checkpoint, or one of another model or data set.
    """
    if not (workdir / "checkpoints").is_dir():
        raise InputError(f"{workdir}: the folder has no checkpoint; train first, or name a run folder with --workdir")
    with Checkpoints(workdir / "checkpoints") as checkpoints:
        if checkpoints.latest_step is None:
            raise InputError(f"{workdir}: the folder has no complete checkpoint; train first")
        _, progress = _restore(checkpoints, checkpoints.latest_step, shapes, dataset_digest)
        return _outcome(checkpoints, shapes, progress, settings, None)


def _restore(
    checkpoints: Checkpoints, step: int, shapes: TrainState, dataset_digest: str
) -> tuple[TrainState, dict[str, Any]]:
    state, progress = checkpoints.restore(step, shapes)
    if progress["dataset"] != dataset_digest:
        raise InputError(
            f"{checkpoints.folder}: this run was trained on other data (digest {progress['dataset'][:12]}, but the data now "
            f"have {dataset_digest[:12]}). Choose a new --workdir"
        )
    return state, progress


def _outcome(
    checkpoints: Checkpoints,
    shapes: TrainState,
    progress: dict[str, Any],
    settings: LoopSettings,
    first_step_seconds: float | None,
) -> Outcome:
    best_step, latest_step = checkpoints.best_step, checkpoints.latest_step
    assert best_step is not None and latest_step is not None  # the first epoch is the best so far, and is saved
    best, _ = checkpoints.restore(best_step, shapes)
    return Outcome(
        epochs=progress["epoch"],
        steps=latest_step,
        seconds=progress["seconds"],
        best_epoch=progress["best_epoch"],
        stopped_by=_stop_reason(progress, settings) or "unfinished",
        first_step_seconds=first_step_seconds,
        best_variables=best.averaged(),
    )


def _stop_reason(progress: dict[str, Any], settings: LoopSettings) -> str | None:
    if progress["epoch"] >= settings.epochs:
        return "epochs"
    if progress["epoch"] - progress["best_epoch"] >= settings.patience:
        return "patience"
    return None


def _mean_metrics(collected: list[tuple[dict[str, jax.Array], int]], first: int) -> dict[str, float]:
    """Means over the steps of an epoch; the learning rate is that of its last step.

    Raises:
      InputError: a metric is not finite.
    """
    fetched = [(jax.device_get(metrics), count) for metrics, count in collected]
    values = {name: np.concatenate([metrics[name][:count] for metrics, count in fetched]) for name in fetched[0][0]}
    for name, steps in values.items():
        if not np.isfinite(steps).all():
            step = int(np.flatnonzero(~np.isfinite(steps))[0])
            raise InputError(
                f"training diverged: {name} is not finite from step {first + step} on (steps {first} to "
                f"{first + len(steps) - 1} were checked). Lower config.train.learning_rate"
            )
    means = {name: float(steps.mean()) for name, steps in values.items()}
    means["learning_rate"] = float(values["learning_rate"][-1])
    return means

"""The training loop. Read it from top to bottom."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax

from signjax.data.batching.collate import prefetch
from signjax.errors import InputError
from signjax.plans.training import LoopSettings
from signjax.runtime import processes
from signjax.runtime.compile_counter import compilations
from signjax.runtime.signals import Request, deferred
from signjax.training.checkpoint import CHECKPOINTS, Checkpoints
from signjax.training.input.batch_stream import Dispatch
from signjax.training.records.divergence import diverged
from signjax.training.records.epoch_metrics import EpochMetrics, NotFiniteError
from signjax.training.records.log import MetricsLog, Progress
from signjax.training.records.outcome import Outcome
from signjax.training.records.restored import check_data, restore
from signjax.training.records.run_progress import beginning, interrupted, stop_reason, told
from signjax.training.records.selection import Validation, better
from signjax.training.records.unwritten import NoCheckpoints, NoLog, checkpoints_of, log_of
from signjax.training.state import TrainState, Variables

Say = Callable[[str], None]


def train(
    make_state: Callable[[], TrainState],
    shapes: TrainState,
    place: Callable[[TrainState], TrainState],
    dispatch: Callable[[TrainState, Dispatch], tuple[TrainState, dict[str, jax.Array]]],
    dispatches_of: Callable[[int, int], Iterable[Dispatch]],
    clips_of: Callable[[int], Sequence[str]],
    steps_per_epoch: int,
    batch_size: int,
    validate: Callable[[Variables], Validation] | None,
    settings: LoopSettings,
    workdir: Path,
    dataset_digest: str,
    devices: str,
    say: Say,
    steps_around: tuple[int, int] = (0, 0),
) -> Outcome:
    """Trains, or resumes, until the epochs are over or, with `settings.patience`, validation no longer improves.

    Args:
      make_state: makes a fresh state, where the run has no checkpoint.
      shapes: of a state; values are not looked at.
      place: puts a state that was read from disk where `dispatch` expects it.
      dispatch: runs one or several steps; its first argument is donated, its metrics have an axis of steps.
      dispatches_of: what an epoch, counted from 1, hands to `dispatch` after so many of its steps; a pure function.
      clips_of: the names of the clips of a step, counted from 0.
      steps_per_epoch: steps between two validations.
      batch_size: clips a step, over all devices.
      validate: scores the averaged variables on the validation split; None where there is none.
      settings: how long, the number of epochs known.
      workdir: the run folder; checkpoints and logs go below it.
      dataset_digest: a run is resumed with the data it began with.
      devices: those that share a batch; on others, a resumed run is the same but for rounding, which is said.
      say: prints a line.
      steps_around: the steps of the run's other trainings, before this one and after it; for the progress bar.

    Raises:
      InputError: a metric is not finite, a checkpoint cannot be written, or the folder's checkpoints are of another model.
      Interrupted: there was a request to stop; the step was finished and has a checkpoint.
    """
    began = time.monotonic()
    with checkpoints_of(workdir) as checkpoints, deferred() as request:
        # -- Resume --------------------------------------------------------------------------------
        # 1. A checkpoint holds all that training depends on but the data, and the sums of the metrics of a begun epoch.
        # 2. The data of a step is a function of (seed, step), so nothing else has to be restored.
        # 3. Records of epochs after the checkpoint are dropped; these epochs are trained again.
        restored = restore(checkpoints, workdir, shapes, settings, dataset_digest, devices, say)
        if restored is None or stop_reason(restored[1], settings) is None:
            say("train: compiling the step, or reading it from the cache of compiled programs ...")
        state, progress = (
            (place(restored[0]), restored[1])
            if restored
            else (make_state(), beginning(settings, dataset_digest, devices))
        )
        bar = Progress(settings.epochs * steps_per_epoch, int(state.step), steps_around)
        compiled_in_first: int | None = None
        with log_of(workdir, progress["epoch"], say) as log:
            run = _Run(settings, workdir, checkpoints, log, bar, request, began, progress["seconds"], state)
            # -- Epochs ----------------------------------------------------------------------------
            while stop_reason(progress, settings) is None:
                epoch, start = progress["epoch"] + 1, time.monotonic()
                metrics = EpochMetrics((epoch - 1) * steps_per_epoch, progress["begun"])
                done_before = metrics.steps
                run.steps(dispatch, dispatches_of(epoch, done_before), clips_of, metrics, progress, steps_per_epoch)
                training, train_seconds = metrics.means(), time.monotonic() - start
                # -- Validate, select --------------------------------------------------------------
                validation = _validated(validate, run.state, f"{workdir.name}/{epoch}") if validate else None
                improved = validation is not None and better(validation, progress["best"])
                progress = progress | {"epoch": epoch, "begun": None, "schedule": settings.epochs, "devices": devices}
                if improved or settings.patience == 0:
                    progress |= {"selected_epoch": epoch, "selected_step": int(run.state.step)}
                if validation is not None and improved:
                    progress |= {"best_epoch": epoch, "best": {"top1": validation.top1, "loss": validation.loss}}
                log.write(
                    {
                        "epoch": epoch,
                        "step": epoch * steps_per_epoch,
                        "train": training,
                        **({"valid": validation.metrics} if validation else {}),
                        "clips_per_second": round((metrics.steps - done_before) * batch_size / train_seconds, 2),
                    }
                )
                bar.epoch(f"epoch {epoch}/{settings.epochs}, loss {training['loss']:.3f}" + told(validation, progress))
                # -- Checkpoint --------------------------------------------------------------------
                last = stop_reason(progress, settings) is not None
                # The first epoch's shows early whether there is room for it.
                chosen = epoch == 1 or (improved and settings.patience > 0)
                if chosen or last or epoch % settings.checkpoint_epochs == 0:
                    run.save(progress)
                if compiled_in_first is None:
                    compiled_in_first = compilations()
        bar.close()
        if compiled_in_first is not None:
            later = compilations() - compiled_in_first
            say(f"compilations: {compiled_in_first} up to the end of the first epoch, {later} after it")
        checkpoints.wait()
        if request.number is not None:  # during the last validation
            raise interrupted(request.number, progress["epoch"], int(run.state.step))
        if run.first_step_seconds is not None:
            progress["seconds"] = run.seconds()
        return _outcome(checkpoints, run.state, progress, settings, run.first_step_seconds)


@dataclass
class _Run:
    """What a training changes as it goes on, and where it writes."""

    settings: LoopSettings
    workdir: Path
    checkpoints: Checkpoints | NoCheckpoints
    log: MetricsLog | NoLog
    bar: Progress
    request: Request
    began: float
    spent_before: float
    state: TrainState
    first_step_seconds: float | None = None

    def __post_init__(self) -> None:
        self._saved_at = time.monotonic()

    def seconds(self) -> float:
        """Spent training in all, before and after a resumption."""
        return self.spent_before + time.monotonic() - self.began

    def save(self, progress: dict[str, Any]) -> None:
        """Begins to write a checkpoint, after the records of the epochs that it says are done."""
        self.log.sync()
        selected = {} if self.settings.patience else {"selected_step": int(self.state.step)}
        self.checkpoints.save(self.state, progress | selected | {"seconds": self.seconds()})
        self._saved_at = time.monotonic()

    def steps(
        self,
        dispatch: Callable[[TrainState, Dispatch], tuple[TrainState, dict[str, jax.Array]]],
        dispatches: Iterable[Dispatch],
        clips_of: Callable[[int], Sequence[str]],
        metrics: EpochMetrics,
        progress: dict[str, Any],
        steps: int,
    ) -> None:
        """What is left of an epoch of `steps` steps; its metrics are added to, and saved with a checkpoint within it.

        Raises:
          InputError: a metric is not finite. What is known of the step is then in `diverged.json`.
          Interrupted: there was a request to stop.
        """
        epoch, made = progress["epoch"] + 1, metrics.steps
        running: list[tuple[dict[str, jax.Array], int]] = []

        def settle() -> None:
            """Waits for what is running, and adds its metrics."""
            try:
                while running:
                    metrics.add(*running.pop())
            except NotFiniteError as error:
                raise diverged(error, epoch, clips_of(error.step), self.workdir) from error

        for work in prefetch(dispatches):
            self.state, new = dispatch(self.state, work)
            # The dispatch before is waited for while this one runs: the device never waits for us, and we never run further
            # ahead than one dispatch.
            settle()
            running.append((new, work.steps))
            if self.first_step_seconds is None:
                jax.block_until_ready(new)
                self.first_step_seconds = time.monotonic() - self.began
                self.bar.line(f"train: first step after {self.first_step_seconds:.1f} s")
            self.bar.advance(work.steps)
            asked, made = processes.asked_to_stop(self.request.number), made + work.steps
            due = made < steps and time.monotonic() - self._saved_at >= 60 * self.settings.checkpoint_minutes
            if due or asked is not None:
                settle()
                self.save(progress | {"begun": metrics.saved()})
            if asked is not None:
                self.checkpoints.wait()
                self.bar.close()
                raise interrupted(asked, epoch, int(self.state.step))
        settle()


def saved_outcome(workdir: Path, shapes: TrainState, settings: LoopSettings, dataset_digest: str, say: Say) -> Outcome:
    """How the run in a folder stands, without training; arguments as in `train`.

    Raises:
      InputError: the folder has no checkpoint, a damaged one, or one of another model or data set.
    """
    if not (workdir / CHECKPOINTS).is_dir():
        raise InputError(f"{workdir}: the folder has no checkpoint; train first, or name a run folder with --workdir")
    with Checkpoints(workdir / CHECKPOINTS) as checkpoints:
        restored = checkpoints.restore_latest(shapes, say, fall_back=False)
        if restored is None:
            raise InputError(f"{workdir}: the folder has no complete checkpoint; train first")
        state, progress = restored
        check_data(checkpoints, progress, dataset_digest)
        return _outcome(checkpoints, state, progress, settings, None)


def _validated(validate: Callable[[Variables], Validation], state: TrainState, name: str) -> Validation:
    """The validation of an epoch, by the chief; the other processes know what it is judged by."""
    made: Validation | None = None

    def judge() -> tuple[float, float]:
        nonlocal made
        made = validate(state.averaged())
        return made.top1, made.loss

    top1, loss = processes.agreed(f"validation/{name}", judge)
    return made or Validation(top1, loss, {})


def _outcome(
    checkpoints: Checkpoints | NoCheckpoints,
    state: TrainState,
    progress: dict[str, Any],
    settings: LoopSettings,
    first_step_seconds: float | None,
) -> Outcome:
    """How training ended, with the variables of the selected epoch."""
    step = int(state.step)
    variables = state.averaged()
    if isinstance(checkpoints, Checkpoints) and settings.patience and progress["selected_step"] not in (None, step):
        variables, _ = checkpoints.restore_average(progress["selected_step"], state.average)
    return Outcome(
        epochs=progress["epoch"],
        steps=step,
        seconds=progress["seconds"],
        selected_epoch=progress["selected_epoch"],
        best_epoch=progress["best_epoch"],
        stopped_by=stop_reason(progress, settings) or "unfinished",
        first_step_seconds=first_step_seconds,
        variables=variables,
    )

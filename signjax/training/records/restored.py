"""Reads the checkpoints of a training: to go on, or for its model."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from signjax.errors import InputError
from signjax.plans.training import LoopSettings
from signjax.runtime import processes
from signjax.training.checkpoint import Checkpoints, DamagedError
from signjax.training.records.run_progress import say_resumed
from signjax.training.records.unwritten import NoCheckpoints
from signjax.training.state import TrainState, Variables, empty_like

Say = Callable[[str], None]


def restore(
    checkpoints: Checkpoints | NoCheckpoints,
    workdir: Path,
    shapes: TrainState,
    settings: LoopSettings,
    dataset_digest: str,
    devices: str,
    say: Say,
) -> tuple[TrainState, dict[str, Any]] | None:
    """The state from which a run goes on, on the host, and its progress; None if it begins. The chief's, in all processes."""
    host: TrainState | None = None

    def read() -> dict[str, Any] | None:
        nonlocal host
        assert isinstance(checkpoints, Checkpoints)
        restored = checkpoints.restore_latest(shapes, say)
        if restored is None:
            return None
        host, progress = restored
        check_data(checkpoints, progress, dataset_digest)
        say_resumed(progress, int(host.step), settings, devices, say)
        return _with_selected(checkpoints, progress, settings, shapes, say)

    progress = processes.agreed(f"restored/{workdir.name}", read)
    return None if progress is None else (processes.shared_arrays(host or empty_like(shapes)), progress)


def check_data(checkpoints: Checkpoints, progress: dict[str, Any], dataset_digest: str) -> None:
    """Checks that a run goes on with the data it began with.

    Raises:
      InputError: they are others.
    """
    if progress["dataset"] != dataset_digest:
        raise InputError(
            f"{checkpoints.folder}: this run was trained on other data (digest {progress['dataset'][:12]}, but the data now "
            f"have {dataset_digest[:12]}). Choose a new --workdir"
        )


def _with_selected(
    checkpoints: Checkpoints, progress: dict[str, Any], settings: LoopSettings, shapes: TrainState, say: Say
) -> dict[str, Any]:
    """The progress, without the selected epoch if its checkpoint is lost, as the run then says."""
    step = progress["selected_step"]
    if not settings.patience or step is None:
        return progress
    try:
        checkpoints.restore_average(step, shapes.average)
    except DamagedError as error:
        say(
            f"warning: {error}; it was the best, of epoch {progress['best_epoch']}, and is lost. The best is chosen anew, from the "
            f"epochs that follow epoch {progress['epoch']}"
        )
        latest = {"selected_epoch": progress["epoch"], "selected_step": checkpoints.latest_step}
        return progress | latest | {"best_epoch": progress["epoch"], "best": None}
    return progress


def load_selected_average(folder: Path, like: Variables, dataset_digest: str) -> Variables:
    """The averaged parameters and batch statistics of the selected checkpoint in a folder, on the host.

    Args:
      folder: of the checkpoints.
      like: the shapes of the variables.
      dataset_digest: of the data that the model was trained on.

    Raises:
      InputError: there is no checkpoint, it is damaged, or it belongs to another model or other data.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: the folder does not exist; train first, or name a run folder with --workdir")
    with Checkpoints(folder) as checkpoints:
        try:
            found = checkpoints.restore_model(like)
        except DamagedError as error:
            raise InputError(f"{error}. --mode=train goes on from what is left") from error
    if found is None:
        raise InputError(f"{folder}: the folder has no complete checkpoint; train first")
    average, progress = found
    if progress["dataset"] != dataset_digest:
        raise InputError(
            f"{folder}: the checkpoint belongs to other data (digest {progress['dataset'][:12]}) than the run's input_spec.json "
            f"(digest {dataset_digest[:12]}). Restore the run's own file"
        )
    return average

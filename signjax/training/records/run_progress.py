"""The progress of a training, which a checkpoint keeps beside the state: a JSON object, and what is said of it."""

from collections.abc import Callable
from signal import Signals
from typing import Any

from signjax.plans.training import LoopSettings
from signjax.runtime.signals import Interrupted
from signjax.training.records.selection import Validation

Progress = dict[str, Any]


def beginning(settings: LoopSettings, dataset_digest: str, devices: str) -> Progress:
    """The progress of a run that has not begun: what a checkpoint tells besides the state, as JSON."""
    return {
        "epoch": 0,  # the last one that is done
        "begun": None,  # the metrics of the next one, as far as it has come
        "selected_epoch": 0,
        "selected_step": None,
        "best_epoch": None,
        "best": None,
        "seconds": 0.0,
        "dataset": dataset_digest,
        "schedule": settings.epochs,
        "devices": devices,
    }


def interrupted(number: int, epoch: int, step: int) -> Interrupted:
    """The request to stop, with what a user is told of it, after the checkpoint is complete."""
    return Interrupted(
        number,
        f"stopped by {Signals(number).name} in epoch {epoch}, after step {step}, whose checkpoint is complete; the same command "
        "goes on from there",
    )


def stop_reason(progress: Progress, settings: LoopSettings) -> str | None:
    """Why training ends here, `epochs` or `patience`; None if it goes on."""
    if progress["epoch"] >= settings.epochs:
        return "epochs"
    if settings.patience and progress["epoch"] - (progress["best_epoch"] or 0) >= settings.patience:
        return "patience"
    return None


def say_resumed(
    progress: Progress, step: int, settings: LoopSettings, devices: str, say: Callable[[str], None]
) -> None:
    """Tells where a run goes on, and what another length of its schedule and other devices do."""
    finished = stop_reason(progress, settings)
    say(
        f"resume: from epoch {progress['epoch']}, step {step}"
        + (f"; training was finished already (stopped by {finished})" if finished else "")
    )
    if progress["schedule"] != settings.epochs and not finished:
        say(
            f"schedule: {settings.epochs} epochs, where the run began with {progress['schedule']}; the learning rate goes to where "
            "the new schedule has it"
        )
    if progress["devices"] != devices and not finished:
        say(
            f"devices: {devices}, where the run had {progress['devices']}; sums over a batch are rounded otherwise, so it goes on "
            "as it would have, but not bit for bit"
        )


def told(validation: Validation | None, progress: Progress) -> str:
    """The validation result and the best one so far, for a progress line."""
    if validation is None:
        return ""
    best = f" (best {progress['best']['top1']:.3f} at epoch {progress['best_epoch']})" if progress["best"] else ""
    return f", valid top-1 {validation.top1:.3f}{best}"

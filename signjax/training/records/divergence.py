"""What is kept of a step whose loss, gradient or update is not finite."""

from collections.abc import Sequence
from pathlib import Path

from signjax.data.text_files import write_json
from signjax.errors import InputError, first_few
from signjax.training.records.epoch_metrics import NotFiniteError

DIVERGED = "diverged.json"


def diverged(error: NotFiniteError, epoch: int, clips: Sequence[str], workdir: Path) -> InputError:
    """Writes down step, clips and metrics, and returns the error that names them.

    The last checkpoint is of an earlier step, and steps are a function of it and the seed, so nothing else is needed to repeat
    this one.
    """
    shown = {name: str(value) for name, value in error.metrics.items()}  # JSON has no number that is not finite
    write_json(workdir / DIVERGED, {"step": error.step, "epoch": epoch, "clips": list(clips), "metrics": shown})
    names = sorted(
        (name for name, value in shown.items() if value in ("nan", "inf", "-inf")), key=lambda name: name != "loss"
    )
    norms = ", ".join(f"{name} {value}" for name, value in shown.items() if name.endswith("norm") or name == "loss")
    return InputError(
        f"training diverged: {', '.join(names)} not finite in step {error.step} (epoch {epoch}), whose batch is "
        f"{first_few(clips)} ({len(clips)} clips; {norms}). All of it is in {workdir / DIVERGED}. To examine the step, use "
        "--mode=replay. To leave such steps out, add --config.train.not_finite=skip to the same command; another "
        "config.train.learning_rate needs a new --workdir"
    )

"""What takes the place of checkpoints and logs in the processes of a run that do not write."""

from pathlib import Path
from typing import Any

from signjax.runtime import processes
from signjax.training.checkpoint import CHECKPOINTS, Checkpoints
from signjax.training.records.log import MetricsLog


class NoCheckpoints:
    """Neither reads nor writes; a context manager like `Checkpoints`."""

    def __enter__(self) -> "NoCheckpoints":
        return self

    def __exit__(self, *_: object) -> None:
        """Has nothing to wait for."""

    def save(self, *_: object) -> None:
        """Leaves it to the chief."""

    def wait(self) -> None:
        """Has nothing to wait for."""


class NoLog:
    """Writes nothing; a context manager like `MetricsLog`."""

    def __enter__(self) -> "NoLog":
        return self

    def __exit__(self, *_: object) -> None:
        """Has nothing to close."""

    def write(self, record: dict[str, Any]) -> None:
        """Leaves it to the chief."""

    def sync(self) -> None:
        """Leaves it to the chief."""


def checkpoints_of(workdir: Path) -> Checkpoints | NoCheckpoints:
    """The checkpoints of a training, for the process that writes them."""
    return Checkpoints(workdir / CHECKPOINTS) if processes.is_chief() else NoCheckpoints()


def log_of(workdir: Path, epochs_done: int, say: Any) -> MetricsLog | NoLog:
    """The log of a training, for the process that writes it."""
    return MetricsLog(workdir, epochs_done, say) if processes.is_chief() else NoLog()

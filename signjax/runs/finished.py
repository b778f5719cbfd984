"""Finished runs, as their folders tell of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signjax.errors import InputError, Problems
from signjax.report.error_analysis import Row, read_predictions
from signjax.settings.run_config import CONFIG_FILE, read_object
from signjax.settings.schema import flat

SUMMARY_FILE = "summary.json"
# In a folder of several runs.
AGGREGATE_FILE = "aggregate.json"

# Settings that say where files are, how fast a run is or where its metrics go; they change no figure.
PLACES = (
    "data.path", "data.labels", "data.dataset", "data.workers", "train.checkpoint_epochs", "train.checkpoint_minutes",
    "train.resident_gib", "train.steps_per_dispatch", "logging.to", "logging.project",
)  # fmt: skip


@dataclass(frozen=True)
class FinishedRun:
    """A run that has been tested.

    Attributes:
      name: by which it is told from the others.
      folder: the run folder.
      summary: the content of `summary.json`.
      config: dotted key -> value.
      tested: the rows of `predictions.csv` of the test split.
    """

    name: str
    folder: Path
    summary: Mapping[str, Any]
    config: Mapping[str, Any]
    tested: Sequence[Row]

    @property
    def seconds(self) -> float:
        """Spent training, that on training and validation clips together included."""
        again = self.summary["training"].get("refit")
        return float(self.summary["training"]["seconds"] + (again["seconds"] if again else 0.0))


def is_finished(folder: Path) -> bool:
    """Whether the run in a folder has been tested; `summary.json` is what a run writes after everything else was computed."""
    return (folder / SUMMARY_FILE).is_file() and (folder / "report.html").is_file()


def open_run(folder: Path, name: str = "") -> FinishedRun:
    """Reads a run folder; without a name, the run has that of its folder.

    Raises:
      InputError: the folder has no run, or one that is not finished, or files of it are damaged.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder; name the folder of a run")
    if not (folder / CONFIG_FILE).is_file():
        if (folder / AGGREGATE_FILE).is_file():
            parts = sorted(path.parent.name for path in folder.glob(f"*/{CONFIG_FILE}"))
            raise InputError(f"{folder}: a folder of several runs; name one of them: {', '.join(parts)}")
        raise InputError(f"{folder}: not a run folder, because it has no {CONFIG_FILE}; name the folder of a run")
    if not is_finished(folder):
        raise InputError(f"{folder}: the run is not finished; signjax resume {folder} goes on with it")
    summary = read_object(folder / SUMMARY_FILE)
    rows = read_predictions(folder / "predictions.csv", summary)
    return FinishedRun(
        name or folder.resolve().name,
        folder,
        summary,
        flat(read_object(folder / CONFIG_FILE)),
        [row for row in rows if row["split"] == "test"],
    )


def open_runs(folders: Iterable[Path]) -> list[FinishedRun]:
    """Reads run folders; runs whose folders have the same name are named by their paths.

    Raises:
      InputError: some cannot be read; the message names all of them.
    """
    listed = list(folders)
    names = [folder.resolve().name for folder in listed]
    problems, found = Problems(), []
    for folder in listed:
        with problems.collected():
            name = folder.resolve().name
            found.append(open_run(folder, name if names.count(name) == 1 else str(folder)))
    problems.check()
    return found


def is_right(row: Row, head: str) -> bool:
    """Whether the true class is ranked first; a tie counts as wrong."""
    return row[f"{head}_rank"] == "1"


def labelled(run: FinishedRun, head: str) -> list[Row]:
    """The test clips with a label for a head; none where the run has no such head."""
    column = f"{head}_label"
    return [row for row in run.tested if row.get(column)]

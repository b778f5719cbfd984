"""The log of a training run: JSON lines, TensorBoard, a progress bar or plain lines."""

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import tqdm

from signjax.data.text_files import write_text
from signjax.data.visible import distinct
from signjax.errors import InputError
from signjax.runtime import processes
from signjax.runtime.output import fitted
from signjax.runtime.plain import plain

# Without a terminal, a line is printed at most this often.
_SECONDS_BETWEEN_LINES = 15.0


def _import_tensorboard() -> Any:
    """tensorboardX, which logs numbers just as well without torch, but imports it where it is installed."""
    hidden = "torch" not in sys.modules and not plain()
    if hidden:
        sys.modules["torch"] = None  # type: ignore[assignment]  # an import of it fails
    try:
        import tensorboardX
    finally:
        if hidden:
            del sys.modules["torch"]
    return tensorboardX


def read_log(path: Path, say: Callable[[str], None] = lambda line: None) -> list[dict[str, Any]]:
    """The records of a `metrics.jsonl`. A line that is damaged or incomplete costs that record alone, and is told."""
    if not path.exists():
        return []
    records = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").split("\n"), 1):
        record = _record(line)
        if record is not None:
            records.append(record)
        elif line:
            say(f"warning: {path}, line {number}: damaged, left out: {line[:60]!r}")
    return records


def _record(line: str) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except json.JSONDecodeError:
        return None
    return record if isinstance(record, dict) and {"epoch", "step"} <= record.keys() else None


class MetricsLog:
    """Appends one record per epoch to `metrics.jsonl` and to TensorBoard files; used as a context manager.

    Records of epochs after `epochs_done` are dropped first: a resumed run trains these epochs again.
    """

    def __init__(self, folder: Path, epochs_done: int, say: Callable[[str], None] = lambda line: None):
        path = folder / "metrics.jsonl"
        kept = [record for record in read_log(path, say) if record["epoch"] <= epochs_done]
        write_text(path, "".join(json.dumps(record) + "\n" for record in kept))
        self._path, self._file = path, path.open("a", encoding="utf-8")
        purge = kept[-1]["step"] + 1 if kept else 0
        self._tags: dict[str, str] = {}
        self._board = _import_tensorboard().SummaryWriter(str(folder / "tensorboard"), purge_step=purge)

    def __enter__(self) -> "MetricsLog":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._file.close()
            self._board.close()
        except OSError:  # no room: what is half written is dropped when the run goes on
            if error is None:
                raise

    def sync(self) -> None:
        """Brings all records to the disk: a checkpoint that says they are there must not come before them."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def write(self, record: dict[str, Any]) -> None:
        """Adds a record; it has at least `epoch` and `step`.

        Raises:
          InputError: there is no room.
        """
        try:
            self._file.write(json.dumps(record) + "\n")
            self._file.flush()
        except OSError as error:
            raise InputError(
                f"{self._path}: cannot be written: {error.strerror}. With room, the same command goes on from the last checkpoint"
            ) from error
        values = _flat(record)
        if values.keys() != self._tags.keys():
            self._tags = tags(values)
        for name, value in values.items():
            self._board.add_scalar(self._tags[name], value, record["step"])


def tags(names: Iterable[str]) -> dict[str, str]:
    """Name -> tag in TensorBoard, which allows only some characters; different names get different tags."""
    listed = list(names)
    return dict(zip(listed, distinct(re.sub(r"[^-/\w.]", "_", name) for name in listed), strict=True))


def _flat(record: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    values: dict[str, float] = {}
    for name, value in record.items():
        if isinstance(value, Mapping):
            values |= _flat(value, f"{prefix}{name}/")
        elif isinstance(value, int | float):
            values[prefix + name] = float(value)
    return values


class Progress:
    """A progress bar over the steps of a run, or an occasional plain line if the output is not a terminal.

    Args:
      total_steps: of this training.
      done: those of them that are done already.
      around: the steps of the run's other trainings, before this one and after it, which the bar counts as well.
    """

    def __init__(self, total_steps: int, done: int, around: tuple[int, int] = (0, 0)):
        before, after = around
        total_steps, done = before + total_steps + after, before + done
        self._total, self._done, self._started_at = total_steps, done, done
        self._start = self._last_line = time.monotonic()
        self._text = ""
        self._bar = None
        self._quiet = not processes.is_chief()
        if sys.stderr.isatty() and not self._quiet:
            self._bar = tqdm.tqdm(total=total_steps, initial=done, unit="step", dynamic_ncols=True, leave=False)

    def advance(self, steps: int) -> None:
        """Adds to the number of steps done."""
        self._done += steps
        if self._bar is not None:
            self._bar.update(steps)

    def epoch(self, text: str) -> None:
        """Shows the state of the run after an epoch."""
        self._text = text
        if self._bar is not None:
            self._bar.set_postfix_str(text)
        elif time.monotonic() - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            left = (self._total - self._done) / max(self._rate(), 1e-9)
            self.line(f"train: {text}, {self._rate():.1f} steps/s, at most {_duration(left)} left")

    def line(self, text: str) -> None:
        """Prints a separate line, above the bar if there is one; one process prints for all."""
        if self._quiet:
            return
        tqdm.tqdm.write(fitted(text, sys.stdout))
        sys.stdout.flush()

    def _rate(self) -> float:
        return (self._done - self._started_at) / max(time.monotonic() - self._start, 1e-9)

    def close(self) -> None:
        """Ends the bar and prints the last state of the run."""
        if self._bar is not None:
            self._bar.close()
        if self._text:
            self.line(f"train: ended at {self._text}, {self._rate():.1f} steps/s")


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return (
        f"{minutes // 60} h {minutes % 60} min"
        if minutes >= 60
        else f"{minutes} min"
        if minutes
        else f"{seconds:.0f} s"
    )

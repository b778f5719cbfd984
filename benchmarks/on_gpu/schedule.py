"""Runs parts one after another within a time budget, each in its own process, so that a crash costs that part alone.

Parts run in the given order. Each has a share of the budget and is stopped after twice that, or at the end of the budget; so a slow
machine completes the first parts instead of stopping all of them halfway. A part is left out if less than half its share is left.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.interleaved import ROOT, reason

_MOST, _LEAST = 2.0, 0.5  # of a part's share: what it may take, and what must be left to start it

# Seconds kept for stopping the last part and writing the tables.
_RESERVE = 3.0

_LOG_LINES = 30


@dataclass(frozen=True)
class Task:
    """A part as the schedule sees it.

    Attributes:
      share: its share of the budget, relative to those of the other parts.
      command: what runs it. The path of a file for its rows, one JSON object per line, is appended.
    """

    name: str
    share: float
    command: Sequence[str]


@dataclass
class Outcome:
    """The result of a part.

    Attributes:
      status: `not reached`, `done`, `failed`, `stopped` (it took too long), `left out` (too little time was left) or
        `interrupted`.
      reason: why it is not `done`.
      seconds: how long it took.
      limit: seconds after which it would have been stopped.
      rows: what it measured, until it ended. A row with `failed` names something that could not be measured, and why.
      log: the end of its output, unless it is done.
    """

    name: str
    status: str = "not reached"
    reason: str = ""
    seconds: float = 0.0
    limit: float = 0.0
    rows: list[dict[str, Any]] = field(default_factory=list)
    log: list[str] = field(default_factory=list)


class Budget:
    """The seconds that the whole program may take, counted from here."""

    def __init__(self, seconds: float):
        self.seconds, self._start = seconds, time.monotonic()

    def spent(self) -> float:
        return time.monotonic() - self._start

    def left(self) -> float:
        """The seconds left for parts."""
        return self.seconds - _RESERVE - self.spent()


def run_all(
    tasks: Sequence[Task],
    budget: Budget,
    folder: Path,
    environment: Mapping[str, str],
    save: Callable[[list[Outcome]], None],
) -> list[Outcome]:
    """Runs the parts.

    Args:
      folder: for the temporary files of the parts.
      environment: variables that are added to those of the program.
      save: is called with all outcomes before the first part and after each, also if the program is interrupted.
    """
    outcomes = [Outcome(task.name) for task in tasks]
    save(outcomes)
    whole = sum(task.share for task in tasks)
    for task, outcome in zip(tasks, outcomes, strict=True):
        share, left = budget.seconds * task.share / whole, budget.left()
        if left < _LEAST * share:
            outcome.status = "left out"
            outcome.reason = f"{max(left, 0.0):.0f} s were left, and its share is {share:.0f} s"
        else:
            outcome.limit = min(left, _MOST * share)
            try:
                _run(task, outcome, folder, environment)
            except BaseException:
                outcome.status, outcome.reason = "interrupted", "the program was interrupted"
                save(outcomes)
                raise
        print(f"{budget.spent():4.0f} s  {outcome.name}: {outcome.status} {outcome.reason}".rstrip(), flush=True)
        save(outcomes)
    return outcomes


def _run(task: Task, outcome: Outcome, folder: Path, environment: Mapping[str, str]) -> None:
    """Runs one part in its own process group, and kills what is left of the group afterwards."""
    rows, log = folder / "rows.jsonl", folder / "log.txt"
    rows.write_text("")
    start = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*task.command, str(rows)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env={**os.environ, **environment, "TMPDIR": str(folder)},
            start_new_session=True,
        )
    try:
        status = process.wait(timeout=outcome.limit)
        text = log.read_text(errors="replace")
        if status:
            outcome.status = "failed"
            outcome.reason = reason(text) or f"it ended with exit status {status}"
        else:
            outcome.status = "done"
    except subprocess.TimeoutExpired:
        outcome.status, outcome.reason = "stopped", f"it was not done after {outcome.limit:.0f} s"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # the part's workers too
        process.wait()
        outcome.seconds = time.monotonic() - start
        outcome.rows = _read(rows)
        if outcome.status != "done":
            outcome.log = log.read_text(errors="replace").splitlines()[-_LOG_LINES:]


def _read(path: Path) -> list[dict[str, Any]]:
    """The rows that a part has written; a part that was stopped may have left half a line."""
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    return [json.loads(line) for line in lines]

"""Measures several frameworks in one run, in turn, so that a slow phase of the machine affects all of them.

Each runs in its own process, because they would otherwise share thread pools and settings. Only one of them works at any time;
the others wait for their next line of input.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import cached_property, partial
from pathlib import Path
from types import TracebackType
from typing import Any

from signjax.runtime.jax_setup import cores, cuda_driver_answers

ROOT = Path(__file__).resolve().parent.parent

Settings = Mapping[str, Any]


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags that all comparisons share."""
    parser.add_argument("--precisions", nargs="+", default=["float32"], choices=["float32", "bfloat16"])
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "gpu"], help="auto: a GPU if there is one")
    parser.add_argument("--threads", type=int, default=cores(), help="CPU cores that each framework may use")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--json", type=Path, help="file for the rows")


def print_conditions() -> None:
    """Prints the machine's load before a comparison, and a warning if other processes would distort it."""
    load = os.getloadavg()[0]
    busy = (
        " - other processes are using this machine, which slows multi-threaded work most: do not compare the results"
        * (load > 0.5)
    )
    print(f"cores {cores()}, load average before the run {load:.1f}{busy}", flush=True)


def chosen_device(device: str) -> str:
    """`cpu` or `gpu`."""
    return device if device != "auto" else "gpu" if cuda_driver_answers() else "cpu"


def reason(output: str) -> str:
    """The line of a process's output that says why it failed: the last one that names an exception, else the last of all."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    named = [line for line in lines if re.match(r"[\w.]+(Error|Exception|Interrupt|Exit)\b", line)]
    return (named or lines or [""])[-1]


class WorkerFailed(SystemExit):
    """A worker ended without an answer.

    Attributes:
      reason: why, in one line.
    """

    def __init__(self, target: str, status: int, output: str):
        super().__init__(f"{target} ended with {status}:\n{output[-4000:]}")
        self.reason = reason(output) or f"it ended with exit status {status}"


class Worker:
    """A process that runs `benchmarks.worker`. Several can start at the same time: each is waited for when it is first needed.

    Attributes:
      facts: what the job reports about itself.
    """

    def __init__(self, target: str, settings: Settings):
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  (closed when the worker is left)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", target],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            cwd=ROOT,
        )
        self._target = target
        self._tell(settings)

    @cached_property
    def facts(self) -> dict[str, Any]:
        return self._answer()

    def wait_until_ready(self) -> None:
        """Returns when the job is built."""
        _ = self.facts

    def _tell(self, question: Settings) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it has ended, which the missing answer shows
            self._process.stdin.write(json.dumps(dict(question)) + "\n")
            self._process.stdin.flush()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._errors.seek(0)
            text = self._errors.read().decode(errors="replace")
            raise WorkerFailed(self._target, self._process.wait(), text)
        answer: dict[str, Any] = json.loads(line)
        return answer

    def run(self, count: int) -> tuple[float, int | None]:
        """The seconds that `count` units of work take, and the peak memory during them, in bytes."""
        self.wait_until_ready()
        self._tell({"count": count})
        answer = self._answer()
        return float(answer["seconds"]), answer["peak_bytes"]

    def __enter__(self) -> "Worker":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._errors.close()


Workers = dict[str, Worker]


@contextmanager
def started(jobs: Mapping[str, tuple[str, Settings]]) -> Iterator[Workers]:
    """Starts a worker for each job, which is a target and its settings."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(Worker(target, settings)) for name, (target, settings) in jobs.items()}


def measure(
    workers: Mapping[str, Worker],
    repeats: int,
    count: int,
    *,
    warm: bool = True,
    failures: dict[str, str] | None = None,
) -> dict[str, list[float]]:
    """Measures the seconds per unit of work of each worker, `repeats` times in turn.

    With `warm`, each turn begins with a unit that is not counted: it brings the worker's memory back into the caches. A worker
    that fails ends the comparison, unless there are `failures`, which then get its name and the reason; the others go on.
    """
    running = dict(workers)
    seconds: dict[str, list[float]] = {name: [] for name in workers}

    def turn(name: str, work: Callable[[Worker], None]) -> None:
        try:
            work(running[name])
        except WorkerFailed as error:
            if failures is None:
                raise
            failures[name] = error.reason
            del running[name], seconds[name]

    def timed(name: str, worker: Worker) -> None:
        if warm:
            worker.run(1)
        seconds[name].append(worker.run(count)[0] / count)

    for name in workers:
        turn(name, Worker.wait_until_ready)  # all are ready before the first is measured
    for _ in range(repeats):
        for name in list(running):
            turn(name, partial(timed, name))
    return seconds


def spread(seconds: list[float]) -> str:
    """Lower and upper quartile in milliseconds, if there are enough repeats."""
    if len(seconds) < 3:
        return "-"
    low, _, high = statistics.quantiles(seconds, n=4, method="inclusive")
    digits = 0 if low > 0.1 else 1 if low > 0.02 else 2
    return f"{1e3 * low:.{digits}f}-{1e3 * high:.{digits}f}"


def table_lines(header: list[str], rows: list[list[str]]) -> list[str]:
    """A Markdown table."""
    return [f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *rows)]


def print_table(header: list[str], rows: list[list[str]]) -> None:
    """Prints a Markdown table."""
    for line in table_lines(header, rows):
        print(line, flush=True)

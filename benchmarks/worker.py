"""A process that runs one benchmark job on request; `interleaved` starts it and sends the requests.

    python -m benchmarks.worker benchmarks.peers.torch_step:build

Reads one JSON object per line from standard input. The first holds the settings that the job is built with; the answer is the
job's facts. Each further one holds `count`; the answer is the seconds that this many units of work took, and the peak memory
during them. The frameworks' own output goes to standard error, so that it cannot be mistaken for an answer.
"""

import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signjax.runtime.jax_setup import choose_platform

_PROCESS = Path("/proc/self")


@dataclass(frozen=True)
class Job:
    """Work that can be repeated.

    Attributes:
      facts: its description in the table: parameters, versions, ...
      run: does a number of units of work, and returns when all of them are done.
      device_memory: the peak memory of a device that has its own, in bytes; None without such a device.
    """

    facts: dict[str, Any]
    run: Callable[[int], None]
    device_memory: Callable[[], int] | None = None


def forget_peak() -> None:
    """Resets the process's peak resident memory to its present value, if Linux allows it."""
    if (_PROCESS / "clear_refs").exists():
        (_PROCESS / "clear_refs").write_text("5")


def peak_bytes() -> int | None:
    """The process's peak resident memory since `forget_peak`; None if /proc does not report it."""
    if not (_PROCESS / "status").exists():
        return None
    lines = (_PROCESS / "status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    target = sys.argv[1]
    settings = json.loads(sys.stdin.readline())
    if settings["device"] == "cpu" and hasattr(os, "sched_setaffinity"):
        # Before any framework counts the cores, so that all of them create the same number of threads.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: settings["threads"]])
    if settings["device"] == "gpu":
        # The frameworks share the device, and jax would reserve three quarters of its memory at the start.
        os.environ.setdefault("XLA_PYTHON_CLIENT_MEM_FRACTION", "0.1")
    choose_platform()  # before jax is loaded
    module, _, name = target.partition(":")
    start = time.perf_counter()
    job: Job = getattr(importlib.import_module(module), name)(settings)
    answers.write(json.dumps({**job.facts, "build_seconds": time.perf_counter() - start}) + "\n")
    for line in sys.stdin:
        count = json.loads(line)["count"]
        forget_peak()
        start = time.perf_counter()
        job.run(count)
        seconds = time.perf_counter() - start
        memory = peak_bytes() if job.device_memory is None else job.device_memory()
        answers.write(json.dumps({"seconds": seconds, "peak_bytes": memory}) + "\n")


if __name__ == "__main__":
    main()

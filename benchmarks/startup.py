"""Time from the start of `launch.py` to the end of its first training step, the number of compilations, and the peak memory.

    python -m benchmarks.startup --repeats=3 --json=startup.json -- --config.train.batch_size=32

Arguments after `--` are passed to `launch.py`. Each run is a separate process that trains, evaluates and reports:

- cold: nothing exists. The corpus is written and prepared, and every program is compiled.
- warm cache: the same in a new run folder, with the cold run's cache of compiled programs.
- warm cache, prepared: in the cold run's folder, of which only the corpus and the prepared dataset are left.

Memory is the largest resident set of the process.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.interleaved import print_table
from configs.base import get_config

ROOT = Path(__file__).resolve().parent.parent

# More than one, so that compilations after the first epoch would show.
_EPOCHS = 3

CASES = ("cold", "warm cache", "warm cache, prepared")


class Run(NamedTuple):
    """The measurements of one run.

    Attributes:
      first_step: seconds from the start of the process to the end of the first training step.
      whole: seconds to the end of the run.
      memory: largest resident set, in bytes.
      lines: its output.
    """

    first_step: float
    whole: float
    memory: int
    lines: dict[str, str]


def forget_training(workdir: Path) -> None:
    """Deletes everything in a run folder except its corpus, its dataset, and what is known about these."""
    for path in workdir.iterdir():
        if path.is_dir() and path.name not in ("corpus", "dataset"):
            shutil.rmtree(path)
        elif path.is_file() and not path.name.startswith("."):
            path.unlink()


def run_once(workdir: Path, cache: Path, overrides: list[str]) -> Run:
    """Runs `launch.py` with a separate folder for the cache of compiled programs."""
    command = [
        sys.executable,
        str(ROOT / "launch.py"),
        f"--config={ROOT / 'configs' / 'base.py'}",
        f"--workdir={workdir}",
        f"--config.train.epochs={_EPOCHS}",
        *overrides,
    ]
    lines: dict[str, str] = {}
    first_step = None
    started = time.monotonic()
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "JAX_COMPILATION_CACHE_DIR": str(cache)},
    )
    assert process.stdout is not None
    for line in process.stdout:
        if re.match(r"train: first step after", line):
            first_step = time.monotonic() - started
        name, _, rest = line.partition(":")
        lines[name] = rest.strip()
    _, status, usage = os.wait4(process.pid, 0)
    if status or first_step is None:
        raise SystemExit(f"launch.py failed with exit status {os.waitstatus_to_exitcode(status)}")
    process.returncode = 0  # wait4 has already collected the status that Popen would wait for
    return Run(first_step, time.monotonic() - started, usage.ru_maxrss * 1024, lines)


def measured(repeats: int, overrides: list[str], cases: Sequence[str] = CASES) -> Iterator[tuple[str, Run]]:
    """Yields each case and its run, `repeats` times, in run folders that are deleted."""
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as name:
            root = Path(name)
            for number, case in enumerate(cases):
                workdir = root / f"run{number}"
                if case == "warm cache, prepared":
                    workdir = root / "run0"
                    forget_training(workdir)
                yield case, run_once(workdir, root / "programs", overrides)


def row(case: str, runs: list[Run], overrides: list[str]) -> dict[str, Any]:
    """The row of a case."""
    config = get_config()
    return {
        "name": case,
        "batch": config.train.batch_size,
        "frames": config.data.max_frames,
        "precision": config.model.precision,
        "overrides": overrides,
        "clips_per_second": None,  # not measured here
        "repeats": len(runs),
        "device": runs[0].lines.get("device"),
        "first_step_seconds": statistics.median(run.first_step for run in runs),
        "whole_seconds": statistics.median(run.whole for run in runs),
        "compilations": runs[0].lines.get("compilations"),
        "peak_gib": max(run.memory for run in runs) / 2**30,
    }


HEADER = ["start", "s to the first step (median)", f"s to the end of {_EPOCHS} epochs", "compilations"]
HEADER += ["peak memory, GiB"]


def cells(rows: list[dict[str, Any]]) -> list[list[str]]:
    """The table."""
    return [
        [
            row["name"],
            f"{row['first_step_seconds']:.1f}",
            f"{row['whole_seconds']:.1f}",
            row["compilations"] or "-",
            f"{row['peak_gib']:.2f}",
        ]
        for row in rows
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path, help="file for the rows")
    parser.add_argument("overrides", nargs="*", help="flags for launch.py, after --")
    arguments = parser.parse_args()
    runs: dict[str, list[Run]] = {case: [] for case in CASES}
    for case, run in measured(arguments.repeats, arguments.overrides):
        runs[case].append(run)
    rows = [row(case, some, arguments.overrides) for case, some in runs.items()]
    print(rows[0]["device"])
    print_table(HEADER, cells(rows))
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

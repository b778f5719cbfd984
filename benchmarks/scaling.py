"""Trains the same run in one and two processes on one, two and four devices, and compares speed and losses.

    python -m benchmarks.scaling [--epochs=4] [--json=scaling.json] [-- --config.model.units=64 ...]

Each row is a real run of `launch.py` in a new folder, on XLA's virtual devices of a CPU: they share its cores, so the rows show
the cost of sharing, not the gain from more hardware. The largest difference is the maximum over epochs of the relative difference
in training loss from the run on one device. The last row has a checkpoint after each step; the cost of one is the time that it
adds to a step.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.interleaved import ROOT, print_conditions, print_table
from benchmarks.kill_training import LONGEST

# (processes, devices of each)
LAYOUTS = ((1, 1), (1, 2), (1, 4), (2, 1), (2, 2))
SELDOM = 1e6  # minutes between checkpoints


@dataclass(frozen=True)
class Trained:
    """What a run left: the records of its epochs."""

    records: list[dict[str, Any]]

    @property
    def losses(self) -> list[float]:
        """The training loss of each epoch."""
        return [one["train"]["loss"] for one in self.records]

    @property
    def clips_per_second(self) -> float:
        """The median over epochs without the first, which compiles."""
        return statistics.median(one["clips_per_second"] for one in self.records[1:])


def free_port() -> int:
    """A port of this machine that nobody uses."""
    with socket.socket() as one:
        one.bind(("localhost", 0))
        return int(one.getsockname()[1])


def commands(folder: Path, processes: int, flags: list[str]) -> list[list[str]]:
    """The command of each process of a run."""
    alone = [sys.executable, str(ROOT / "launch.py"), f"--workdir={folder}", *flags]
    if processes == 1:
        return [alone]
    group = [f"--coordinator=localhost:{free_port()}", f"--processes={processes}"]
    return [[*alone, *group, f"--process={index}"] for index in range(processes)]


def train(folder: Path, processes: int, devices: int, flags: list[str]) -> Trained:
    """Trains in a new folder.

    Raises:
      SystemExit: a process failed; its output is printed.
    """
    environment = {
        **os.environ,
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}",
    }
    logs = [folder.with_suffix(f".{index}.log") for index in range(processes)]
    started = []
    for command, log in zip(commands(folder, processes, flags), logs, strict=True):
        with log.open("w") as output:
            started.append(
                subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
            )
    for process, log in zip(started, logs, strict=True):
        if process.wait(LONGEST):
            raise SystemExit(log.read_text())
    return Trained([json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()])


def row(name: str, found: Trained, first: dict[str, Any] | None) -> dict[str, Any]:
    """What the table says of a run, compared with the first one."""
    losses, speed = (first["losses"], first["clips_per_second"]) if first else (found.losses, found.clips_per_second)
    return {
        "run": name,
        "clips_per_second": found.clips_per_second,
        "ratio": found.clips_per_second / speed,
        "losses": found.losses,
        "difference": max(abs(one / other - 1) for one, other in zip(found.losses, losses, strict=True)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--json", type=Path)
    parser.add_argument("flags", nargs="*", help="flags of launch.py")
    arguments = parser.parse_args()
    print_conditions()
    flags = [
        f"--config.train.epochs={arguments.epochs}",
        f"--config.train.checkpoint_epochs={arguments.epochs}",
        f"--config.train.batch_size={arguments.batch}",
        "--config.train.refit=no",
        *arguments.flags,
    ]
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        for processes, devices in LAYOUTS:
            found = train(Path(name) / f"{processes}x{devices}", processes, devices, [*flags, _every(SELDOM)])
            rows.append(row(f"{processes} x {devices}", found, rows[0] if rows else None))
        found = train(Path(name) / "each-step", 1, 1, [*flags, _every(0.0)])
        rows.append(row("1 x 1, a checkpoint each step", found, rows[0]))
    print_table(
        ["processes x devices of each", "clips/s", "of one device", "largest difference of a loss"],
        [
            [one["run"], f"{one['clips_per_second']:.1f}", f"{one['ratio']:.2f}", f"{one['difference']:.1e}"]
            for one in rows
        ],
    )
    cost = arguments.batch * (1 / rows[-1]["clips_per_second"] - 1 / rows[0]["clips_per_second"])
    print(
        f"a checkpoint costs {1e3 * cost:.0f} ms where the next one waits for it: {100 * cost / 60:.2f} % of the time with one a "
        f"minute, {100 * cost / 300:.2f} % with one every five minutes"
    )
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


def _every(minutes: float) -> str:
    return f"--config.train.checkpoint_minutes={minutes}"


if __name__ == "__main__":
    main()

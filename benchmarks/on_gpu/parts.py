"""The parts of `benchmarks.on_gpu`, the most important first: what each measures, with the functions of the other benchmarks.

    python -m benchmarks.on_gpu.parts "step, float32, batch 64" --device=gpu rows.jsonl

runs one of them and appends its rows to a file as soon as it has them.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import recurrence, startup, train_step
from benchmarks.interleaved import ROOT
from benchmarks.on_gpu.schedule import Task
from signjax.runtime.jax_setup import cores

PRECISIONS = ("float32", "bfloat16")

Emit = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Sizes:
    """How much is measured.

    Attributes:
      keys: keys of the configuration that the training steps change.
      batches: the most important first.
      recurrence: clips, frames, features in, hidden units per direction.
      networks: the peers that train several networks at once.
      repeats, steps, gradients: repeats of each measurement; steps and gradients in each repeat.
      overrides: flags for `launch.py`.
      fused_tests, other_tests: arguments for pytest.
    """

    batches: tuple[int, ...] = (64, 256, 16)
    frames: int = 128
    keys: dict[str, Any] = field(default_factory=dict)
    recurrence: tuple[int, int, int, int] = (64, 64, 192, 128)
    networks: tuple[str, ...] = ("signjax, 4 members", "signjax, 8 members")
    repeats: int = 5
    steps: int = 16
    gradients: int = 20
    overrides: tuple[str, ...] = ()
    fused_tests: tuple[str, ...] = ("tests/layers/recurrent",)
    other_tests: tuple[str, ...] = ("tests/layers", "tests/training", "--ignore=tests/layers/recurrent")


_TINY_KEYS: dict[str, Any] = {
    "model.filters": [8], "model.kernels": [3], "model.units": 6, "model.heads": 2, "model.depth": 1,
}  # fmt: skip
# One batch size instead of three: on a CPU, most of the time goes into compiling the program of each.
TINY = Sizes(
    batches=(4,),
    frames=16,
    keys=_TINY_KEYS,
    recurrence=(4, 6, 8, 8),
    networks=("signjax, 4 members",),
    repeats=1,
    steps=1,
    gradients=1,
    overrides=(
        *(f"--config.{key}={tuple(value) if isinstance(value, list) else value}" for key, value in _TINY_KEYS.items()),
        *("--config.synthetic.signs=4", "--config.synthetic.signers=5", "--config.synthetic.takes=2"),
        *(
            "--config.data.max_frames=32",
            "--config.train.batch_size=8",
            "--config.train.fuse=False",
            "--config.train.refit=no",
        ),
    ),
    fused_tests=("tests/layers/recurrent/test_pallas_recurrence.py", "-k", "bfloat16 and gru"),
    other_tests=("tests/layers/test_linear.py",),
)


@dataclass(frozen=True)
class Part:
    """A part.

    Attributes:
      share: the seconds that it is expected to take on a GPU with 16 cores; only their ratios count.
      run: measures and emits rows.
    """

    name: str
    share: float
    run: Callable[[Emit], None]


def parts(device: str, sizes: Sizes) -> list[Part]:
    """All parts, the most important first."""
    first, *other_batches = sizes.batches

    def step(batch: int, precision: str, share: float) -> Part:
        run = partial(_training_steps, device, sizes, batch, precision, step_peers(device))
        return Part(f"step, {precision}, batch {batch}", share, run)

    networks = ["signjax", *sizes.networks]
    return [
        Part("tests of the fused kernels", 40, partial(_tests, device, sizes.fused_tests)),
        *(step(first, precision, 60) for precision in PRECISIONS),
        Part("start-up", 70, partial(_startup, sizes)),
        *(step(batch, precision, 45) for batch in other_batches for precision in PRECISIONS),
        *(
            Part(f"recurrent layers, {precision}", 30, partial(_recurrent_layers, device, sizes, precision))
            for precision in PRECISIONS
        ),
        Part("members", 45, partial(_training_steps, device, sizes, first, "float32", networks)),
        Part("tests of layers and training", 60, partial(_tests, device, sizes.other_tests)),
    ]


def tasks(device: str, *, tiny: bool) -> list[Task]:
    """The parts as commands."""
    options = [f"--device={device}", *(["--tiny"] if tiny else [])]
    return [
        Task(part.name, part.share, [sys.executable, "-m", "benchmarks.on_gpu.parts", *options, part.name])
        for part in parts(device, TINY if tiny else Sizes())
    ]


def step_peers(device: str) -> list[str]:
    """What is compared: on a GPU, signjax with and without the fused kernels, and PyTorch eager, compiled and captured."""
    others = ("signjax, augmenting", "signjax, plain", "keras", "keras jit")
    return [name for name in train_step.suiting(device) if name not in others]


def _training_steps(device: str, sizes: Sizes, batch: int, precision: str, peers: list[str], emit: Emit) -> None:
    settings = {
        "batch": batch,
        "frames": sizes.frames,
        "precision": precision,
        "device": device,
        "threads": cores(),
        "keys": sizes.keys,
    }
    failures: dict[str, str] = {}
    for row in train_step.compare(peers, settings, sizes.repeats, sizes.steps, failures):
        emit(row)
    _emit_failures(failures, emit)


def _recurrent_layers(device: str, sizes: Sizes, precision: str, emit: Emit) -> None:
    peers = ["signjax", *(["signjax, scans"] if device == "gpu" else []), "torch"]
    for cell in ("lstm", "gru"):
        settings = recurrence.settings_of(cell, sizes.recurrence, precision, device, cores())
        failures: dict[str, str] = {}
        for row in recurrence.compare(settings, sizes.repeats, sizes.gradients, peers, failures):
            emit(row)
        _emit_failures({f"{cell} {name}": why for name, why in failures.items()}, emit)


def _startup(sizes: Sizes, emit: Emit) -> None:
    overrides = list(sizes.overrides)
    for case, run in startup.measured(1, overrides, ("cold", "warm cache")):
        emit(startup.row(case, [run], overrides))


def _emit_failures(failures: dict[str, str], emit: Emit) -> None:
    for name, why in failures.items():
        emit({"name": name, "failed": why})


def _tests(device: str, arguments: tuple[str, ...], emit: Emit) -> None:
    """One row per test, as soon as it has run.

    Raises:
      SystemExit: pytest did not run them all.
    """
    workers = min(cores(), 8) if device == "gpu" else 1
    command = [sys.executable, "-m", "pytest", "--override-ini=addopts=", "-v", "-n", str(workers), *arguments]
    environment = {**os.environ, "SIGNJAX_TEST_DEVICE": device}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment)
    assert process.stdout is not None
    found: Counter[str] = Counter()
    for line in process.stdout:
        sys.stdout.write(line)
        test = re.match(r"\[gw\d+\] \[ *\d+%\] ([A-Z]+) (\S.*)", line)
        if test:
            outcome, name = test[1].lower(), test[2].strip()
            found[outcome] += 1
            emit({"name": name, "outcome": outcome, **({"failed": outcome} if outcome in ("failed", "error") else {})})
    status = process.wait()
    if status not in (0, 1) or not found:
        raise SystemExit(f"pytest ended with exit status {status} after {found.total()} tests")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("rows", type=Path)
    parser.add_argument("--device", required=True, choices=["cpu", "gpu"])
    parser.add_argument("--tiny", action="store_true")
    arguments = parser.parse_args()
    some = {part.name: part for part in parts(arguments.device, TINY if arguments.tiny else Sizes())}
    with arguments.rows.open("a", encoding="utf-8") as file:

        def emit(row: dict[str, Any]) -> None:
            file.write(json.dumps(row) + "\n")
            file.flush()

        some[arguments.name].run(emit)


if __name__ == "__main__":
    main()

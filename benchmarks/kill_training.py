"""Kills real runs at random moments, lets them go on, and compares what they leave with a run that nobody disturbed.

    python -m benchmarks.kill_training --rounds=30

Each round runs in a new folder. The run is killed once (SIGKILL, SIGTERM or SIGINT) and then started again with the same command.
*Identical* means every array of the last checkpoints, `metrics.jsonl`, `predictions.csv` and `summary.json`, without the fields
that tell time. The moment is drawn uniformly from the time that an undisturbed run takes; the phase is read off what the run had
printed.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.interleaved import print_conditions, print_table

ROOT = Path(__file__).resolve().parent.parent

# The smallest run that has all that a run has.
TINY = (
    "--config.synthetic.signs=4",
    "--config.synthetic.signers=5",
    "--config.synthetic.takes=2",
    "--config.data.max_frames=32",
    "--config.data.heads=gloss,hands",
    "--config.model.filters=(8,12)",
    "--config.model.units=6",
    "--config.model.heads=2",
    "--config.model.depth=1",
    "--config.train.batch_size=8",
)

# A run of seconds, with checkpoints within epochs and a second training.
FLAGS = (*TINY, "--config.train.epochs=20", "--config.train.checkpoint_minutes=0.01")
LONGEST = 600.0  # seconds; a run that takes longer hangs
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)

# (a beginning of a line, the phase that it begins)
_PHASES = (
    ("", "start and preparation"),
    ("model:", "compilation"),
    ("train: first step", "steps, validation, checkpoints"),
    ("train: ended", "between the trainings"),
    ("refit:", "second training: compilation"),
    ("self-check:", "evaluation and report"),
    ("report:", "end"),
)


def command(folder: Path, *flags: str) -> list[str]:
    """Starts a run in a folder."""
    return [sys.executable, str(ROOT / "launch.py"), f"--workdir={folder}", *FLAGS, *flags]


def phase_of(printed: str) -> str:
    """The phase that a run is in which has printed this."""
    phase, seen_refit = _PHASES[0][1], False
    for line in printed.splitlines():
        for beginning, name in _PHASES[1:]:
            if line.startswith(beginning):
                phase = name
        seen_refit |= line.startswith("refit:")
        if seen_refit and line.startswith("train: first step"):
            phase = "second training: steps, checkpoints"
    return phase


def killed(folder: Path, seconds: float, number: signal.Signals, *flags: str) -> tuple[int, str]:
    """Starts a run, sends it a signal after the given time, and returns its exit status and output."""
    log = folder.with_suffix(".log")
    with log.open("w") as output:
        process = subprocess.Popen(
            command(folder, *flags),
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | {"PYTHONFAULTHANDLER": "1"},
        )
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(number)
        try:
            process.wait(LONGEST)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGABRT)  # prints where it waits
        return process.wait(), log.read_text()


def differences(one: Path, other: Path) -> list[str]:
    """What differs between two run folders, wall-clock fields aside."""
    import jax
    import numpy as np
    import orbax.checkpoint as ocp

    found = []
    for training in ("", "refit/"):
        folders = [folder / training / "checkpoints" for folder in (one, other)]
        steps = [max(int(path.name) for path in folder.iterdir() if path.name.isdigit()) for folder in folders]
        if len(set(steps)) > 1:
            found.append(f"{training}checkpoints: steps {steps}")
            continue
        with ocp.Checkpointer(ocp.CompositeCheckpointHandler()) as reader:
            saved = [
                reader.restore(
                    folder / str(steps[0]),
                    ocp.args.Composite(state=ocp.args.PyTreeRestore(), progress=ocp.args.JsonRestore()),
                )
                for folder in folders
            ]
        arrays = [jax.tree_util.tree_leaves_with_path(each["state"]) for each in saved]
        names = [[jax.tree_util.keystr(path) for path, _ in each] for each in arrays]
        if names[0] != names[1]:
            found.append(f"{training}checkpoints: other arrays")
        for (path, a), (_, b) in zip(*arrays, strict=True):
            if not np.array_equal(a, b, equal_nan=True):
                found.append(f"{training}checkpoints: {jax.tree_util.keystr(path)}")
        progress = [_timeless(each["progress"]["progress"]) for each in saved]
        if progress[0] != progress[1]:
            found.append(f"{training}checkpoints: progress")
        logs = [
            [json.loads(line) for line in (folder / training / "metrics.jsonl").read_text().splitlines()]
            for folder in (one, other)
        ]
        if _timeless(logs[0]) != _timeless(logs[1]):
            found.append(f"{training}metrics.jsonl")
    if (one / "predictions.csv").read_bytes() != (other / "predictions.csv").read_bytes():
        found.append("predictions.csv")
    summaries = [_timeless(json.loads((folder / "summary.json").read_text())) for folder in (one, other)]
    if summaries[0] != summaries[1]:
        found.append("summary.json")
    return found


def _timeless(value: Any) -> Any:
    """A JSON value without the fields that tell time."""
    if isinstance(value, dict):
        times = ("seconds", "first_step_seconds", "clips_per_second")
        return {key: _timeless(one) for key, one in value.items() if key not in times}
    return [_timeless(one) for one in value] if isinstance(value, list) else value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    print_conditions()
    draw = random.Random(arguments.seed)
    tally: dict[str, Counter[str]] = {}
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        killed(base / "warm", LONGEST, signal.SIGTERM)  # compiles what the other runs find
        start = time.monotonic()
        status, printed = killed(base / "whole", LONGEST, signal.SIGTERM)
        took = time.monotonic() - start
        assert status == 0, printed
        for number in range(arguments.rounds):
            folder, sent = base / f"round{number}", SIGNALS[number % len(SIGNALS)]
            status, printed = killed(folder, draw.uniform(0, took), sent)
            phase = phase_of(printed)
            expected = (
                (0, -sent) if sent == signal.SIGKILL else (0, 128 + sent, -sent)
            )  # the last before Python has started
            again, rest = killed(folder, LONGEST, signal.SIGTERM)
            found = differences(base / "whole", folder) if again == 0 else [f"status {again}: {rest[-300:]}"]
            by_python = status == -signal.SIGINT  # which still imported the program
            if status not in expected or "Traceback" in ("" if by_python else printed) + rest:
                found.append(f"status {status}: {printed[-300:]}")
            outcome = "different" if found else "identical"
            tally.setdefault(f"{phase}, {sent.name}", Counter())[outcome] += 1
            print(f"{number + 1}: {sent.name} in phase {phase}: {outcome} {'; '.join(found)}", flush=True)
            shutil.rmtree(folder)
    rows = [
        [name, str(sum(counts.values())), str(counts["identical"]), str(counts["different"])]
        for name, counts in sorted(tally.items())
    ]
    print_table(["killed in phase, by", "runs", "identical", "different"], rows)
    if arguments.json:
        arguments.json.write_text(json.dumps(tally, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

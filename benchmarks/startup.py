"""Time from the start of `launch.py` to the end of its first training step, and the peak memory of the run.

    python -m benchmarks.startup --repeats=3 --json=startup.json -- --config.train.batch_size=32

What follows `--` is handed to `launch.py`. Each repeat is a process of its own that prepares the corpus, trains one epoch,
evaluates and reports. Memory is the largest resident set of the process.
"""

import argparse
import json
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def run_once(overrides: list[str]) -> tuple[float, float, str]:
    """Seconds to the first step, seconds in all, and the line that names the device."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            str(ROOT / "launch.py"),
            f"--config={ROOT / 'configs' / 'base.py'}",
            f"--workdir={folder}/run",
        ]
        started = time.monotonic()
        first, device = None, ""
        with subprocess.Popen(
            [*command, "--config.train.epochs=1", *overrides], stdout=subprocess.PIPE, text=True, cwd=ROOT
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if line.startswith("device:"):
                    device = line.strip()
                if re.match(r"train: first step after", line):
                    first = time.monotonic() - started
        if process.returncode or first is None:
            raise SystemExit(f"launch.py ended with {process.returncode} before or after its first step")
        return first, time.monotonic() - started, device


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path, help="file for the row")
    parser.add_argument("overrides", nargs="*", help="flags for launch.py, after --")
    arguments = parser.parse_args()
    results = [run_once(arguments.overrides) for _ in range(arguments.repeats)]
    row = {
        "device": results[0][2],
        "repeats": arguments.repeats,
        "first_step_seconds": statistics.median(first for first, _, _ in results),
        "one_epoch_seconds": statistics.median(whole for _, whole, _ in results),
        # Linux gives kilobytes; the largest of all children.
        "peak_gib": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20,
    }
    print(row["device"])
    print(
        "| repeats | start to first step, s (median) | start to end of a one-epoch run, s (median) | peak memory, GiB |"
    )
    print("|---|---|---|---|")
    print(
        f"| {row['repeats']} | {row['first_step_seconds']:.1f} | {row['one_epoch_seconds']:.1f} | {row['peak_gib']:.2f} |"
    )
    if arguments.json:
        arguments.json.write_text(json.dumps([row], indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

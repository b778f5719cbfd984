"""Time and memory of preparing a folder of pickles, and of a second run that finds the data prepared.

    python -m benchmarks.prepare --clips=5752 --frames=60 --json=prepare.json -- --config.data.workers=2

The corpus is generated in a temporary folder: SMPL-X pickles as SignAvatars writes them, with smooth random motion that differs in
every clip. Arguments after `--` are passed to `launch.py`, which runs in its own process. Memory is resident memory, sampled from
/proc 20 times per second: that of the largest process, and the sum over launch.py and its workers, which counts shared pages more
than once. On a busy machine, the CPU time of all processes says more than the elapsed time.
"""

import argparse
import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from signjax.pickles.write import CudaTensor, write_plain
from signjax.runtime.jax_setup import cores

ROOT = Path(__file__).resolve().parent.parent
CLASSES, SIGNERS = 40, 20
SECONDS_BETWEEN_SAMPLES = 0.05


def content(smplx: np.ndarray) -> dict[str, object]:
    """The contents of a published pickle, without the image keypoints."""
    frames = len(smplx)
    return {
        "smplx": smplx,
        "unsmooth_smplx": np.ascontiguousarray(smplx[:, :169]),
        "left_valid": CudaTensor(np.ones(frames, bool)),
        "right_valid": CudaTensor(np.ones(frames, bool)),
        "total_valid_index": np.arange(frames),
        "bb2img_trans": np.zeros((frames, 2, 3), np.float32),
        "focal": np.zeros((frames, 2)),
        "princpt": np.zeros((frames, 2)),
        "width": 1280,
        "height": 720,
    }


def write_corpus(folder: Path, clips: int, frames: int) -> None:
    folder.mkdir()
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(("clip", "gloss", "signer"))
        for index in range(clips):
            rng = np.random.default_rng(index)
            knots = rng.normal(0, 0.4, (frames // 8 + 2, 182)).astype(np.float32)
            position = np.linspace(0, len(knots) - 1.001, frames)
            before, rest = position.astype(int), (position % 1)[:, None].astype(np.float32)
            smplx = knots[before] * (1 - rest) + knots[before + 1] * rest
            write_plain(folder / f"clip{index:06d}.pkl", content(smplx))
            table.writerow(
                (f"clip{index:06d}", f"sign{index % CLASSES:02d}", f"signer{index // CLASSES % SIGNERS:02d}")
            )


def resident(pid: int) -> dict[int, int]:
    """Resident memory of a process and of its descendants, in bytes."""
    found: dict[int, int] = {}
    waiting = [pid]
    while waiting:
        process = waiting.pop()
        try:
            pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
            waiting += map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split())
        except (OSError, IndexError, ValueError):
            continue  # it ended between two looks
        found[process] = pages * os.sysconf("SC_PAGE_SIZE")
    return found


def timed(command: list[str]) -> tuple[float, float, int, int]:
    """Seconds, seconds of all processors, memory of the largest process, and the largest sum over all at one time."""
    started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    largest = together = 0
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            time.sleep(SECONDS_BETWEEN_SAMPLES)
            sizes = resident(process.pid).values()
            largest, together = max(largest, *sizes, 0), max(together, sum(sizes))
    seconds = time.monotonic() - started
    if process.returncode:
        raise SystemExit(f"launch.py ended with {process.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, busy, largest, together


def measure(clips: int, frames: int, overrides: list[str], folder: Path) -> dict[str, Any]:
    write_corpus(folder / "clips", clips, frames)
    command = [
        sys.executable, str(ROOT / "launch.py"), f"--config={ROOT / 'configs' / 'base.py'}", "--mode=prepare",
        f"--workdir={folder / 'run'}", "--config.data.source=signavatars", f"--config.data.path={folder / 'clips'}", *overrides,
    ]  # fmt: skip
    seconds, busy, largest, together = timed(command)
    again, busy_again, _, _ = timed(command)
    return {
        "clips": clips,
        "frames": frames,
        "cores": cores(),
        "seconds": seconds,
        "processor_seconds": busy,
        "second_run_seconds": again,
        "second_run_processor_seconds": busy_again,
        "largest_process_mib": largest / 2**20,
        "all_processes_mib": together / 2**20,
        "features_gib": (folder / "run" / "dataset" / "features.npy").stat().st_size / 2**30,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=5752)
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--folder", type=Path, help="parent of the temporary folder; needs free space")
    parser.add_argument("--json", type=Path, help="file for the rows")
    parser.add_argument("overrides", nargs="*", help="flags for launch.py, after --")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        row = measure(arguments.clips, arguments.frames, arguments.overrides, Path(folder))
    print(
        "| clips | frames | cores | prepared, s | processors, s | second run, s | processors, s | largest process, MiB | all, MiB |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    times = ("seconds", "processor_seconds", "second_run_seconds", "second_run_processor_seconds")
    cells = [
        *(f"{row[key]:.1f}" for key in times),
        f"{row['largest_process_mib']:.0f}",
        f"{row['all_processes_mib']:.0f}",
    ]
    print(f"| {row['clips']} | {row['frames']} | {row['cores']} | {' | '.join(cells)} |")
    if arguments.json:
        arguments.json.write_text(json.dumps([row], indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

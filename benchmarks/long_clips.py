"""Time and memory of preparing long clips, and of the search for copies among them.

    python -m benchmarks.long_clips --clips=100,200,400 --kind=alike --json=long_clips.json
    python -m benchmarks.long_clips --clips=10000 --folder=/large/disk

The clips are synthetic: each is a separate smooth random motion (`different`), or a slight variation of one of ten such motions
(`alike`), so that almost every clip has as many candidates for copies as the search allows. Preparation runs in its own
process, and the search for copies once more in this one. Both use one process and one thread: seconds of the processor do not
depend on what else the machine does. With more of `config.data.workers`, reading and comparing are shared among them. The
temporary folder needs 12 bytes for each value, 36 GB for 10,000 clips of 2,000 frames of 150 channels.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy is loaded

import numpy as np

from benchmarks.prepare import ROOT, timed
from signjax.data.csv_table import write_table
from signjax.data.dataset import Dataset, open_dataset
from signjax.data.splits import duplicates

KINDS = ("different", "alike")
CLASSES, SIGNERS = 10, 8
DEVIATION = 0.15  # of clips of one class, as a share of the motion


def motion(rng: np.random.Generator, frames: int, channels: int) -> np.ndarray:
    """float32 (T, F): lines between random points, eight frames apart."""
    knots = rng.normal(size=(frames // 8 + 2, channels)).astype(np.float32)
    position = np.linspace(0, len(knots) - 1.001, frames)
    before, rest = position.astype(int), (position % 1)[:, None].astype(np.float32)
    return knots[before] * (1 - rest) + knots[before + 1] * rest


def write_clips(folder: Path, kind: str, clips: int, frames: int, channels: int) -> None:
    """A folder of source `arrays`, with one file for each clip and a label table."""
    folder.mkdir()
    rows: list[tuple[str, str, str]] = []
    for clip in range(clips):
        own = motion(np.random.default_rng([1, clip]), frames, channels)
        if kind == "alike":
            own = motion(np.random.default_rng([0, clip % CLASSES]), frames, channels) + DEVIATION * own
        rows.append((f"clip{clip:06d}", f"sign{clip % CLASSES}", f"signer{clip // CLASSES % SIGNERS}"))
        np.save(folder / f"{rows[-1][0]}.npy", own)
    write_table(folder / "labels.csv", ("clip", "gloss", "signer"), rows)


def search(dataset: Dataset) -> tuple[float, int]:
    """Seconds of the processor for finding the copies among all clips, and the number of pairs found."""
    outlines = np.stack([duplicates.outline(dataset.frames(clip)) for clip in range(len(dataset))])
    names = [clip["clip"] for clip in dataset.clips]
    start = time.process_time()
    pairs = duplicates.find_duplicates(outlines, names, np.zeros(len(names), bool), partial(Dataset.frames, dataset))
    return time.process_time() - start, len(pairs)


def measure(kind: str, clips: int, frames: int, channels: int, folder: Path) -> dict[str, Any]:
    write_clips(folder / "clips", kind, clips, frames, channels)
    command = [
        sys.executable, str(ROOT / "launch.py"), f"--config={ROOT / 'configs' / 'base.py'}", "--mode=prepare",
        f"--workdir={folder / 'run'}", "--config.data.source=arrays", f"--config.data.path={folder / 'clips'}",
        "--config.data.workers=1",
    ]  # fmt: skip
    seconds, busy, largest, _ = timed(command)
    searched, pairs = search(open_dataset(folder / "run" / "dataset"))
    return {
        "kind": kind, "clips": clips, "frames": frames, "channels": channels, "seconds": seconds, "processor_seconds": busy,
        "search_processor_seconds": searched, "copies": pairs, "largest_process_mib": largest / 2**20,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", default="10000", help="numbers of clips, separated by commas")
    parser.add_argument("--frames", type=int, default=2000)
    parser.add_argument("--channels", type=int, default=150)
    parser.add_argument("--kind", choices=KINDS, default=KINDS[0])
    parser.add_argument("--folder", type=Path, help="parent of the temporary folder; needs free space")
    parser.add_argument("--json", type=Path, help="file for the rows")
    arguments = parser.parse_args()
    rows: list[dict[str, Any]] = []
    print("| clips | prepared, s | processor, s | of these comparing, s | copies found | largest process, MiB |")
    print("|---|---|---|---|---|---|", flush=True)
    for clips in map(int, arguments.clips.split(",")):
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            row = measure(arguments.kind, clips, arguments.frames, arguments.channels, Path(folder))
        times = (f"{row[key]:.0f}" for key in ("seconds", "processor_seconds", "search_processor_seconds"))
        cells = (f"{clips:,} {arguments.kind}", *times, row["copies"], f"{row['largest_process_mib']:.0f}")
        print(f"| {' | '.join(map(str, cells))} |", flush=True)
        rows.append(row)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

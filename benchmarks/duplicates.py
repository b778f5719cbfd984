"""Which planted copies of clips are found, and which genuine clips are mistaken for copies.

    python -m benchmarks.duplicates libras=runs/libras/dataset auslan=runs/auslan/dataset --json=duplicates.json

Each argument is a name and a prepared dataset folder. Copies of each kind are made of some clips and planted among all clips of the
folder; a copy counts as found if it is paired with its original. Pairs among the original clips are counted too: if those are
known to be different recordings, each pair is a mistake.
"""

import argparse
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from signjax.data.batching.excerpts import frame_indices
from signjax.data.dataset import Dataset, open_dataset
from signjax.data.splits.duplicates import (
    NEAR_DISTANCE,
    Pair,
    channel_scale,
    find_duplicates,
    outline,
)

NOISE = 0.01  # in standard deviations of each channel
FASTEST, SLOWEST = 0.7, 1.4

Plant = Callable[[np.ndarray, np.ndarray, np.random.Generator], np.ndarray]


def between(frames: np.ndarray, count: int) -> np.ndarray:
    """The clip resampled to `count` frames by linear interpolation."""
    position = np.linspace(0, len(frames) - 1, count)
    before = np.minimum(position.astype(int), max(len(frames) - 2, 0))
    after = np.minimum(before + 1, len(frames) - 1)
    rest = (position - before)[:, None].astype(np.float32)
    return frames[before] * (1 - rest) + frames[after] * rest


def noisy(frames: np.ndarray, scale: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return frames + rng.normal(0, NOISE, frames.shape).astype(np.float32) * np.where(np.isfinite(scale), scale, 0)


def new_length(frames: np.ndarray, rng: np.random.Generator) -> int:
    return max(4, round(len(frames) * np.exp(rng.uniform(np.log(FASTEST), np.log(SLOWEST)))))


def resampled(frames: np.ndarray, scale: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return noisy(between(frames, new_length(frames, rng)), scale, rng)


def dropped(frames: np.ndarray, scale: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    count = new_length(frames, rng)
    taken = (
        frame_indices(0, len(frames) - 1, count)
        if count < len(frames)
        else np.sort(rng.integers(0, len(frames), count))
    )
    return noisy(frames[taken], scale, rng)


def cut(share: float) -> Plant:
    def plant(frames: np.ndarray, scale: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        lost = round(share * len(frames))
        start = int(rng.integers(0, lost + 1))
        return resampled(frames[start : len(frames) - lost + start], scale, rng)

    return plant


PLANTS: dict[str, Plant] = {
    "renamed": lambda frames, scale, rng: frames.copy(),
    "1 % noise": noisy,
    "0.7 to 1.4 times as many frames, 1 % noise": resampled,
    "frames dropped or doubled, 1 % noise": dropped,
    "the same, resampled, 5 % cut off": cut(0.05),
    "the same, resampled, 10 % cut off": cut(0.10),
}


def measure(dataset: Dataset, count: int) -> tuple[dict[str, float], int, float]:
    """Share of planted copies that are found, by kind; the number of pairs among the originals and their least distance."""
    rng = np.random.default_rng(0)
    clips = [np.asarray(dataset.frames(i)) for i in range(len(dataset))]
    blank = [bool((clip == clip.flat[0]).all()) for clip in clips]
    scale = channel_scale(np.stack([outline(clip) for clip in clips]))
    originals = np.flatnonzero(~np.array(blank))
    originals = np.sort(rng.permutation(originals)[:count])
    found = {}
    for kind, plant in PLANTS.items():
        copies = [plant(clips[i], scale, rng) for i in originals]
        pairs = {pair[:2] for pair in pairs_among([*clips, *copies], [*blank, *[False] * len(copies)], NEAR_DISTANCE)}
        wanted = {(int(i), len(clips) + n) for n, i in enumerate(originals)}
        found[kind] = len(wanted & pairs) / len(wanted)
    distances = [pair.distance for pair in pairs_among(clips, blank, np.inf)]
    return found, sum(distance <= NEAR_DISTANCE for distance in distances), min(distances, default=np.inf)


def pairs_among(clips: list[np.ndarray], blank: list[bool], near_distance: float) -> list[Pair]:
    outlines = np.stack([outline(clip) for clip in clips])
    digests = [hashlib.sha256(clip.tobytes()).hexdigest() for clip in clips]
    return find_duplicates(outlines, digests, np.array(blank), lambda i: clips[i], near_distance)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datasets", nargs="+", help="NAME=FOLDER, of prepared datasets")
    parser.add_argument("--copies", type=int, default=300, help="largest number of clips that are copied")
    parser.add_argument("--json", type=Path, help="file for the rows")
    arguments = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for entry in arguments.datasets:
        name, _, folder = entry.partition("=")
        dataset = open_dataset(Path(folder))
        found, pairs, nearest = measure(dataset, arguments.copies)
        row = {"name": name, "clips": len(dataset), "found": found}
        rows.append(row | {"pairs_among_originals": pairs, "least_distance_of_originals": nearest})
    names = " | ".join(f"{row['name']}, {row['clips']} clips" for row in rows)
    print(f"| planted copies found, % | {names} |")
    print("|---|" + "---|" * len(rows))
    for kind in PLANTS:
        shares = [f"{100 * row['found'][kind]:.1f}" for row in rows]
        print(f"| {kind} | {' | '.join(shares)} |")
    print(f"| pairs among the originals | {' | '.join(str(row['pairs_among_originals']) for row in rows)} |")
    nearest_pairs = [f"{row['least_distance_of_originals']:.3f}" for row in rows]
    print(f"| least distance of two originals (limit {NEAR_DISTANCE}) | {' | '.join(nearest_pairs)} |")
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

"""Splits a packed file of clips by take: some takes of each sign and signer to learn from, all others to be tested.

    python -m benchmarks.views isl_kinect30.npz --train 1 2 3 --out=isl_kinect30_views.npz

In ISL-Kinect30, takes 1 to 3 are seen from the front, 4 to 6 from an angle of 46 degrees, 7 to 9 from one of 61. A clip's name ends
with the number of its take. `configs/isl_kinect30_views.py` takes the file.
"""

import argparse
import re
from pathlib import Path

import numpy as np

from benchmarks.subsets import write_subset


def split_by_take(clips: np.ndarray, train: list[int]) -> np.ndarray:
    """The split of each clip (N,): `train` for takes that are learned from, else `test`; a name without a number is an error."""
    takes = [re.search(r"(\d+)$", name) for name in clips.tolist()]
    nameless = [name for name, take in zip(clips.tolist(), takes, strict=True) if take is None]
    if nameless:
        raise SystemExit(
            f"{len(nameless)} names of clips do not end with the number of a take, such as {nameless[0]!r}"
        )
    learned = [take is not None and int(take[1]) in train for take in takes]
    return np.where(learned, "train", "test")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="packed file of clips (.npz) with their names")
    parser.add_argument("--train", type=int, nargs="+", required=True, help="takes that are learned from")
    parser.add_argument("--out", type=Path, required=True, help="file to write")
    arguments = parser.parse_args()
    with np.load(arguments.data) as file:
        split = split_by_take(file["clips"], arguments.train)
    write_subset(arguments.data, np.ones(len(split), bool), arguments.out, split=split)
    print(f"{arguments.out}: {(split == 'train').sum():,} training clips, {(split == 'test').sum():,} test clips")


if __name__ == "__main__":
    main()

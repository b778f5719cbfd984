"""A model that learns new classes with `train.init_from`, against one that is trained anew.

    python -m benchmarks.new_classes --data=asl16.npz --new=4 --steps=800 --fewer=200 --out=runs/new_classes

A first model learns all classes but the last `--new` in `--steps` steps. Then, on all classes: that model grows in `--fewer`
steps, of which the first share (`--frozen`) trains the heads alone; one is trained anew in as many, and one in `--steps`. The
file must have splits. Only networks are compared, without the classifier that they are fused with. What follows `--` is
handed to `launch.py`; finished runs in `--out` are read.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.one_run import ROOT, run_once
from benchmarks.subsets import classes_and_splits, write_subset
from signjax.data.csv_table import read_table


def row(name: str, folder: Path, summary: dict[str, Any], new: set[str]) -> str:
    """A row of the table: top-1 on the validation and test clips, which no run chooses by."""
    found = read_table(folder / "predictions.csv")
    right = [(one["gloss_rank"] == "1", one["gloss_label"] in new) for one in found]
    parts = (
        [hit for hit, _ in right],
        [hit for hit, is_new in right if is_new],
        [hit for hit, is_new in right if not is_new],
    )
    shares = (f"{100 * np.mean(some):.1f}" if some else "" for some in parts)
    cells = (name, str(summary["training"]["steps"]), f"{summary['training']['seconds'] / 60:.1f}", *shares)
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="packed file of clips with splits (.npz)")
    parser.add_argument("--config", default=str(ROOT / "configs" / "asl16.py"))
    parser.add_argument("--new", type=int, default=4, help="classes that the first model does not know")
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--fewer", type=int, default=200)
    parser.add_argument("--frozen", type=float, default=0.25)
    parser.add_argument("--out", type=Path, required=True, help="folder for the runs")
    parser.add_argument("overrides", nargs="*", help="flags for launch.py, after --")
    arguments = parser.parse_args()
    classes, _ = classes_and_splits(arguments.data)
    new = set(np.unique(classes)[-arguments.new :].tolist())
    known = arguments.out / "known.npz"
    if not known.is_file():
        write_subset(arguments.data, ~np.isin(classes, list(new)), known)
    common = ["--config.train.refit=no", "--config.train.fuse=False", *arguments.overrides]
    grown = [
        f"--config.train.init_from={arguments.out / 'first'}",
        f"--config.train.freeze_fraction={arguments.frozen}",
    ]
    runs = {
        "first": (known, arguments.steps, []),
        "grown": (arguments.data, arguments.fewer, grown),
        "anew, as many steps": (arguments.data, arguments.fewer, []),
        "anew": (arguments.data, arguments.steps, []),
    }
    print("| model | steps | minutes | top-1 | new classes | known classes |", "|---" * 6 + "|", sep="\n")
    for name, (data, steps, more) in runs.items():
        folder = arguments.out / name.replace(", ", "-").replace(" ", "-")
        flags = [f"--config.data.path={data}", f"--config.train.steps={steps}", *common, *more]
        print(row(name, folder, run_once(arguments.config, folder, flags), new), flush=True)


if __name__ == "__main__":
    main()

"""What `loss.class_weights` does where classes differ in size: a long-tailed subset of the training clips.

    python -m benchmarks.class_weights --data=asl16.npz --out=runs/class_weights

Of the training clips of a class, a part is kept that falls from all to a tenth over the classes (`--tail`). Validation and
test clips stay as they are; no run chooses by them, so both are scored. The file must have splits. Only networks are
compared, without the classifier that they are fused with. What follows `--` is handed to `launch.py`; finished runs in
`--out` are read.
"""

import argparse
from pathlib import Path

import numpy as np

from benchmarks.one_run import ROOT, run_once
from benchmarks.subsets import classes_and_splits, write_subset
from signjax.data.csv_table import read_table
from signjax.plans.training import CLASS_WEIGHTS


def long_tailed(classes: np.ndarray, split: np.ndarray, tail: float) -> np.ndarray:
    """Whether each clip is kept: of the training clips of class c of C, the first `tail ** (c / (C - 1))`."""
    kept, names = np.ones(len(classes), bool), np.unique(classes)
    for number, name in enumerate(names):
        train = np.flatnonzero((classes == name) & (split == "train"))
        kept[train[max(2, round(len(train) * tail ** (number / (len(names) - 1)))) :]] = False
    return kept


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="packed file of clips with splits (.npz)")
    parser.add_argument("--config", default=str(ROOT / "configs" / "asl16.py"))
    parser.add_argument("--tail", type=float, default=0.1, help="share of clips that the last class keeps")
    parser.add_argument("--kinds", nargs="+", choices=CLASS_WEIGHTS, default=list(CLASS_WEIGHTS))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, help="folder for the runs")
    parser.add_argument("overrides", nargs="*", help="flags for launch.py, after --")
    arguments = parser.parse_args()
    classes, split = classes_and_splits(arguments.data)
    data = arguments.out / "long_tailed.npz"
    if not data.is_file():
        write_subset(arguments.data, long_tailed(classes, split, arguments.tail), data)
    print("| class weights | seed | clips | top-1 | macro top-1 |", "|---" * 5 + "|", sep="\n")
    for kind in arguments.kinds:
        for seed in range(arguments.seeds):
            folder = arguments.out / f"{kind}-{seed}"
            flags = [f"--config.data.path={data}", f"--config.loss.class_weights={kind}", f"--config.seed={seed}"]
            flags += ["--config.train.refit=no", "--config.train.fuse=False", *arguments.overrides]
            run_once(arguments.config, folder, flags)
            found = read_table(folder / "predictions.csv")
            right = [row["gloss_rank"] == "1" for row in found]
            names = {row["gloss_label"] for row in found}
            each = [[row["gloss_rank"] == "1" for row in found if row["gloss_label"] == name] for name in names]
            top1, macro = np.mean(right), np.mean([np.mean(some) for some in each])
            print(f"| {kind} | {seed} | {len(found)} | {100 * top1:.1f} | {100 * macro:.1f} |", flush=True)


if __name__ == "__main__":
    main()

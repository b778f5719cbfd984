"""How much each cleaning step helps a nearest neighbour on the validation clips; the test clips are not used.

    python -m benchmarks.cleaning --seeds=3 -- --config.data.source=signavatars --config.data.path=CLIPS

Arguments after `--` are passed to `launch.py --mode=prepare`. Steps are added one after another; the seed determines the splits if
the source gives none. A step that does not apply to the layout changes nothing.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from signjax.data.dataset import open_dataset
from signjax.evaluation.baselines import clip_vectors, nearest_neighbours

ROOT = Path(__file__).resolve().parent.parent
STEPS = {
    "uncleaned": ["trim=False", "longest_gap=0", "centre=False", "hand_shapes=False"],
    "gaps filled in": ["trim=False", "centre=False", "hand_shapes=False"],
    "centred and scaled": ["trim=False", "hand_shapes=False"],
    "wrist-relative hands added": ["trim=False"],
    "trimmed (all defaults)": [],
    "left-handed clips detected": ["handedness=detect"],
    "rotations as six numbers": ["rotations=6d"],
}


def nearest_neighbour(changes: list[str], seed: int, overrides: list[str]) -> dict[str, float]:
    """Head -> top-1 on the validation clips."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable, str(ROOT / "launch.py"), f"--config={ROOT / 'configs' / 'base.py'}", "--mode=prepare",
            f"--workdir={folder}/run", f"--config.seed={seed}", *(f"--config.data.{change}" for change in changes),
            *overrides,
        ]  # fmt: skip
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
        dataset = open_dataset(Path(folder) / "run" / "dataset")
        train, asked = dataset.indices("train"), dataset.indices("valid")
        # Every synthetic clip is labelled for every head.
        nearest = train[nearest_neighbours(clip_vectors(dataset, train), clip_vectors(dataset, asked))]
        right = (dataset.labels[nearest] == dataset.labels[asked]).mean(0)
    return dict(zip(dataset.heads, right.tolist(), strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--json", type=Path, help="file for the rows")
    parser.add_argument("overrides", nargs="*", help="flags for launch.py, after --")
    arguments = parser.parse_args()
    print("| cleaning | nearest neighbour, validation top-1, % |\n|---|---|")
    rows = []
    for step, changes in STEPS.items():
        runs = [nearest_neighbour(changes, seed, arguments.overrides) for seed in range(arguments.seeds)]
        for head in runs[0]:
            values = [100 * run[head] for run in runs]
            rows.append({"step": step, "head": head, "top1": values})
            spread = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
            print(
                f"| {step}{f', {head}' if len(runs[0]) > 1 else ''} | {statistics.mean(values):.1f}{spread} |",
                flush=True,
            )
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

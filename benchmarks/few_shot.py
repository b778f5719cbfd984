"""Accuracy on a new signer against the number of labelled clips of each sign that the model was calibrated with.

    python -m benchmarks.few_shot --data=isl_kinect30.npz --layout=isl_kinect30_layout.json --folds=10 --out=runs/few_shot

Each fold holds out one signer, trains, and calibrates the model with a few clips of that signer, drawn at random. The clips
that are scored are those that no calibration of the draw uses, so all its columns are of the same clips. Finished runs in
`--out` are read, not trained again; what follows `--` is handed to `launch.py`.

`--split=valid` calibrates to the validation signers instead, for choosing something; the runs must not be refitted on them
(`-- --config.train.refit=no`). `--priors` compares weights of the old layer.
"""

import argparse
import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.one_run import ROOT, run_once
from signjax.prediction.calibration.head_fit import PRIOR
from signjax.runtime.jax_setup import choose_platform

if TYPE_CHECKING:
    from signjax.prediction.calibration.calibrated import Described
    from signjax.prediction.recognizer import Recognizer

HEAD = "gloss"


def drawn(labels: np.ndarray, most: int, random: np.random.Generator) -> tuple[list[np.ndarray], np.ndarray]:
    """For each class `most` clips in random order, and the clips that are left to be scored.

    Raises:
      SystemExit: a class has too few clips.
    """
    orders = [random.permutation(np.flatnonzero(labels == code)) for code in np.unique(labels[labels >= 0])]
    if min(map(len, orders)) <= most:
        raise SystemExit(f"a class has {min(map(len, orders))} clips; {most + 1} are needed to calibrate and to score")
    return [order[:most] for order in orders], np.concatenate([order[most:] for order in orders])


def right(model: "Recognizer", clips: "Described", scored: np.ndarray) -> dict[str, float]:
    """The share of right answers of a model, and of its network alone, for some of the clips."""
    from signjax.random_convolution.classifier import log_softmax

    asked, labels = clips.some(scored), clips.labels[HEAD][scored]
    members = model.settings.training.loop.members
    head = model.variables["params"][f"head_{HEAD}"]
    layers = [(head["kernel"], head["bias"])] if members == 1 else list(zip(head["kernel"], head["bias"], strict=True))
    network = np.mean(
        [log_softmax(features @ kernel + bias) for features, (kernel, bias) in zip(asked.network, layers, strict=True)],
        0,
    )
    answers = {"network alone": network}
    if model.fusion and asked.classifier is not None:
        own, others = model.fusion.weights[HEAD]
        other = model.fusion.classifier.heads[HEAD]
        scores = log_softmax(other.logits(asked.classifier))
        answers |= {"fused": own * network + others * scores}
    return {name: float((logits.argmax(1) == labels).mean()) for name, logits in answers.items()}


def measure(
    folder: Path, split: str, counts: Sequence[int], draws: int, priors: Sequence[float]
) -> list[dict[str, Any]]:
    """Top-1 for each signer of a split of a run, prior, number of clips and draw."""
    from copy import copy

    import signjax
    from signjax.data.dataset import open_dataset
    from signjax.prediction.calibration.calibrated import describe, fit_heads
    from signjax.settings.run_config import model_of

    if split == "valid" and "refit" in model_of(folder):
        raise SystemExit(
            f"{folder}: the model has learned from the validation clips; train with --config.train.refit=no"
        )
    model, dataset = signjax.load(folder), open_dataset(folder / "dataset")
    rows = dataset.indices(split)
    described = describe(model, _subset(dataset, rows))
    signers = np.array([dataset.clips[row]["signer"] for row in rows])
    found: list[dict[str, Any]] = []
    for signer in sorted(set(signers)):
        clips = described.some(np.flatnonzero(signers == signer))
        for draw in range(draws):
            first, scored = drawn(clips.labels[HEAD], max(counts), np.random.default_rng(draw))
            for prior in priors:
                for count in counts:
                    new = copy(model)
                    if count:
                        few = clips.some(np.concatenate([order[:count] for order in first]))
                        new.variables, new.fusion = fit_heads(model, few, [HEAD], prior)
                    found += [
                        {"signer": signer, "prior": prior, "count": count, "draw": draw, "model": name, "top1": share}
                        for name, share in right(new, clips, scored).items()
                    ]
    return found


def _subset(dataset: Any, rows: np.ndarray) -> Any:
    """Some clips of a dataset, in memory."""
    from dataclasses import replace

    offsets = np.cumsum([0, *dataset.lengths[rows]])
    return replace(
        dataset,
        features=np.concatenate([dataset.frames(row) for row in rows]),
        valid=np.concatenate([dataset.validity(row) for row in rows]),
        offsets=offsets,
        labels=dataset.labels[rows],
        split=dataset.split[rows],
        clips=[dataset.clips[row] for row in rows],
    )


def table(found: list[dict[str, Any]], counts: Sequence[int], prior: float, model: str) -> list[str]:
    """A row for each signer, mean over draws ± their standard deviation, and one for all signers ± their standard deviation."""
    lines = [f"| {model}: clips per sign | {' | '.join(map(str, counts))} |", "|---" * (len(counts) + 1) + "|"]
    mine = [row for row in found if row["prior"] == prior and row["model"] == model]
    means: dict[int, list[float]] = {count: [] for count in counts}
    for signer in sorted({row["signer"] for row in mine}):
        cells = []
        for count in counts:
            values = [100 * row["top1"] for row in mine if (row["signer"], row["count"]) == (signer, count)]
            means[count].append(statistics.mean(values))
            cells.append(_cell(values))
        lines.append(f"| {signer} | {' | '.join(cells)} |")
    lines.append(f"| all {len(means[counts[0]])} signers | {' | '.join(_cell(means[count]) for count in counts)} |")
    return lines


def _cell(values: list[float]) -> str:
    spread = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.1f}{spread}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="file or folder of the clips")
    parser.add_argument("--layout", default="auto")
    parser.add_argument("--config", default=str(ROOT / "configs" / "isl_kinect30.py"))
    parser.add_argument("--folds", type=int, nargs="+", default=[10], help="how many, or with several numbers, which")
    parser.add_argument("--split", choices=("test", "valid"), default="test")
    parser.add_argument("--counts", type=int, nargs="+", default=[0, 1, 2, 4], help="calibration clips of each sign")
    parser.add_argument("--draws", type=int, default=10, help="of calibration clips, for each signer")
    parser.add_argument("--priors", type=float, nargs="+", default=[PRIOR])
    parser.add_argument("--out", type=Path, required=True, help="folder for the runs")
    parser.add_argument("--json", type=Path, help="file for the results of each draw")
    parser.add_argument("overrides", nargs="*", help="flags for launch.py, after --")
    arguments = parser.parse_args()
    folds = list(range(arguments.folds[0])) if len(arguments.folds) == 1 else arguments.folds
    data = [f"--config.data.path={arguments.data}", f"--config.data.layout={arguments.layout}"]
    choose_platform()
    found: list[dict[str, Any]] = []
    for fold in folds:
        folder = arguments.out / f"fold{fold}"
        run_once(arguments.config, folder, [*data, f"--config.data.fold={fold}", *arguments.overrides])
        found += measure(folder, arguments.split, arguments.counts, arguments.draws, arguments.priors)
    print(
        f"top-1 in percent, {arguments.split} signers of {len(folds)} folds, {arguments.draws} draws of calibration clips"
    )
    for prior in arguments.priors:
        for model in dict.fromkeys(row["model"] for row in found):
            print(f"\nprior {prior:g}" if len(arguments.priors) > 1 else "")
            print(*table(found, arguments.counts, prior, model), sep="\n")
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

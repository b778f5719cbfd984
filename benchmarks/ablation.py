"""What a change of the recipe gives, on held-out training clips: no test clip has a part in it.

    python -m benchmarks.ablation --data=isl_kinect30.npz --held_out=3 --clips=450 --seeds 0 1 --out=runs/ablation \
        --variant=default -- --config.data.layout=isl_kinect30_layout.json
    python -m benchmarks.ablation --data=isl_kinect30.npz --held_out=3 --clips=450 --seeds 0 1 --out=runs/ablation \
        --variant=no-turn -- --config.data.layout=isl_kinect30_layout.json --config.augment.turn=0

Of a packed file of clips, only what is for training counts: where it has splits, its training clips; else, where it has signers,
those of all signers but the first, who is the test signer of the first fold. A seed draws from them which signers, or which share
of each class, are held out (`--held_out`), which signers learn (`--signers`), which classes there are (`--classes`), and which of
the clips are learned from (`--clips`). So all variants of a seed have the same clips. What follows `--` is handed to `launch.py`;
finished runs in `--out` are read.

A row gives top-1 in percent and the mean negative log-likelihood on the held-out clips, of the fused answer, of the network and of
the classifier beside it. `--mirrored` asks for the mirror images of the held-out clips, as a front camera or a left-handed signer
would give them. `--peers` asks classifiers of aeon for the clips themselves, as `benchmarks.accuracy` does.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.accuracy import ask_peers, cell
from benchmarks.one_run import ROOT, run_once
from benchmarks.peers.aeon_classifiers import PEERS
from benchmarks.peers.finished_run import prepared_clips
from benchmarks.subsets import write_subset
from signjax.data.cleaning.handedness import mirrored as mirrored_clip
from signjax.random_convolution.classifier import log_softmax
from signjax.runtime.jax_setup import choose_platform

ANSWERS = "answers.npz"


def draw(arrays: dict[str, np.ndarray], arguments: argparse.Namespace, seed: int) -> np.ndarray:
    """The part of each clip (N,): `train`, `test`, or nothing where it is left out."""
    random, labels = np.random.default_rng(seed), arrays["labels"]
    usable = arrays["split"] == "train" if "split" in arrays else np.ones(len(labels), bool)
    signers = arrays.get("signers", np.full(len(labels), ""))
    names = np.unique(signers[usable & (signers != "")])
    if "split" not in arrays and len(names):
        names = names[1:]
        usable &= np.isin(signers, names)
    if arguments.classes:
        usable &= np.isin(labels, random.permutation(np.unique(labels))[: arguments.classes])
    if arguments.held_out >= 1:
        if len(names) <= arguments.held_out:
            raise SystemExit(f"{arguments.data}: {arguments.held_out:.0f} of {len(names)} signers cannot be held out")
        order = random.permutation(names)
        held, kept = order[: int(arguments.held_out)], order[int(arguments.held_out) :]
        test = usable & np.isin(signers, held)
        train = usable & np.isin(signers, kept[: arguments.signers or None])
    else:
        test = usable & _share(labels, usable, arguments.held_out, random)
        train = usable & ~test
    if arguments.clips and arguments.clips < train.sum():
        train = _share(labels, train, arguments.clips / train.sum(), random)
    return np.where(test, "test", np.where(train, "train", ""))


def _share(labels: np.ndarray, clips: np.ndarray, share: float, random: np.random.Generator) -> np.ndarray:
    """Of the clips (N,) a random share of each class, at least one."""
    chosen = np.zeros(len(labels), bool)
    for label in np.unique(labels[clips]):
        own = random.permutation(np.flatnonzero(clips & (labels == label)))
        chosen[own[: max(1, round(share * len(own)))]] = True
    return chosen


def write_draw(arguments: argparse.Namespace, seed: int) -> Path:
    """The file of the clips that a seed draws, with their splits."""
    path: Path = arguments.out / f"seed{seed}.npz"
    if not path.is_file():
        with np.load(arguments.data) as file:
            arrays = dict(file)
        split = draw(arrays, arguments, seed)
        write_subset(arguments.data, split != "", path, split=split)
    return path


def answers_of(run: Path, *, mirrored: bool = False) -> dict[str, np.ndarray]:
    """`labels` of the held-out clips, and log-probabilities (N, C) `fused`, of the `network` and of the `classifier`."""
    kept = run / (f"mirrored_{ANSWERS}" if mirrored else ANSWERS)
    if not kept.is_file():
        import signjax
        from signjax.data.dataset import open_dataset

        model, dataset = signjax.load(run), open_dataset(run / "dataset")
        rows, (head,) = dataset.indices("test"), dataset.heads
        clips = prepared_clips(dataset, rows)
        if mirrored:
            if not dataset.layout.can_mirror(centred=model.spec.cleaning.centre):
                raise SystemExit(f"{run}: its clips have no left and right ({dataset.layout.name}), or are not centred")
            clips = [mirrored_clip(clip, dataset.layout) for clip in clips]
        network, other, fused = model.answers(clips)
        assert other is not None  # fused by default
        logits = {"fused": fused.logits[head], "network": network.logits[head], "classifier": other[head]}
        found: dict[str, Any] = {name: log_softmax(values) for name, values in logits.items()}
        np.savez(kept, labels=dataset.labels[rows, 0], **found)
    with np.load(kept) as file:
        return dict(file)


def measures(answers: dict[str, np.ndarray]) -> dict[str, float]:
    """Top-1 and negative log-likelihood of each of the three."""
    labels, found = answers["labels"], {}
    for name in ("fused", "network", "classifier"):
        logits = answers[name].astype(np.float64)
        found[f"{name}_top1"] = float((logits.argmax(1) == labels).mean())
        found[f"{name}_nll"] = -float(logits[np.arange(len(labels)), labels].mean())
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="packed file of clips (.npz)")
    parser.add_argument("--held_out", type=float, default=0.25, help="signers, or below 1 the share of clips, held out")
    parser.add_argument("--signers", type=int, default=0, help="signers that are learned from; 0: all others")
    parser.add_argument("--classes", type=int, default=0, help="classes; 0: all")
    parser.add_argument("--clips", type=int, default=0, help="clips that are learned from, about; 0: all")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="of the draws and of the runs")
    parser.add_argument("--variant", default="default", help="name of the row and of its runs")
    parser.add_argument("--out", type=Path, required=True, help="folder for the runs of all variants of one draw")
    parser.add_argument("--mirrored", action="store_true", help="ask for the mirror images of the held-out clips")
    parser.add_argument("--peers", nargs="+", choices=list(PEERS), default=[], help="classifiers of aeon")
    parser.add_argument("--json", type=Path, help="file for the results of each seed")
    parser.add_argument("overrides", nargs="*", help="flags for launch.py, after --")
    arguments = parser.parse_args()
    choose_platform()
    rows: list[dict[str, Any]] = []
    for seed in arguments.seeds:
        folder = arguments.out / f"{arguments.variant}-{seed}"
        flags = ["--config.data.source=arrays", f"--config.data.path={write_draw(arguments, seed).resolve()}"]
        if arguments.held_out < 1:
            flags.append("--config.data.split=column")  # signers may be shared
        summary = run_once(
            str(ROOT / "configs" / "base.py"), folder, [*flags, f"--config.seed={seed}", *arguments.overrides]
        )
        row = {
            "variant": arguments.variant,
            "mirrored": arguments.mirrored,
            "seed": seed,
            "seconds": summary["training"]["seconds"],
        }
        row |= measures(answers_of(folder, mirrored=arguments.mirrored))
        row |= {f"{peer}_top1": one["top1"] for peer, one in ask_peers(arguments.peers, folder).items()}
        rows.append(row)
    names = [name for name in rows[0] if name.endswith(("_top1", "_nll"))]
    print(
        f"| variant | seeds | {' | '.join(name.replace('_', ' ') for name in names)} |",
        "|---" * (len(names) + 2) + "|",
        sep="\n",
    )
    cells = [cell([row[name] for row in rows], *((100, 1) if name.endswith("top1") else (1, 3))) for name in names]
    print(f"| {arguments.variant} | {', '.join(map(str, arguments.seeds))} | {' | '.join(cells)} |")
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

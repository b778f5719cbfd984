"""How well signs that a model has not learned are told from those that it has: some classes are held out of training.

    python -m benchmarks.open_set                                   # the built-in corpus
    python -m benchmarks.open_set isl_kinect30.npz --layout=isl_kinect30_layout.json --signers=6 --hold_out=8

Takes an .npz file of source `arrays`, or makes the built-in corpus, holds out classes that the seed chooses, trains a small network
on the others, and scores each test clip and each clip of a held-out class by a test signer. AUROC is the probability that a known
clip scores higher than an unknown one. Thresholds are those at which 5 % of the validation clips would be rejected; test clips
have no part in them.
`--workdir` keeps the run, and the same command goes on where it was stopped.

- max probability: of the fused answer (Hendrycks & Gimpel, 2017).
- temperature: the same, the logits divided by a temperature that validation clips chose (Guo et al., 2017).
- largest logit: of the fused answer, less the mean logit (Hendrycks et al., 2022).
- energy: of the network's logits (Liu et al., 2020).
- centre distance: of the network's logits from the nearest mean of a class of training clips (Bendale & Boult, 2016).
- centre angle: the same with the angle, which does not depend on how large logits are.
- centre angles of both: that of the network and that of the random-convolution classifier, added up: what signjax uses.
"""

import argparse
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.interleaved import print_table
from benchmarks.peers.finished_run import prepared_clips

_RATE = 0.05
_TEMPERATURES = np.geomspace(0.1, 10.0, 81)


def log_sum_exp(logits: np.ndarray) -> np.ndarray:
    """Over the last axis, (..., C)."""
    highest = logits.max(-1, keepdims=True)
    return (highest + np.log(np.exp(logits - highest).sum(-1, keepdims=True)))[..., 0]


def max_probability(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """(N,): the logarithm of the probability of the most likely class (Hendrycks & Gimpel, 2017)."""
    scaled = logits.astype(np.float64) / temperature
    return scaled.max(-1) - log_sum_exp(scaled)


def energy(logits: np.ndarray) -> np.ndarray:
    """(N,): the negative energy, log(sum(exp(logits))), which is low where no class is supported (Liu et al., 2020)."""
    return log_sum_exp(logits.astype(np.float64))


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature that gives the labels (N,), -1 = not labelled, the greatest likelihood (Guo et al., 2017)."""
    labelled = labels >= 0
    if not labelled.any():
        return 1.0
    scaled = logits[labelled].astype(np.float64) / _TEMPERATURES[:, None, None]
    likelihood = scaled[:, np.arange(labelled.sum()), labels[labelled]] - log_sum_exp(scaled)
    return float(_TEMPERATURES[likelihood.sum(1).argmax()])


def largest_logit(logits: np.ndarray) -> np.ndarray:
    """(N,): the largest logit less the mean of all."""
    scores = logits.astype(np.float64)
    return scores.max(-1) - scores.mean(-1)


def nearness(logits: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """(N,): the negative distance to the nearest class centre."""
    return -np.linalg.norm(logits[:, None].astype(np.float64) - centres, axis=2).min(1)


def auroc(known: np.ndarray, unknown: np.ndarray) -> float:
    """The probability that a known clip has a higher score than an unknown one; a tie counts half."""
    ordered = np.sort(known)
    below, up_to = (np.searchsorted(ordered, unknown, side) for side in ("left", "right"))
    return float(1 - (below + up_to).sum() / (2 * len(known) * len(unknown)))


def built_in(folder: Path) -> Path:
    """The built-in corpus as an .npz file."""
    import signjax
    from signjax.data.synthetic.corpus import CorpusSize, write_corpus

    write_corpus(folder / "corpus", CorpusSize(signs=24, signers=8, takes=2), 0, print)
    clips = signjax.read(folder / "corpus", source="signavatars", labels=folder / "corpus" / "labels.csv")
    np.savez(
        folder / "corpus.npz",
        frames=np.concatenate([clip.frames for clip in clips]),
        offsets=np.cumsum([0, *(len(clip.frames) for clip in clips)]),
        labels=np.array([clip.labels["gloss"] for clip in clips]),
        signers=np.array([clip.signer for clip in clips]),
        clips=np.array([clip.name for clip in clips]),
    )
    return folder / "corpus.npz"


def divide(path: Path, folder: Path, hold_out: int, signers: int, seed: int) -> None:
    """Writes `known.npz` and `unknown.npz`: the clips of the first signers, without the held-out classes and with nothing else."""
    arrays = dict(np.load(path))
    labels = arrays["classes"][arrays["labels"]] if "classes" in arrays else arrays["labels"]
    held_out = np.random.default_rng(seed).permutation(np.unique(labels))[:hold_out]
    used = np.ones(len(labels), bool)
    if signers:
        used = np.isin(arrays["signers"], np.unique(arrays["signers"])[:signers])
    starts, unknown = arrays["offsets"], np.isin(labels, held_out)
    for name, chosen in (("known", used & ~unknown), ("unknown", used & unknown)):
        clips = np.flatnonzero(chosen)
        content = {key: arrays[key][clips] for key in ("clips", "signers", "split") if key in arrays}
        content |= {"channels": arrays["channels"]} if "channels" in arrays else {}
        frames = [arrays["frames"][starts[clip] : starts[clip + 1]] for clip in clips]
        lengths = [len(clip) for clip in frames]
        np.savez(
            folder / f"{name}.npz",
            frames=np.concatenate(frames),
            offsets=np.cumsum([0, *lengths]),
            labels=labels[clips],
            **content,
        )


def answers_of(folder: Path) -> dict[str, Any]:
    """Split or `unknown` -> logits float32 (N, C) of the network, the fused ones and the classifier beside it; and the labels."""
    import signjax
    from signjax.data.clip import Rejected
    from signjax.data.dataset import open_dataset
    from signjax.prediction.new_clips import listed

    model, dataset = signjax.load(folder / "run"), open_dataset(folder / "run" / "dataset")
    signers = {dataset.clips[i]["signer"] for i in dataset.indices("test")} - {""}
    rejected: list[Rejected] = []
    with listed(folder / "unknown.npz", "arrays", model.settings.data, model.layout, print) as new:
        unknown = [clip for clip in model.usable(new, rejected) if not signers or clip.signer in signers]
    given = {"unknown": unknown}
    for split in ("train", "valid", "test"):
        given[split] = prepared_clips(dataset, dataset.indices(split))
    found: dict[str, Any] = {}
    for name, clips in given.items():
        network, other, fused = model.answers(clips)
        assert other is not None  # fused by default
        found[name] = (network.logits["gloss"], fused.logits["gloss"], other["gloss"])
    return found | {"labels": {split: dataset.labels[dataset.indices(split), 0] for split in ("train", "valid")}}


def scores_of(answers: dict[str, Any]) -> dict[str, dict[str, np.ndarray]]:
    """Score -> `valid`, `test` and `unknown` -> (N,)."""
    from signjax.evaluation.open_set import similarity

    labels = answers["labels"]
    temperature = fit_temperature(answers["valid"][1], labels["valid"])
    learned = answers["train"][0]
    centres = np.stack([learned[labels["train"] == code].mean(0) for code in range(learned.shape[1])])
    functions: dict[str, Callable[[Any], np.ndarray]] = {
        "max probability": lambda both: max_probability(both[1]),
        f"temperature {temperature:.2g}": lambda both: max_probability(both[1], temperature),
        "largest logit": lambda both: largest_logit(both[1]),
        "energy": lambda both: energy(both[0]),
        "centre distance": lambda both: nearness(both[0], centres),
        "centre angle": lambda both: similarity(both[0], centres),
        "centre angles of both": lambda both: similarity(both[0], centres) + similarity(both[2], np.eye(len(centres))),
    }
    splits = ("valid", "test", "unknown")
    return {name: {split: score(answers[split]) for split in splits} for name, score in functions.items()}


def row(name: str, scores: dict[str, np.ndarray]) -> dict[str, Any]:
    """The row of a score."""
    from signjax.evaluation.metrics import wilson_interval

    valid = np.sort(scores["valid"])
    place = int(_RATE * (len(valid) + 1))
    threshold = valid[place - 1] if place else -np.inf
    made: dict[str, Any] = {"score": name, "valid_clips": len(valid), "auroc": auroc(scores["test"], scores["unknown"])}
    made["auroc_interval"] = auroc_interval(scores["test"], scores["unknown"])
    for split, what in (("test", "known"), ("unknown", "unknown")):
        count = int((scores[split] < threshold).sum())
        made |= {f"{what}_clips": len(scores[split]), f"{what}_rejected": count / len(scores[split])}
        made[f"{what}_interval"] = wilson_interval(count, len(scores[split]))
    return made


def auroc_interval(known: np.ndarray, unknown: np.ndarray) -> tuple[float, float]:
    """The 95 % interval of AUROC over 1,000 bootstrap samples of both groups of clips."""
    random = np.random.default_rng(0)
    samples = [auroc(random.choice(known, len(known)), random.choice(unknown, len(unknown))) for _ in range(1000)]
    low, high = np.quantile(samples, (0.025, 0.975))
    return float(low), float(high)


def run(arguments: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """Trains, unless that is done, and measures."""
    import signjax

    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "known.npz").exists():
        divide(arguments.clips or built_in(folder), folder, arguments.hold_out, arguments.signers, arguments.seed)
    settings: dict[str, object] = {
        "data.source": "arrays",
        "data.layout": str(arguments.layout.resolve()) if arguments.layout else "auto",
        # Thresholds come from clips that the model has not learned, so there is no second training that includes them.
        "train.refit": "no",
        "train.epochs": arguments.epochs,
        "model.filters": (48, 64),
        "model.units": 32,
        "model.depth": 1,
        "seed": arguments.seed,
    }
    signjax.train(folder / "known.npz", workdir=folder / "run", settings=settings)
    return [row(name, scores) for name, scores in scores_of(answers_of(folder)).items()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, nargs="?", help=".npz file of source arrays; without, the built-in corpus")
    parser.add_argument("--layout", type=Path, help="JSON file of its layout")
    parser.add_argument("--hold_out", type=int, default=6, help="number of classes that are held out")
    parser.add_argument("--signers", type=int, default=0, help="use the first signers alone; 0: all clips")
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0, help="chooses the classes")
    parser.add_argument("--workdir", type=Path, help="keeps the run")
    parser.add_argument("--json", type=Path, help="file for the rows")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        rows = run(arguments, arguments.workdir or Path(temporary))
    print(
        f"{rows[0]['known_clips']} known clips, {rows[0]['unknown_clips']} of held-out classes, threshold from "
        f"{rows[0]['valid_clips']} validation clips"
    )
    shown = ("auroc", "known_rejected", "unknown_rejected")
    intervals = ("auroc_interval", "known_interval", "unknown_interval")
    print_table(
        ["score", "AUROC", "known clips rejected", "unknown clips rejected"],
        [
            [
                one["score"],
                *(f"{one[a]:.3f} [{one[b][0]:.3f}, {one[b][1]:.3f}]" for a, b in zip(shown, intervals, strict=True)),
            ]
            for one in rows
        ],
    )
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

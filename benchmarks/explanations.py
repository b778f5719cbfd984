"""How faithful explanations are: what the model still answers when the parts of a clip that they name are no longer seen.

    python -m benchmarks.explanations RUN

A clip is cut into pieces, stretches of time of each body part, or of all parts together. They are made unseen one after another,
those that speak most for the answer of the network first; the sooner its probability falls, the more faithful the explanation. It
is compared with pieces in random order, and with those first in which most moves, which needs no model.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import jax
import numpy as np

from benchmarks.interleaved import print_table
from benchmarks.peers.finished_run import dataset_folder
from signjax.data.batching.batch import Batch
from signjax.data.batching.collate import collate
from signjax.data.batching.epoch_plan import assign_buckets
from signjax.data.clip import Clip, ClipInfo
from signjax.data.dataset import Dataset, open_dataset
from signjax.evaluation.calibration import probabilities
from signjax.explanation.explainer import METHODS, Explainer
from signjax.explanation.explanation import Explanation
from signjax.prediction.recognizer import Recognizer
from signjax.training.step import make_eval_step

_STRETCHES = {"time and part": 8, "time": 16}
_SHARES = np.linspace(0, 1, 11)
_RANDOM_ORDERS = 3
_EARLY = 2  # index into the shares: 20 % of the pieces


class Network:
    """The network of a run, for one head, given some of the parts of a clip that were seen."""

    def __init__(self, recognizer: Recognizer, head: str):
        explainer = recognizer.explainer
        losses = recognizer.settings.training.losses
        self.explainer, self.head = explainer, head
        self._step = jax.jit(make_eval_step(explainer.model, losses, explainer.spec, explainer.members))

    def probabilities(self, batch: Batch, seen: np.ndarray) -> np.ndarray:
        """(N, C), for a batch of one clip, of whose parts `seen`, bool (N, T, P), was seen."""
        count = len(seen)
        repeated = batch._replace(
            **{
                name: np.repeat(getattr(batch, name), count, axis=0)
                for name in ("frames", "length", "labels", "weight")
            },
            valid=seen,
            row=np.arange(count, dtype=np.int32),
        )
        return probabilities(jax.device_get(self._step(self.explainer.variables, repeated))[self.head]["logits"])


def orders(
    explained: dict[str, Explanation], pieces: np.ndarray, moves: np.ndarray, random: np.random.Generator
) -> dict[str, list[np.ndarray]]:
    """Method -> orders of the pieces, the first to be removed first.

    Args:
      explained: the explanations by method.
      pieces: int (T, P), the number of the piece that holds each part at each frame; -1 where it was not seen.
      moves: float (T, P), how fast each part moves.
      random: draws the random orders.
    """
    count = int(pieces.max()) + 1

    def ranked(values: np.ndarray) -> list[np.ndarray]:
        sums = np.bincount(pieces[pieces >= 0], values[pieces >= 0], count)
        return [np.argsort(-sums, kind="stable")]

    found = {name: ranked(one.by_part) for name, one in explained.items()}
    attention = explained["integrated_gradients"].attention
    if attention is not None:
        found["self-attention"] = ranked(np.broadcast_to(attention[:, None], pieces.shape))
    found["most motion first"] = ranked(moves)
    found["random order"] = [random.permutation(count) for _ in range(_RANDOM_ORDERS)]
    return found


def cut(valid: np.ndarray, stretches: int, apart: bool) -> np.ndarray:
    """int (T, P): the piece of each frame and part, -1 where the part was not seen; with `apart`, parts do not share pieces."""
    frames, parts = valid.shape
    stretch = np.arange(frames)[:, None] * min(stretches, frames) // frames
    pieces = np.where(valid, stretch * parts + np.arange(parts) * apart, -1)
    used = np.unique(pieces[pieces >= 0])
    return np.where(valid, np.searchsorted(used, pieces), -1)


def motion(explanation: Explanation, explainer: Explainer) -> np.ndarray:
    """float (T, P): the mean speed of the channels of each part, over what is usual."""
    speed = np.abs(np.diff(explanation.frames, axis=0, prepend=explanation.frames[:1])) / explainer.spec.speed
    of_part = explainer.spec.layout.part_of_channel
    return np.stack([speed[:, of_part == part].mean(1) for part in range(explanation.valid.shape[1])], axis=1)


Curves = dict[str, dict[str, list[tuple[float, float]]]]


def measure(network: Network, dataset: Dataset, clips: np.ndarray) -> tuple[Curves, list[float]]:
    """Measures each clip.

    Returns:
      Kind of pieces -> method -> for each clip, the mean probability on the way, and whether the answer changed early; and the
      share of each clip's score that integrated gradients leave unexplained.
    """
    explainer, head = network.explainer, network.head
    random = np.random.default_rng(0)
    found: Curves = {kind: {} for kind in _STRETCHES}
    gaps = []
    for index in clips.tolist():
        padded = int(assign_buckets(dataset.lengths[[index]], explainer.spec.buckets)[0])
        batch = collate(dataset, np.array([index]), 1, padded)
        answer = int(network.probabilities(batch, batch.valid)[0].argmax())
        clip = Clip(ClipInfo(dataset.clips[index]["clip"]), dataset.frames(index), dataset.validity(index))
        name = explainer.spec.heads[head][answer]
        explained = {method: explainer.explain(clip, head, name, method=method) for method in METHODS}
        one = explained["integrated_gradients"]
        gaps.append(abs(one.gap / (one.score - one.nothing)))
        for kind, stretches in _STRETCHES.items():
            pieces = cut(one.valid, stretches, apart=kind != "time")
            for method, some in orders(explained, pieces, motion(one, explainer), random).items():
                if method == "self-attention" and kind != "time":
                    continue  # it does not tell parts apart
                curves = [_curve(network, batch, pieces, order, answer) for order in some]
                row = (float(np.mean([c[0] for c in curves])), float(np.mean([c[1] for c in curves])))
                found[kind].setdefault(method, []).append(row)
    return found, gaps


def _curve(network: Network, batch: Batch, pieces: np.ndarray, order: np.ndarray, answer: int) -> tuple[float, float]:
    """The mean probability of the answer while pieces are removed in an order, and whether another one was given early."""
    rank = np.argsort(order)
    seen = np.repeat(batch.valid, len(_SHARES), axis=0)
    for at, share in enumerate(_SHARES):
        removed = rank[np.maximum(pieces, 0)] < round(share * len(order))
        seen[at, : len(pieces)] &= ~removed
    shares = network.probabilities(batch, seen)
    return float(shares[:, answer].mean()), float(shares[_EARLY].argmax() != answer)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of a finished run, with its data")
    parser.add_argument("--clips", type=int, default=48, help="number of clips, evenly spread over the split")
    parser.add_argument("--split", default="test", choices=["valid", "test"])
    parser.add_argument("--head", help="the first one by default")
    parser.add_argument("--json", type=Path, help="file for the rows")
    arguments = parser.parse_args()
    recognizer = Recognizer(arguments.run, print)
    head = arguments.head or next(iter(recognizer.heads))
    dataset = open_dataset(dataset_folder(arguments.run))
    of_split = dataset.indices(arguments.split)
    clips = of_split[np.unique(np.linspace(0, len(of_split) - 1, min(arguments.clips, len(of_split))).astype(int))]
    found, gaps = measure(Network(recognizer, head), dataset, clips)
    rows: list[dict[str, Any]] = [
        {
            "pieces": kind,
            "stretches": _STRETCHES[kind],
            "removed_first": method.replace("_", " "),
            "probability": float(np.mean([value for value, _ in values])),
            "changed": float(np.mean([changed for _, changed in values])),
            "clips": len(values),
        }
        for kind, methods in found.items()
        for method, values in methods.items()
    ]
    print(f"{len(clips)} clips of split {arguments.split}, head {head}, the network alone")
    print_table(
        [
            "pieces",
            "stretches",
            "removed first",
            "mean probability of the answer, %",
            "other answer after 20 %, % of clips",
        ],
        [
            [
                row["pieces"],
                str(row["stretches"]),
                row["removed_first"],
                f"{100 * row['probability']:.1f}",
                f"{100 * row['changed']:.0f}",
            ]
            for row in rows
        ],
    )
    print(
        f"integrated gradients leave {np.median(gaps):.1%} of the score unexplained (median), at most {max(gaps):.1%}"
    )
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

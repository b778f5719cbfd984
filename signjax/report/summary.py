"""`summary.json`: the figures of a run."""

import subprocess
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from signjax.data.dataset import Dataset
from signjax.data.splits.split import SPLITS

_PACKAGES = ("jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy")


def make_summary(
    name: str,
    dataset: Dataset,
    verdict: Mapping[str, Any],
    breakdown: Mapping[str, Any],
    model: Mapping[str, Any],
    training: Mapping[str, Any],
    scores: Mapping[str, Any],
    members: Mapping[str, Any],
    adapted: Mapping[str, Any],
    baselines: Mapping[str, Mapping[str, Any]],
    network: Mapping[str, Mapping[str, Any]],
    weights: Mapping[str, tuple[float, float]],
    devices: Sequence[str],
    seed: int,
) -> dict[str, Any]:
    """Returns the content of `summary.json`; accuracies are fractions of 1.

    Args:
      name: the name of the data.
      dataset: the data used for training and testing.
      verdict: what to think of the run, as `judge` returns it.
      breakdown: head -> the accuracy by length, visibility, signer and take, as `breakdown` returns it.
      model, training: facts about the model and its training.
      scores: split -> head -> metrics.
      members: head -> top-1 on the test split of each member alone; empty for a single network.
      adapted: head -> metrics for new signers whose unlabelled clips were known; empty if that was not asked.
      baselines: `valid` and `test` -> head -> top-1 accuracy of each baseline.
      network: split -> head -> metrics of the network alone.
      weights: head -> how much the network and the random-convolution classifier count; empty if the network answers alone.
      devices: the devices used.
      seed: the seed of the run.
    """
    return {
        "verdict": dict(verdict),
        "dataset": {
            "name": name,
            "digest": dataset.digest,
            "clips": len(dataset),
            "classes": {head: len(classes) for head, classes in dataset.heads.items()},
            "signers": len({clip["signer"] for clip in dataset.clips} - {""}),
            "excluded": dataset.info["excluded"],
            "feasibility": dataset.info["feasibility"],
            "exact_copies": dataset.info["exact_copies"],
            "near_duplicates": dataset.info["near_duplicates"],
            "trimmed": dataset.info["trimmed"],
            "filled": dataset.info["filled"],
            "mirrored": dataset.info["mirrored"],
            "blank_clips": dataset.info["blank_clips"],
            "warnings": list(dataset.info.get("warnings", ())),
        },
        "split": {
            "rule": dataset.info["split_rule"],
            "sizes": {split: len(dataset.indices(split)) for split in SPLITS},
            "groups_shared": shared(dataset, "group"),
            "signers_shared": shared(dataset, "signer"),
        },
        "model": dict(model),
        "training": dict(training),
        **scores,
        **({"members": dict(members)} if members else {}),
        **({"adapted": dict(adapted)} if adapted else {}),
        "breakdown": dict(breakdown),
        "baselines": dict(baselines["test"]),
        "baselines_valid": dict(baselines["valid"]),
        "network": {split: dict(heads) for split, heads in network.items()},
        "fusion": {head: {"network": own, "random_convolution": other} for head, (own, other) in weights.items()},
        "environment": {
            "versions": {package: metadata.version(package) for package in _PACKAGES},
            "devices": list(devices),
            "git_commit": _git_commit(),
            "seed": seed,
        },
    }


def shared(dataset: Dataset, column: str) -> int:
    """The number of values in a column of `clips.csv` that occur in more than one split."""
    splits: dict[str, set[str]] = {}
    for clip in dataset.clips:
        if clip[column]:
            splits.setdefault(clip[column], set()).add(clip["split"])
    return sum(len(found) > 1 for found in splits.values())


def _git_commit() -> str | None:
    """The commit of this code; None if it is not a git checkout or git is not installed."""
    folder = str(Path(__file__).resolve().parent)
    try:
        answer = subprocess.run(["git", "-C", folder, "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    except OSError:
        return None
    return answer.stdout.strip() or None

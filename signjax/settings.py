"""Checks the config, and takes its data keys apart; `signjax.training_settings` has what the training stages need.

This half loads no jax: preparing data needs none of it.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from signjax.data import corpora
from signjax.data.cleaning import Cleaning
from signjax.data.order import RUN
from signjax.data.prepare import Recipe
from signjax.data.splits import Rule
from signjax.data.synthetic import CorpusSize
from signjax.data.synthetic_hamnosys import StringCorpus, find_strings
from signjax.devices import cores
from signjax.errors import InputError

PRECISIONS = ("float32", "bfloat16")

# A run may be resumed with other values of these: they decide how long it goes on and where files lie. Whether the files
# still hold the same data, the dataset's digest tells.
MAY_CHANGE = (
    "data.path", "data.labels", "data.dataset", "data.workers", "train.epochs", "train.patience", "train.checkpoint_epochs",
    "train.resident_gib", "train.steps_per_dispatch",
)  # fmt: skip


def flat(config: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """A nested config as {dotted key: value}, in the form JSON gives it back."""
    pairs: dict[str, Any] = {}
    for key, value in config.items():
        if isinstance(value, dict):
            pairs |= flat(value, f"{prefix}{key}.")
        else:
            pairs[prefix + key] = list(value) if isinstance(value, tuple) else value
    return pairs


def default_workdir(config: ConfigDict) -> Path:
    """`runs/<source>-<digest of the config>`: the same command finds its run again, another one does not disturb it."""
    text = json.dumps(flat(config.to_dict()), sort_keys=True)
    return Path("runs") / f"{config.data.source}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def check(config: ConfigDict) -> None:
    """Stops at values that no stage can use.

    Raises:
      InputError: naming the key.
    """
    at_least = {
        "data.max_frames": (config.data.max_frames, 8),
        "data.longest_clip": (config.data.longest_clip, 1),
        "data.workers": (config.data.workers, 0),
        "synthetic.signs": (config.synthetic.signs, 2),
        "synthetic.signers": (config.synthetic.signers, 3),
        "synthetic.takes": (config.synthetic.takes, 1),
        "model.depth": (config.model.depth, 1),
        "model.units": (config.model.units, 1),
        "model.heads": (config.model.heads, 1),
        "train.epochs": (config.train.epochs, 1),
        "train.patience": (config.train.patience, 1),
        "train.batch_size": (config.train.batch_size, 1),
        "train.checkpoint_epochs": (config.train.checkpoint_epochs, 1),
        "train.accumulate": (config.train.accumulate, 1),
        "train.buckets": (config.train.buckets, 1),
        "train.steps_per_dispatch": (config.train.steps_per_dispatch, 0),
        "train.resident_gib": (config.train.resident_gib, 0),
        "train.learning_rate": (config.train.learning_rate, 0),
        "augment.fastest": (config.augment.fastest, 0.1),
        "augment.slowest": (config.augment.slowest, config.augment.fastest),
    }
    for key, (value, least) in at_least.items():
        if value < least:
            raise InputError(f"config.{key} is {value}; it must be at least {least}")
    shares = {"model.dropout": config.model.dropout, "train.average_decay": config.train.average_decay}
    shares |= {f"augment.{name}": config.augment[name] for name in ("mirror", "crop", "part_dropout", "frame_dropout")}
    shares |= {f"model.{name}": config.model[name] for name in ("stochastic_depth", "recurrent_dropout")}
    shares["loss.label_smoothing"] = config.loss.label_smoothing
    for key, value in shares.items():
        if not 0 <= value < 1:
            raise InputError(f"config.{key} is {value}; it must be from 0 to less than 1")
    if config.model.precision not in PRECISIONS:
        raise InputError(
            f"config.model.precision must be one of {', '.join(PRECISIONS)}; it is {config.model.precision!r}"
        )
    if config.train.steps_per_dispatch > RUN:
        raise InputError(
            f"config.train.steps_per_dispatch is {config.train.steps_per_dispatch}; it must be at most {RUN}"
        )
    filters, kernels = config.model.filters, config.model.kernels
    if not all(isinstance(number, int) and number > 0 for number in (*filters, *kernels)):
        raise InputError(f"config.model.filters {filters} and kernels {kernels} must be whole numbers above 0")
    if not filters or len(filters) != len(kernels) or any(kernel % 2 == 0 for kernel in kernels):
        raise InputError(
            f"config.model.kernels is {kernels}; it must have one odd number for each of config.model.filters {filters}"
        )
    if filters[-1] % config.model.heads:
        raise InputError(
            f"config.model.heads is {config.model.heads}; it must divide the last of model.filters, {filters[-1]}"
        )
    if not all(head.strip() for head in config.data.heads.split(",")) and config.data.heads:
        raise InputError(
            f"config.data.heads is {config.data.heads!r}; it must name heads, separated by commas, or nothing"
        )


def recipe(config: ConfigDict, workdir: Path) -> Recipe:
    """What `prepare` needs."""
    data = config.data
    path, labels = data.path, data.labels
    corpus: corpora.Corpus = CorpusSize(config.synthetic.signs, config.synthetic.signers, config.synthetic.takes)
    if data.source == "synthetic_hamnosys":
        # Path and labels name the strings; the clips that sign them go into the run folder, their labels beside them.
        corpus = StringCorpus(find_strings(path, labels), config.synthetic.signers)
        path, labels = str(workdir / "corpus"), ""
    elif data.source == "synthetic":
        path = path or str(workdir / "corpus")
    return Recipe(
        source=data.source,
        path=path,
        labels=labels,
        layout=data.layout,
        label_mode=data.label_mode,
        heads=tuple(head.strip() for head in data.heads.split(",") if head.strip()),
        rule=Rule(
            split=data.split,
            valid_fraction=data.valid_fraction,
            test_fraction=data.test_fraction,
            folds=data.folds,
            fold=data.fold,
            held_out=data.held_out,
            seed=config.seed,
        ),
        cleaning=cleaning(config),
        duplicates=data.duplicates,
        rare_classes=data.rare_classes,
        strict=data.strict,
        corpus=corpus,
        seed=config.seed,
    )


def cleaning(config: ConfigDict) -> Cleaning:
    """What is done to each clip."""
    data = config.data
    return Cleaning(
        shortest_clip=data.shortest_clip,
        longest_clip=data.longest_clip,
        handedness=data.handedness,
        trim=data.trim,
        longest_gap=data.longest_gap,
        centre=data.centre,
        hand_shapes=data.hand_shapes,
        rotations=data.rotations,
    )


def workers(config: ConfigDict) -> int:
    """Processes that read clips."""
    return config.data.workers or cores()


def dataset_folder(config: ConfigDict, workdir: Path) -> Path:
    """Where the prepared data lie."""
    return Path(config.data.dataset) if config.data.dataset else workdir / "dataset"

"""Takes the config apart, in one place for each stage.

Whatever loads jax is imported where it is used: preparing data needs none of it.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml_collections import ConfigDict

from signjax.data import corpora
from signjax.data.cleaning import Cleaning
from signjax.data.dataset import Dataset
from signjax.data.parts import COORDINATES
from signjax.data.prepare import Recipe
from signjax.data.splits import Rule
from signjax.data.synthetic import CorpusSize
from signjax.data.synthetic_hamnosys import StringCorpus, find_strings
from signjax.errors import InputError

if TYPE_CHECKING:
    import jax

    from signjax.augment import Augmentation
    from signjax.model import Hybrid
    from signjax.training.loop import LoopSettings
    from signjax.training.losses import LossSettings
    from signjax.training.optimizer import OptimizerSettings
    from signjax.training.step import InputSettings

# A run may be resumed with other values of these: they decide how long it goes on and where files lie. Whether the files
# still hold the same data, the dataset's digest tells.
MAY_CHANGE = (
    "data.path", "data.labels", "data.dataset", "data.workers", "train.epochs", "train.patience", "train.checkpoint_epochs",
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
        "train.learning_rate": (config.train.learning_rate, 0),
        "augment.fastest": (config.augment.fastest, 0.1),
        "augment.slowest": (config.augment.slowest, config.augment.fastest),
    }
    for key, (value, least) in at_least.items():
        if value < least:
            raise InputError(f"config.{key} is {value}; it must be at least {least}")
    shares = {"model.dropout": config.model.dropout, "train.average_decay": config.train.average_decay}
    shares |= {f"augment.{name}": config.augment[name] for name in ("mirror", "crop", "part_dropout", "frame_dropout")}
    shares["loss.label_smoothing"] = config.loss.label_smoothing
    for key, value in shares.items():
        if not 0 <= value < 1:
            raise InputError(f"config.{key} is {value}; it must be from 0 to less than 1")
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
    return config.data.workers or len(os.sched_getaffinity(0))


def dataset_folder(config: ConfigDict, workdir: Path) -> Path:
    """Where the prepared data lie."""
    return Path(config.data.dataset) if config.data.dataset else workdir / "dataset"


def model(config: ConfigDict, dataset: Dataset) -> "Hybrid":
    """The network for this dataset."""
    from signjax.model import Hybrid
    from signjax.training import parallel

    return Hybrid(
        classes={head: len(classes) for head, classes in dataset.heads.items()},
        filters=tuple(config.model.filters),
        kernels=tuple(config.model.kernels),
        depth=config.model.depth,
        units=config.model.units,
        heads=config.model.heads,
        dropout=config.model.dropout,
        axis_name=parallel.AXIS,
    )


def inputs(dataset: Dataset) -> "InputSettings":
    """What the steps know of the data."""
    from signjax.training.step import InputSettings

    layout = dataset.layout
    # The mirror image of coordinates that are not centred would lie outside of the picture: augmenting with it would only harm.
    centred = dataset.info["recipe"]["cleaning"]["centre"] or not any(part.kind in COORDINATES for part in layout.parts)
    mirror = layout.mirror if layout.mirrors and centred else None
    return InputSettings(layout.part_of_channel, dataset.mean, dataset.std, mirror)


def augmentation(config: ConfigDict) -> "Augmentation":
    """What may happen to a training clip."""
    from signjax.augment import Augmentation

    return Augmentation(**config.augment.to_dict())


def losses(config: ConfigDict) -> "LossSettings":
    """The weights of the loss."""
    from signjax.training.losses import LossSettings

    return LossSettings(**config.loss.to_dict())


def optimizer(config: ConfigDict, steps_per_epoch: int) -> "OptimizerSettings":
    """Durations are turned from epochs into steps here, once."""
    from signjax.training.optimizer import OptimizerSettings

    train = config.train
    return OptimizerSettings(
        learning_rate=train.learning_rate,
        warmup_steps=train.warmup_epochs * steps_per_epoch,
        decay_steps=train.decay_epochs * steps_per_epoch,
        final_fraction=train.final_fraction,
        weight_decay=train.weight_decay,
        clip_norm=train.clip_norm,
    )


def loop(config: ConfigDict) -> "LoopSettings":
    """How long to train."""
    from signjax.training.loop import LoopSettings

    return LoopSettings(config.train.epochs, config.train.patience, config.train.checkpoint_epochs)


def devices() -> list["jax.Device"]:
    """The devices that share a batch."""
    import jax

    return jax.local_devices()

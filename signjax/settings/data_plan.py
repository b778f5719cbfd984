"""Checks the config, and takes its data keys apart; `signjax.settings.training_plan` has what the training stages need.

This half loads no jax: preparing data needs none of it.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from signjax.data.cleaning.clean import Cleaning
from signjax.data.preparation.prepare import Recipe
from signjax.data.splits.split import Rule
from signjax.data.synthetic import registry as corpora
from signjax.data.synthetic.corpus import CorpusSize
from signjax.data.synthetic.hamnosys_corpus import StringCorpus, find_strings
from signjax.errors import InputError, together
from signjax.runtime.jax_setup import cores
from signjax.settings import checks as setting_checks

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


def check(config: ConfigDict, mode: str = "train", known: Mapping[str, str] | None = None) -> None:
    """Stops at values that no stage can use.

    Args:
      config: all keys.
      mode: of `launch.py`.
      known: key -> what is wrong with the value that a flag gave it, where that could not even be set.

    Raises:
      InputError: naming each key whose value cannot be used, and which values it can have.
    """
    known = known or {}
    found = [*known.values(), *setting_checks.faults(flat(config.to_dict()), mode, known)]
    if found:
        raise together([InputError(fault) for fault in found])


def read_object(path: Path) -> dict[str, Any]:
    """The object in a JSON file of a run folder.

    Raises:
      InputError: it is damaged.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: damaged: {error}; put the file back, or choose another --workdir") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: damaged: not a JSON object; put the file back, or choose another --workdir")
    return content


def of_run(folder: Path) -> ConfigDict:
    """The config that a run was trained with.

    Raises:
      InputError: it cannot be read, or is not one that this version can use.
    """
    path = folder / "config.json"
    config = ConfigDict(read_object(path))
    try:
        check(config, "predict")
    except InputError as error:
        raise InputError(f"{path}: not the settings of a run of this version: {error}") from error
    return config


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

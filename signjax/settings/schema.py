"""Every key of a config, collected from the settings of the stages.

To add a setting, add a field to the dataclass of its stage, and read that field in the stage; its key, default, help, check and
flag follow from the field. To add a stage, add a line to `STAGES`.
"""

import difflib
from collections.abc import Mapping
from typing import Any

from ml_collections import ConfigDict

from signjax.data.batching.excerpts import Pace
from signjax.data.batching.settings import BatchSettings
from signjax.data.cleaning.clean import Cleaning
from signjax.data.preparation.recipe import Recipe
from signjax.data.splits.rules import Rule
from signjax.data.synthetic.corpus import CorpusSize
from signjax.plans.augmentation import Augmentation
from signjax.plans.hybrid import HybridSettings
from signjax.plans.logging import LoggingSettings
from signjax.plans.run import RunSettings
from signjax.plans.setting import Setting, key_of, settings_of
from signjax.plans.training import LoopSettings, LossSettings, OptimizerSettings

SECTIONS = {
    "": "The run",
    "data": "Data",
    "synthetic": "Synthetic corpus",
    "augment": "Augmentation",
    "model": "Model",
    "loss": "Loss",
    "train": "Training",
    "logging": "Logging",
}

# The dataclass of each stage -> the section of its keys. Keys are listed in this order, grouped by section.
STAGES: dict[type, str] = {
    Recipe: "data",
    Rule: "data",
    Cleaning: "data",
    CorpusSize: "synthetic",
    Augmentation: "augment",
    Pace: "augment",
    HybridSettings: "model",
    LossSettings: "loss",
    LoopSettings: "train",
    BatchSettings: "train",
    OptimizerSettings: "train",
    RunSettings: "",
    LoggingSettings: "logging",
}


def collect(stages: Mapping[type, str]) -> dict[str, Setting]:
    """Dotted key -> setting, in the order of the sections."""
    found = {
        key_of(section, name, one): one for stage, section in stages.items() for name, one in settings_of(stage).items()
    }
    order = list(SECTIONS)
    return {key: found[key] for key in sorted(found, key=lambda key: order.index(section_of(key)))}


def section_of(key: str) -> str:
    """The part of a key before the dot."""
    return key.rpartition(".")[0]


SETTINGS: dict[str, Setting] = collect(STAGES)


# What other programs call a setting -> its key.
_SYNONYMS = {
    "lr": "train.learning_rate",
    "hidden_size": "model.units",
    "hidden_dim": "model.units",
    "num_layers": "model.depth",
    "num_epochs": "train.epochs",
    "num_workers": "data.workers",
}


def similar_key(asked: str) -> str | None:
    """The key that somebody probably meant, judged by spelling and by the names that other programs use.

    >>> similar_key("train.epoch"), similar_key("lr"), similar_key("nothing")
    ('train.epochs', 'train.learning_rate', None)
    """
    asked = asked.replace("-", "_").lower()
    name = asked.rpartition(".")[2]
    by_name = {known.rpartition(".")[2]: known for known in reversed(SETTINGS)} | _SYNONYMS
    if name in by_name:
        return by_name[name]
    close = difflib.get_close_matches(asked, SETTINGS, 1, 0.7) or [
        by_name[other] for other in difflib.get_close_matches(name, by_name, 1, 0.7)
    ]
    return close[0] if close else None


def unknown_key(key: str) -> str:
    """A sentence that says that there is no such key, and which was probably meant."""
    similar = similar_key(key)
    advice = f"did you mean config.{similar}? " if similar else ""
    return f"config.{key} does not exist; {advice}--config_help lists all keys"


def default_config() -> ConfigDict:
    """A config with every key at its default, nested by the dots in the keys."""
    config = ConfigDict()
    for key, one in SETTINGS.items():
        section, _, name = key.rpartition(".")
        if section and section not in config:
            config[section] = ConfigDict()
        (config[section] if section else config)[name] = one.default
    return config


def flat(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A nested config as {dotted key: value}, in the form that JSON returns; `auto` is replaced by the default that it means."""
    pairs: dict[str, Any] = {}
    for name, value in config.items():
        key = prefix + name
        if isinstance(value, Mapping):
            pairs |= flat(value, f"{key}.")
        else:
            stored = SETTINGS[key].stored(value) if key in SETTINGS else value
            pairs[key] = list(stored) if isinstance(stored, tuple) else stored
    return pairs

"""All that decides what a dataset folder holds."""

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from signjax.data.cleaning.clean import Cleaning, check_cleaning
from signjax.data.clip import Request
from signjax.data.dataset import FORMAT_VERSION
from signjax.data.labels import modes as label_modes
from signjax.data.labels.feasibility import RARE_CLASSES
from signjax.data.sources import registry as catalogue
from signjax.data.splits.leaks import DUPLICATES
from signjax.data.splits.split import Rule
from signjax.data.synthetic.registry import Corpus
from signjax.errors import InputError


@dataclass(frozen=True)
class Recipe:
    """All that decides what a dataset folder holds; the fields are keys of `config.data`.

    Attributes:
      source, path, labels, layout, label_mode, heads: what is read, and how it is labelled.
      cleaning: what is done to each clip.
      rule: how clips are split.
      duplicates: one of `leaks.DUPLICATES`.
      rare_classes: one of `feasibility.RARE_CLASSES`.
      strict: whether a clip that cannot be used stops the run.
      corpus: what a synthetic corpus consists of.
      seed: of a synthetic corpus.
    """

    source: str
    path: str
    labels: str
    layout: str
    label_mode: str
    heads: tuple[str, ...]
    cleaning: Cleaning
    rule: Rule
    duplicates: str
    rare_classes: str
    strict: bool
    corpus: Corpus
    seed: int

    @property
    def request(self) -> Request:
        """What the source is asked for."""
        return Request(Path(self.path), self.labels, self.layout)


def check_recipe(recipe: Recipe) -> None:
    """Stops at settings that do not exist.

    Raises:
      InputError: naming the key and what there is.
    """
    catalogue.named(recipe.source)
    label_modes.check_mode(recipe.label_mode, recipe.heads)
    check_cleaning(recipe.cleaning)
    for key, value, allowed in (
        ("rare_classes", recipe.rare_classes, RARE_CLASSES),
        ("duplicates", recipe.duplicates, DUPLICATES),
    ):
        if value not in allowed:
            raise InputError(f"config.data.{key} must be one of {', '.join(allowed)}; it is {value!r}")
    check_path(recipe.source, recipe.path)


def check_path(source: str, path: str) -> None:
    """Stops where a source has no path.

    Raises:
      InputError: naming the source.
    """
    if not path:
        raise InputError(f"config.data.path is empty; source {source} needs --config.data.path=...")


def fingerprints(recipe: Recipe) -> tuple[str, str]:
    """Two texts that change whenever the size or time of a source file does, or the settings.

    Returns:
      One of everything, and one of what the frames that are stored depend on: with the second unchanged, frames that were
      read already need not be read again.

    Raises:
      InputError: a file is not there.
    """
    files = hashlib.sha256(str(FORMAT_VERSION).encode())
    own_layout = [Path(recipe.layout)] if recipe.layout.endswith(".json") else []
    for file in (*catalogue.named(recipe.source).source_files(recipe.request), *own_layout):
        try:
            stat = file.stat()
        except OSError as error:
            raise InputError(f"{file}: {error.strerror}") from error
        files.update(os.fsencode(f"{file}\0{stat.st_size}\0{stat.st_mtime_ns}\n"))
    everything = asdict(recipe)
    reading = ("source", "path", "labels", "layout", "label_mode", "heads", "cleaning")
    whole, frames = (
        hashlib.sha256(json.dumps([files.hexdigest(), fields]).encode()).hexdigest()
        for fields in (everything, {key: everything[key] for key in reading})
    )
    return whole, frames

"""The settings that determine the contents of a dataset folder."""

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
from signjax.data.layout.registry import BUILT_IN
from signjax.data.sources import registry as source_registry
from signjax.data.splits.leaks import DUPLICATES
from signjax.data.splits.split import Rule
from signjax.data.synthetic.registry import Corpus
from signjax.data.tables.columns import read_columns
from signjax.data.tables.matching import given_label_tables
from signjax.data.tables.shipped import companions
from signjax.errors import InputError
from signjax.plans.kinds import layout_name, local_path, one_of, text, yes_no
from signjax.plans.setting import check_fields, setting


def named_heads(written: str) -> tuple[str, ...]:
    """The names in a comma-separated list."""
    return tuple(head.strip() for head in written.split(",") if head.strip())


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The settings that determine the contents of a dataset folder; the fields are keys of `config.data`.

    Attributes:
      cleaning: how each clip is cleaned.
      rule: how clips are split.
      corpus: the contents of a synthetic corpus.
      seed: the seed of a synthetic corpus.
    """

    source: str = setting(
        "synthetic",
        "Form of the clips: synthetic (made up), synthetic_hamnosys (made-up motion for real HamNoSys strings), signavatars "
        "(pickles), smplx (SMPL-X, SMPL-H or SMPL parameters of any tool), arrays (.npz, .npy), pose (.pose), mediapipe "
        "(class/sequence/frame.npy), gislr (Kaggle asl-signs) or skeletons (pyskl, OpenHands, OpenPose, ST-GCN, SPOTER). See "
        "docs/data.md.",
        one_of(tuple(source_registry.SOURCES)),
    )
    path: str = setting(
        "",
        "File or folder of the clips; for source synthetic_hamnosys, of the strings. Not for source synthetic, which generates its "
        "clips.",
        local_path(),
        automatic="none; every source except synthetic needs a path",
        may_change=True,
    )
    labels: str = setting(
        "",
        "Label table (.csv, .tsv, .txt, .json or .jsonl), several separated by commas, such as one for each split, or a folder of "
        "them. Not for source synthetic, which writes its own.",
        local_path(),
        automatic="sources signavatars, smplx, pose and arrays with one file per clip look for one next to the clips",
        may_change=True,
    )
    columns: str = setting(
        "",
        'Which column of the label table is what, such as "clip=Video file,gloss=Gloss,signer=Participant ID": clip, file, start, '
        "end, gloss, hamnosys, signer, group, split and dominant_hand. Columns of a table without a line of names are 1, 2 and so "
        "on.",
        text("pairs WHAT=COLUMN separated by commas"),
        automatic="columns with these names, or with the names that public data sets give them",
    )
    layout: str = setting(
        "auto",
        "Layout of the channels: one of those in docs/data.md, or a JSON file that describes one.",
        layout_name(("auto", "generic", *BUILT_IN)),
        automatic="the layout of the source; for source arrays, the one that the names of the channels describe",
    )
    label_mode: str = setting(
        "column",
        "What the model learns to name: column (columns of the label table), gloss, or attributes (of the HamNoSys string in "
        "column `hamnosys`).",
        one_of(label_modes.LABEL_MODES),
    )
    heads: tuple[str, ...] = setting(
        "",
        "What the model learns to predict: label columns, or attributes in label mode attributes, separated by commas. The model "
        "has one classifier, called a head, for each.",
        text("names separated by commas"),
        automatic="gloss, or in label mode attributes every attribute that can be learned",
        convert=named_heads,
    )
    cleaning: Cleaning
    rule: Rule
    duplicates: str = setting(
        "stop",
        "What happens when copies of one recording are on both sides of a given split: stop, or drop the copy in training (listed "
        "in quarantine.csv).",
        one_of(DUPLICATES),
    )
    rare_classes: str = setting(
        "stop",
        "What happens when a class has a single clip: stop, or leave_out the class (listed in quarantine.csv).",
        one_of(RARE_CLASSES),
    )
    strict: bool = setting(
        False, "Whether a single clip that cannot be used stops the run instead of going to quarantine.", yes_no()
    )
    corpus: Corpus
    seed: int

    @property
    def request(self) -> Request:
        """The request to the source."""
        return Request(Path(self.path), self.labels, self.layout, columns=self.columns)


def check_recipe(recipe: Recipe) -> None:
    """Checks the settings.

    Raises:
      InputError: a value is not allowed; the message names the key and the allowed values.
    """
    check_fields(recipe, "data")
    label_modes.check_mode(recipe.label_mode, recipe.heads)
    check_cleaning(recipe.cleaning)
    check_path(recipe.source, recipe.path)
    read_columns(recipe.columns)


def check_path(source: str, path: str) -> None:
    """Stops if a source has no path.

    Raises:
      InputError: it has none; the message names the source.
    """
    if not path:
        raise InputError(
            f"source {source} needs --config.data.path=PATH, the file or folder of your clips (see docs/data.md#{source})"
        )


def fingerprints(recipe: Recipe) -> tuple[str, str]:
    """Two texts that change whenever the size or time of a source file, or the settings, change.

    Returns:
      One for everything, and one for what the stored frames depend on: while the second is unchanged, frames that were already
      read need not be read again.

    Raises:
      InputError: a file does not exist.
    """
    files = hashlib.sha256(str(FORMAT_VERSION).encode())
    own_layout = [Path(recipe.layout)] if recipe.layout.endswith(".json") else []
    beside = companions(given_label_tables(recipe.labels))
    for file in (*source_registry.named(recipe.source).source_files(recipe.request), *own_layout, *beside):
        try:
            stat = file.stat()
        except OSError as error:
            key = "config.data.labels: " if file in given_label_tables(recipe.labels) else ""
            raise InputError(f"{key}{file}: {error.strerror}") from error
        files.update(os.fsencode(f"{file}\0{stat.st_size}\0{stat.st_mtime_ns}\n"))
    everything = asdict(recipe)
    reading = ("source", "path", "labels", "columns", "layout", "label_mode", "heads", "cleaning")
    whole, frames = (
        hashlib.sha256(json.dumps([files.hexdigest(), fields]).encode()).hexdigest()
        for fields in (everything, {key: everything[key] for key in reading})
    )
    return whole, frames

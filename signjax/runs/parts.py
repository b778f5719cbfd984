"""Which runs `--seeds` and `--folds` stand for, and in which folders."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ml_collections import ConfigDict

from signjax.data.csv_table import read_table
from signjax.data.dataset import read_info
from signjax.errors import InputError
from signjax.settings.run_config import set_value

MOST_RUNS = 1000


@dataclass(frozen=True)
class Part:
    """One of several runs.

    Attributes:
      name: of its folder below that of all runs.
      changes: dotted key -> value, where it differs from the settings of all.
    """

    name: str
    changes: Mapping[str, object]

    def config(self, shared: ConfigDict) -> ConfigDict:
        """The settings of this run."""
        config = shared.copy_and_resolve_references()
        for key, value in self.changes.items():
            set_value(config, key, value)
        return config


@dataclass(frozen=True)
class Wanted:
    """What the flags ask for.

    Attributes:
      varied: `seeds` or `folds`.
      count: the number of runs; None for all folds.
    """

    varied: str
    count: int | None


def read_flags(seeds: str | None, folds: str | None) -> Wanted | None:
    """What `--seeds` and `--folds` ask for; None for a single run.

    >>> read_flags("5", None)
    Wanted(varied='seeds', count=5)

    Raises:
      InputError: a value is not a number, or both are given.
    """
    if seeds is not None and folds is not None:
        raise InputError(
            f"--seeds={seeds} and --folds={folds}: give one of them. For several seeds of each fold, run one command for each "
            "seed, with --config.seed"
        )
    given = "seeds" if seeds is not None else "folds"
    written = seeds if seeds is not None else folds
    if written is None:
        return None
    if given == "folds" and written == "all":
        return Wanted(given, None)
    if not (written.isascii() and written.isdigit() and 1 <= int(written[:9]) <= MOST_RUNS):
        also = ", or all" if given == "folds" else ""
        raise InputError(f"--{given}={written}: it must be a number from 1 to {MOST_RUNS}{also}")
    return Wanted(given, int(written))


def seeds(config: ConfigDict, count: int) -> list[Part]:
    """Runs with this many seeds, from `config.seed` on."""
    return [Part(f"seed{seed}", {"seed": seed}) for seed in range(config.seed, config.seed + count)]


def with_folds(config: ConfigDict) -> ConfigDict:
    """The settings with a split that has folds: `folds` where the split is automatic.

    Raises:
      InputError: another split was chosen, or a single fold.
    """
    config = config.copy_and_resolve_references()
    if config.data.split in ("auto", ""):
        config.data.split = "folds"
    problem = ""
    if config.data.split not in ("folds", "leave_one_out"):
        problem = f"config.data.split is {config.data.split}, which has no folds; choose folds or leave_one_out"
    elif config.data.fold or config.data.held_out not in ("", "auto"):
        problem = "config.data.fold and config.data.held_out name a single fold; leave them out"
    if problem:
        raise InputError(f"--folds: {problem}")
    return config


def folds(count: int) -> list[Part]:
    """The first folds of a split."""
    return [Part(f"fold{fold}", {"data.fold": fold}) for fold in range(count)]


def number_of_folds(config: ConfigDict, prepared: Path) -> int:
    """How many folds a split has; `leave_one_out` has as many as the prepared data have signers, or else groups."""
    if config.data.split == "folds":
        return int(config.data.folds)
    rows = read_table(prepared / "clips.csv")
    column = "signer" if all(row["signer"] for row in rows) and len({row["signer"] for row in rows}) > 1 else "group"
    return len({row[column] for row in rows})


def depends_on_seed(prepared: Path) -> bool:
    """Whether chance decided which clips are tested or validated in prepared data."""
    return bool(read_info(prepared).get("split_dealt", True))

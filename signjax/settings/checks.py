"""Checks the values of a config: first each key by itself, then keys that depend on each other."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from signjax.data.cleaning.clean import Cleaning, check_cleaning
from signjax.data.labels.modes import check_mode
from signjax.data.layout.json_files import read_layout
from signjax.data.preparation.recipe import check_path
from signjax.data.sources.registry import SOURCES
from signjax.data.synthetic import registry as synthetic_registry
from signjax.data.synthetic.hamnosys_corpus import find_strings
from signjax.data.tables.columns import read_columns
from signjax.data.tables.matching import given_label_tables
from signjax.errors import InputError
from signjax.plans.kinds import shown
from signjax.plans.optimizer_arguments import read_arguments
from signjax.plans.setting import key_of, refused, settings_of
from signjax.settings.schema import SETTINGS, STAGES, unknown_key

# A run over more clips than this would have to write them all first: 4 GiB or more.
_MOST_SYNTHETIC_CLIPS = 1_000_000

_NAMED = 5


def faults(
    values: Mapping[str, Any], mode: str = "train", known: Collection[str] = (), file: str = ""
) -> Iterator[str]:
    """A sentence for each fault.

    Args:
      values: dotted key -> value.
      mode: the mode of `launch.py`; `predict`, `evaluate` and `replay` skip the checks that only concern data to train on.
      known: keys whose faults have already been reported.
      file: the config file that the keys come from, if there is one.
    """
    wrong = set(known)
    unknown, absent = values.keys() - SETTINGS, SETTINGS.keys() - values
    for key in sorted(unknown):
        yield f"{file}: {unknown_key(key)}" if file else unknown_key(key)
    if absent:
        yield f"the config lacks keys: {_listed(absent)}; start from signjax.settings.base.get_config(), which has all keys"
        wrong |= absent
    for key, one in SETTINGS.items():
        if key not in wrong and not one.kind.accepts(values[key]):
            yield refused(key, values[key], one.kind)
            wrong.add(key)
    for keys, check in (*_RELATIONS, *(() if mode in ("predict", "evaluate", "replay") else _TRAINING_DATA)):
        if wrong.isdisjoint(keys):
            try:
                check(*(values[key] for key in keys))
            except InputError as error:
                yield str(error)


def _listed(keys: Collection[str]) -> str:
    more = f" and {len(keys) - _NAMED} more" if len(keys) > _NAMED else ""
    return ", ".join(f"config.{key}" for key in sorted(keys)[:_NAMED]) + more


def _check_fractions(valid: float, test: float) -> None:
    if valid + test >= 1:
        raise InputError(
            f"config.data.valid_fraction is {valid} and config.data.test_fraction is {test}; their sum must be less than 1: "
            "the rest is for training"
        )


def _check_fold(split: str, folds: int, fold: int) -> None:
    if split == "folds" and fold >= folds:
        raise InputError(
            f"config.data.fold is {fold}; it must be less than config.data.folds, {folds}: folds are counted from 0"
        )
    if split not in ("folds", "leave_one_out") and fold:
        raise InputError(
            f"config.data.fold is {fold}, but config.data.split is {split}, which has no folds; "
            "add --config.data.split=folds or leave_one_out"
        )


def _check_held_out(split: str, held_out: str) -> None:
    if held_out and split != "leave_one_out":
        raise InputError(
            f"config.data.held_out is {shown(held_out)}, but config.data.split is {split}, which does not use it; "
            "add --config.data.split=leave_one_out"
        )


def _check_heads(mode: str, heads: str) -> None:
    names = [name.strip() for name in heads.split(",")] if heads else []
    if not all(names):
        raise InputError(f"config.data.heads is {shown(heads)}; it must be a comma-separated list of heads, or empty")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InputError(f"config.data.heads is {shown(heads)}; it names {', '.join(map(shown, twice))} more than once")
    check_mode(mode, names)


def _check_cleaning(*values: Any) -> None:
    check_cleaning(Cleaning(*values))


def _check_layout(layout: str) -> None:
    if layout.endswith(".json"):
        read_layout(Path(layout))


def _check_pace(fastest: float, slowest: float) -> None:
    if fastest > slowest:
        raise InputError(f"config.augment.fastest is {fastest}; it must be at most config.augment.slowest, {slowest}")


def _check_stages(filters: Sequence[int], kernels: Sequence[int]) -> None:
    if len(filters) != len(kernels):
        raise InputError(
            f"config.model.kernels is {tuple(kernels)}; it must have one number for each of config.model.filters, "
            f"{tuple(filters)}"
        )


def _check_attention(filters: Sequence[int], heads: int) -> None:
    if filters[-1] % heads:
        raise InputError(
            f"config.model.heads is {heads}; it must divide the last of config.model.filters, {filters[-1]}"
        )


def _check_loss(cross_entropy: float, focal: float) -> None:
    if not cross_entropy and not focal:
        raise InputError(
            "config.loss.cross_entropy_weight and config.loss.focal_weight are both 0; at least one must be greater than 0, "
            "or the model learns nothing"
        )


def _check_duration(epochs: int, steps: int, clips: int) -> None:
    given = {"epochs": epochs, "steps": steps, "clips": clips}
    several = [f"config.train.{name} is {value}" for name, value in given.items() if value]
    if len(several) > 1:
        raise InputError(f"{' and '.join(several)}; give the duration of the training once, and 0 for the others")


def _check_parts(batch_size: int, accumulate: int) -> None:
    if batch_size % accumulate:
        raise InputError(
            f"config.train.accumulate is {accumulate}; it must divide config.train.batch_size, {batch_size}"
        )


def _check_refit(refit: str, patience: int) -> None:
    if refit == "yes" and patience:
        raise InputError(
            f"config.train.refit is 'yes' and config.train.patience is {patience}; one must be given up: a second training on the "
            "validation clips cannot be stopped by them"
        )


def _check_corpus(source: str, signs: int, signers: int, takes: int) -> None:
    clips = signs * signers * takes
    if source == "synthetic" and clips > _MOST_SYNTHETIC_CLIPS:
        raise InputError(
            f"config.synthetic.signs is {signs}, signers {signers} and takes {takes}: {clips} clips; "
            f"there must be at most {_MOST_SYNTHETIC_CLIPS}"
        )


def _check_columns(source: str, columns: str) -> None:
    read_columns(columns)
    if columns and source in synthetic_registry.SOURCES:
        raise InputError(
            f"config.data.columns is {shown(columns)}, but config.data.source is {source}, which writes its own label table"
        )


def _check_source(source: str, path: str, labels: str) -> None:
    if source == "synthetic":
        for key, value in (("path", path), ("labels", labels)):
            if value:
                others = ", ".join(other for other in SOURCES if other not in synthetic_registry.SOURCES)
                raise InputError(
                    f"config.data.{key} is {shown(value)}, but config.data.source is synthetic, which generates its clips; say "
                    f"what the files are: --config.data.source=... ({others})"
                )
    elif source == "synthetic_hamnosys":
        find_strings(path, labels)
    else:
        check_path(source, path)
        missing = [table for table in given_label_tables(labels) if not table.is_file()]
        if missing:
            what = "no such file" if str(missing[0]) == labels else f"no file {missing[0]}"
            if missing[0].is_dir():
                what = "no label table in that folder"
            raise InputError(f"config.data.labels is {shown(labels)}, but there is {what}; it must be a label table")


_CLEANING_KEYS = tuple(key_of(STAGES[Cleaning], name, one) for name, one in settings_of(Cleaning).items())

Relation = tuple[tuple[str, ...], Callable[..., object]]  # what a check returns is not used

# A relation is checked only if each of its keys has a valid value by itself.
_RELATIONS: tuple[Relation, ...] = (
    (("data.label_mode", "data.heads"), _check_heads),
    (_CLEANING_KEYS, _check_cleaning),
    (("augment.fastest", "augment.slowest"), _check_pace),
    (("model.filters", "model.kernels"), _check_stages),
    (("model.filters", "model.heads"), _check_attention),
    (("loss.cross_entropy_weight", "loss.focal_weight"), _check_loss),
    (("train.batch_size", "train.accumulate"), _check_parts),
    (("train.epochs", "train.steps", "train.clips"), _check_duration),
    (("train.refit", "train.patience"), _check_refit),
    (("train.optimizer", "train.optimizer_arguments"), read_arguments),
)
_TRAINING_DATA: tuple[Relation, ...] = (
    (("data.layout",), _check_layout),  # a model has the layout itself, and the file may be gone
    (("data.valid_fraction", "data.test_fraction"), _check_fractions),
    (("data.split", "data.folds", "data.fold"), _check_fold),
    (("data.split", "data.held_out"), _check_held_out),
    (("data.source", "synthetic.signs", "synthetic.signers", "synthetic.takes"), _check_corpus),
    (("data.source", "data.path", "data.labels"), _check_source),
    (("data.source", "data.columns"), _check_columns),
)

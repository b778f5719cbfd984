"""The config of a run: its checks, its run folder, and the config that is stored there."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from signjax.errors import InputError, together
from signjax.plans.kinds import ELSEWHERE, local_path, shown
from signjax.settings import checks
from signjax.settings.schema import SETTINGS, default_config, flat

CONFIG_FILE = "config.json"
# Written at the start of training.
RUN_FILE = "run.json"


def run_folder(config: ConfigDict, given: str | None) -> Path:
    """The run folder: the given one, or the default.

    Raises:
      InputError: it, or what should be a folder above it, is a file, or it is not on this machine.
    """
    if given and ELSEWHERE in given:
        raise InputError(f"--workdir={given}: a run folder is {local_path().allowed}")
    folder = Path(given) if given else default_workdir(config)
    file = next((path for path in (folder, *folder.parents) if path.exists() and not path.is_dir()), None)
    if file is not None:
        raise InputError(f"--workdir={folder}: {file} is a file; name a folder")
    return folder


def default_workdir(config: ConfigDict) -> Path:
    """`runs/<source>-<digest of the config>`: the same command finds its run again, and a different one does not touch it."""
    text = json.dumps(flat(config.to_dict()), sort_keys=True)
    return Path("runs") / f"{config.data.source}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def check(config: ConfigDict, mode: str = "train", known: Mapping[str, str] | None = None, file: str = "") -> None:
    """Checks the values of a config.

    Args:
      config: all keys.
      mode: the mode of `launch.py`.
      known: key -> what is wrong with the value in a flag, for flags that could not be read.
      file: the config file that the keys come from, if there is one.

    Raises:
      InputError: values are invalid; the message names each such key and its allowed values.
    """
    known = known or {}
    found = [*known.values(), *checks.faults(flat(config.to_dict()), mode, known, file)]
    if found:
        raise together([InputError(fault) for fault in found])


def is_trained(folder: Path) -> bool:
    """Whether training has begun in a run folder."""
    return (folder / RUN_FILE).exists() or (folder / "checkpoints").exists()


def check_trained(folder: Path, mode: str) -> None:
    """Checks that a run folder has a model for the modes that need one.

    Raises:
      InputError: it has none; the message says whether it has prepared data.
    """
    if not (folder / CONFIG_FILE).is_file():
        raise InputError(
            f"{folder}: the folder has no run to {mode}; train first, or name the folder of a run with --workdir"
        )
    if not is_trained(folder):
        raise InputError(f"{folder}: prepared but not trained; run it with --mode=train first")


def check_same(now: Mapping[str, Any], folder: Path) -> None:
    """Checks that a run whose training has begun has the same configuration; any other folder accepts every configuration.

    Raises:
      InputError: it differs in keys that must not change, which the message names, or the run's configuration is missing.
    """
    path = folder / CONFIG_FILE
    if not is_trained(folder):
        return
    if not path.is_file():
        raise InputError(
            f"{folder}: the folder has a run whose {CONFIG_FILE} is missing, so its settings are not known. "
            "Restore the file, or choose another --workdir"
        )
    differing = differences(read_object(path), now)
    if differing:
        raise InputError(
            f"{folder}: the folder has a run with a different configuration. Choose another --workdir, or use the same values:"
            + "".join(f"\n  {line}" for line in differing)
        )


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Why a run cannot be resumed with another config (both nested): a clause for each key that must not change.

    A run may be resumed with other values for keys that determine how long it trains and where files are. The dataset's digest
    shows whether the files still hold the same data.
    """
    old, new = flat(before), flat(now)
    return [
        f"{key} was {old.get(key)!r} and is now {new.get(key)!r}"
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key) and not (key in SETTINGS and SETTINGS[key].may_change)
    ]


def read_object(path: Path) -> dict[str, Any]:
    """The object in a JSON file of a run folder.

    Raises:
      InputError: it is damaged.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: damaged: {error}. Restore the file, or choose another --workdir") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: damaged: not a JSON object. Restore the file, or choose another --workdir")
    return content


def of_run(folder: Path) -> ConfigDict:
    """The config that a run was trained with.

    Raises:
      InputError: it cannot be read, or this version cannot use it.
    """
    path = folder / CONFIG_FILE
    config = ConfigDict(read_object(path))
    try:
        check(config, "predict")
    except InputError as error:
        raise InputError(f"{path}: the settings are not those of a run of this version of signjax: {error}") from error
    return config


def for_evaluation(folder: Path, given: ConfigDict) -> ConfigDict:
    """The config that a run was trained with, except for given values of keys that may change.

    A value counts as given if it is not the default.

    Raises:
      InputError: a given value differs from the run's in a key that must not change, or the run's config cannot be used.
    """
    config = of_run(folder)
    refused = []
    for key, value, clause in _given(given, config):
        if SETTINGS[key].may_change:
            set_value(config, key, value)
        else:
            refused.append(clause)
    if refused:
        raise InputError(f"{folder}: {'; '.join(refused)}. This mode uses the settings of the run: leave these out")
    check(config)
    return config


def without_effect(folder: Path, given: ConfigDict) -> list[str]:
    """Given values that predicting does not use, because it takes the settings of the run: a clause for each.

    A value counts as given if it is not the default. Keys that only determine where files are and how fast the run is are not
    named, except for the label table, which may have been given to cut recordings into clips.

    Raises:
      InputError: the config of the run cannot be read.
    """
    return [
        clause
        for key, _, clause in _given(given, of_run(folder))
        if key == "data.labels" or not (SETTINGS[key].may_change or key == "data.source")
    ]


def _given(given: ConfigDict, of_training: ConfigDict) -> list[tuple[str, Any, str]]:
    """Key and value of what was given and differs from the default and from the run, with a clause that says so."""
    default, trained = flat(default_config().to_dict()), flat(of_training.to_dict())
    return [
        (key, value, f"config.{key} is {shown(value)}, but the run was trained with {shown(trained[key])}")
        for key, value in flat(given.to_dict()).items()
        if value not in (default[key], trained[key])
    ]


def set_value(config: ConfigDict, key: str, value: object) -> None:
    """Sets the value of a dotted key, whatever its type; `check` says what is wrong with it."""
    section, _, name = key.rpartition(".")
    with (config[section] if section else config).ignore_type() as place:
        place[name] = value

"""The config of a run: its checks, its default run folder, and the config that is stored in a run folder."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from signjax.errors import InputError, together
from signjax.settings import checks
from signjax.settings.schema import SETTINGS, flat


def default_workdir(config: ConfigDict) -> Path:
    """`runs/<source>-<digest of the config>`: the same command finds its run again, and a different one does not touch it."""
    text = json.dumps(flat(config.to_dict()), sort_keys=True)
    return Path("runs") / f"{config.data.source}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def check(config: ConfigDict, mode: str = "train", known: Mapping[str, str] | None = None) -> None:
    """Checks the values of a config.

    Args:
      config: all keys.
      mode: the mode of `launch.py`.
      known: key -> what is wrong with the value in a flag, for flags that could not be read.

    Raises:
      InputError: values are invalid; the message names each such key and its allowed values.
    """
    known = known or {}
    found = [*known.values(), *checks.faults(flat(config.to_dict()), mode, known)]
    if found:
        raise together([InputError(fault) for fault in found])


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
    path = folder / "config.json"
    config = ConfigDict(read_object(path))
    try:
        check(config, "predict")
    except InputError as error:
        raise InputError(f"{path}: the settings are not those of a run of this version of signjax: {error}") from error
    return config

"""The config of a run: whether it can be used, the folder it goes to, and the one that a folder was trained with."""

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
    found = [*known.values(), *checks.faults(flat(config.to_dict()), mode, known)]
    if found:
        raise together([InputError(fault) for fault in found])


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What keeps a run from being resumed with another config, both nested: a clause for each key that must not change.

    A run may be resumed with other values of keys that decide how long it goes on and where files lie. Whether the files still
    hold the same data, the dataset's digest tells.
    """
    old, new = flat(before), flat(now)
    return [
        f"{key} was {old.get(key)!r}, is {new.get(key)!r}"
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

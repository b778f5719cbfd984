"""Reports all faults in the flags and the file of a config.

`ml_collections` reads both, but stops at the first fault, sometimes with a traceback. Flags are therefore checked before it sees
them, and a file that it cannot load is loaded once more to find out why.
"""

import re
import sys
import traceback
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from signjax.errors import InputError
from signjax.plans.setting import refused
from signjax.settings.schema import SETTINGS, unknown_key

_OVERRIDE = re.compile(r"--?(?P<no>no)?config\.(?P<key>[^=]*)(=(?P<value>.*))?", re.DOTALL)
_FLAG = re.compile(r"--?[a-zA-Z]")


class Override(NamedTuple):
    """A key and the text given for its value; None if there is no text."""

    key: str
    written: str | None


def take_overrides(argv: Sequence[str]) -> tuple[list[str], list[Override]]:
    """Separates command-line arguments into other arguments, in order, and overrides; nothing after `--` is an override."""
    others: list[str] = []
    overrides: list[Override] = []
    waiting = list(argv)
    while waiting:
        argument = waiting.pop(0)
        if argument == "--":
            return [*others, argument, *waiting], overrides
        found = _OVERRIDE.fullmatch(argument)
        if found is None:
            others.append(argument)
            continue
        key, written = found["key"], found["value"]
        a_switch = key in SETTINGS and SETTINGS[key].kind.a_switch
        if found["no"]:
            written = "False" if a_switch and written is None else None
        elif written is None and a_switch:
            written = "True"
        elif written is None and waiting and not _FLAG.match(waiting[0]):
            written = waiting.pop(0)
        overrides.append(Override(key, written))
    return others, overrides


def readable(overrides: Sequence[Override]) -> tuple[list[str], dict[str, str]]:
    """The flags of valid overrides, in the form for `ml_collections`, and for each other key why it cannot be set."""
    flags: dict[str, str] = {}
    faults: dict[str, str] = {}
    for key, written in overrides:
        faults.pop(key, None)  # the last of several flags for a key counts
        if key not in SETTINGS:
            faults[key] = _unknown(key)
        elif written is None:
            faults[key] = f"config.{key} has no value; write --config.{key}=VALUE"
        else:
            try:
                flags[key] = f"--config.{key}={SETTINGS[key].kind.read(written)}"
            except ValueError:
                faults[key] = refused(key, written, SETTINGS[key].kind)
    return [flag for key, flag in flags.items() if key not in faults], faults


def load_config(name: str) -> ConfigDict:
    """The config from a file; text after a colon in `name` is passed to `get_config`.

    Raises:
      InputError: there is no such file, or it does not define a config.
    """
    path, *argument = name.split(":", 1)
    if not path:
        raise InputError("--config has an empty value; it must be a Python file such as configs/base.py")
    try:
        code = compile(Path(path).read_bytes(), path, "exec")
    except OSError as error:
        raise InputError(
            f"--config: {path}: {error.strerror}; it must be a Python file such as configs/base.py"
        ) from error
    except (SyntaxError, ValueError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        reason = error.msg if isinstance(error, SyntaxError) else error
        raise InputError(
            f"--config: {path}{line}: the file is not valid Python: {reason}; it must be a Python file such as configs/base.py"
        ) from error
    module = types.ModuleType("run_config")
    module.__file__ = path
    sys.modules[module.__name__] = module  # dataclasses look their module up
    try:
        exec(code, module.__dict__)
        get_config = getattr(module, "get_config", None)
        config = get_config(*argument) if callable(get_config) else None
    except Exception as error:  # the file is the user's program: it can raise anything
        raise InputError(f"--config: {path}{_line_of(error, path)}: {_said(error)}") from error
    if not callable(get_config):
        raise InputError(
            f"--config: {path}: the file has no function get_config; see configs/hamnosys.py for an example"
        )
    if not isinstance(config, ConfigDict):
        raise InputError(
            f"--config: {path}: get_config returned {_kind(config)}; it must return the ConfigDict from "
            "signjax.settings.base.get_config(), with changed values"
        )
    return config


def _unknown(key: str) -> str:
    below = [known for known in SETTINGS if known.startswith(f"{key}.")]
    if below:
        return f"config.{key} is a group of keys without a value of its own; set one of them, such as --config.{below[0]}=VALUE"
    return unknown_key(key)


def _line_of(error: Exception, path: str) -> str:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    return f", line {lines[-1]}" if lines else ""


def _said(error: Exception) -> str:
    """An error of the user's program on one line, with Python's name for it, which its author will recognise."""
    words = " ".join(str(error.args[0] if isinstance(error, KeyError) and error.args else error).split())
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def _kind(value: Any) -> str:
    return "nothing" if value is None else f"a value of type {type(value).__name__}"

"""What is wrong with flags, found before absl reads them, which would tell of the first one only."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from absl import flags

from signjax.settings.schema import similar_key

LISTS = "--help lists the flags, --config_help the keys"


def known_flags(argv: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Takes out flags that do not exist or whose values cannot be used.

    Args:
      argv: the program and its arguments, without overrides of keys; what follows `--` is left as it is.

    Returns:
      The other arguments, and for each flag that was taken out what is wrong with it.
    """
    end = argv.index("--") if "--" in argv else len(argv)
    kept, waiting, faults = [argv[0]], list(argv[1:end]), dict[str, str]()
    while waiting:
        argument = waiting.pop(0)
        name, joined, value = argument.lstrip("-").partition("=")
        if not argument.startswith("-") or name == "config":
            kept.append(argument)
            continue
        flag = _flag(name)
        switch = (flag is not None and flag.boolean) or _negated(name)
        apart = not joined and not switch and bool(waiting) and not waiting[0].startswith("-")
        words = [argument, waiting.pop(0)] if apart else [argument]
        fault = _fault(name, words[1] if apart else value, has_value=bool(joined) or apart)
        if fault is None:
            kept += words
        else:
            faults[f"--{name}"] = fault
    return [*kept, *argv[end:]], faults


def _flag(name: str) -> "flags.Flag[Any] | None":
    return flags.FLAGS[name] if name in flags.FLAGS else None  # noqa: SIM401  (`get` gives the flag's value)


def _negated(name: str) -> bool:
    """Whether the name is `no` and that of a switch."""
    flag = _flag(name[2:]) if name.startswith("no") else None
    return flag is not None and flag.boolean


def _fault(name: str, value: str, *, has_value: bool) -> str | None:
    flag = _flag(name)
    if flag is None:
        return None if _negated(name) else _unknown(name, value)
    try:
        if has_value:
            flag.parser.parse(value)
    except ValueError as error:
        named = getattr(flag.parser, "enum_values", None)
        expected = f"one of {', '.join(named)}" if named else getattr(flag.parser, "syntactic_help", "") or str(error)
        return f"--{name} is {value!r}; it must be {expected} ({LISTS})"
    return None


def _unknown(name: str, value: str) -> str:
    key = similar_key(name)
    flag = next(iter(get_close_matches(name, list(flags.FLAGS), n=1)), None)
    meant = f"--config.{key}={value or 'VALUE'}" if key else f"--{flag}" if flag else ""
    return f"--{name} is not a flag{f'; did you mean {meant}?' if meant else ''} ({LISTS})"

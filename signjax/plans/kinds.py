"""What the value of a key can be, by kind: each kind reads a value from text, judges it, and says in words what is allowed."""

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

# As absl reads boolean flags.
_TRUE, _FALSE = ("true", "t", "1"), ("false", "f", "0")

_LONGEST_SHOWN = 80  # characters of a value in a message


@dataclass(frozen=True)
class Kind:
    """A set of values.

    Attributes:
      allowed: the values in words, to follow "it must be".
      accepts: whether a value is one of them.
      read: a value from the text of a flag; raises ValueError where the text has another form.
      a_switch: whether the flag may stand without a value, as `--config.KEY` and `--noconfig.KEY`.
    """

    allowed: str
    accepts: Callable[[Any], bool]
    read: Callable[[str], Any]
    a_switch: bool = False


def is_whole(value: Any) -> bool:
    """Whether a value is a whole number; True and False, which Python counts as numbers, are not."""
    return isinstance(value, int) and not isinstance(value, bool)


def whole(least: int, most: int) -> Kind:
    """Whole numbers in a range, its ends included."""
    return Kind(
        f"a whole number from {least} to {most}", lambda value: is_whole(value) and least <= value <= most, _read_whole
    )


def number(least: float, most: float, *, above: bool = False, below: bool = False) -> Kind:
    """Numbers in a range. NaN is in no range, and no range reaches infinity.

    Args:
      least, most: the ends.
      above: whether `least` itself is excluded.
      below: whether `most` itself is excluded.
    """

    def accepts(value: Any) -> bool:
        if not isinstance(value, int | float) or isinstance(value, bool):
            return False
        return (least < value if above else least <= value) and (value < most if below else value <= most)

    start = f"above {least:.10g} and" if above else f"from {least:.10g} to"
    end = f"less than {most:.10g}" if below else f"at most {most:.10g}" if above else f"{most:.10g}"
    return Kind(f"a number {start} {end}", accepts, float)


# Probabilities and shares of which 1 makes no sense: it would drop everything, smooth every target away, never move an average.
RATE = number(0, 1, below=True)


def one_of(words: Sequence[str]) -> Kind:
    """One of a list of words."""
    return Kind(f"one of {', '.join(words)}", lambda value: isinstance(value, str) and value in words, str)


def text(what: str) -> Kind:
    """Any text that can be a name or a path, which no NUL character can be part of; `what` says which."""
    return Kind(what, _is_text, str)


# What is not on this machine, such as gs://bucket/run: as a path it would name a folder called `gs:`.
ELSEWHERE = "://"


def local_path() -> Kind:
    """The path of a file or folder on this machine."""
    return Kind(
        "a path on this machine (mount a bucket to use it)",
        lambda value: _is_text(value) and ELSEWHERE not in value,
        str,
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and "\0" not in value


def layout_name(names: Sequence[str]) -> Kind:
    """One of a list of words, or the name of a JSON file."""
    return Kind(
        f"one of {', '.join(names)}, or a JSON file that describes one (NAME.json)",
        lambda value: _is_text(value) and (value in names or value.endswith(".json")),
        str,
    )


def yes_no() -> Kind:
    """True or False."""
    return Kind("True or False", lambda value: isinstance(value, bool), _read_yes_no, a_switch=True)


def or_auto(kind: Kind, stored: Any) -> Kind:
    """The same values, and the word `auto` in a flag, which is read as the value that the config stores for it."""
    if "auto" in kind.allowed:  # one of its own words
        return kind
    return replace(
        kind,
        allowed=f"{kind.allowed}, or auto",
        read=lambda written: stored if written == "auto" else kind.read(written),
    )


def whole_numbers(least: int, most: int, count: int, *, odd: bool = False) -> Kind:
    """Some whole numbers in a range, at least one; a run's JSON file holds them as a list."""

    def accepts(value: Any) -> bool:
        return (
            isinstance(value, tuple | list)
            and 1 <= len(value) <= count
            and all(is_whole(part) and least <= part <= most and (part % 2 or not odd) for part in value)
        )

    what = "odd numbers" if odd else "whole numbers"
    return Kind(f"1 to {count} {what} from {least} to {most}, such as ({least + 4}, {least + 4})", accepts, _read_tuple)


def shares(count: int) -> Kind:
    """Some numbers between 0 and 1, both excluded, at least one; a run's JSON file holds them as a list."""
    share = number(0, 1, above=True, below=True)

    def accepts(value: Any) -> bool:
        return isinstance(value, tuple | list) and 1 <= len(value) <= count and all(map(share.accepts, value))

    return Kind(f"1 to {count} numbers above 0 and less than 1, such as (0.5, 0.75)", accepts, _read_tuple)


def shown(value: Any) -> str:
    """A value in a message: as Python writes it, a list as the tuple it was given as, cut short where that is long."""
    try:
        written = repr(tuple(value) if isinstance(value, list) else value)
    except ValueError:  # Python does not write whole numbers of more than 4300 digits
        return "a number of thousands of digits"
    return written if len(written) <= _LONGEST_SHOWN else f"{written[:_LONGEST_SHOWN]}..."


def _read_whole(written: str) -> int:
    return int(written, 16 if written.lower().startswith("0x") else 10)


def _read_yes_no(written: str) -> bool:
    if written.lower() not in _TRUE + _FALSE:
        raise ValueError(f"neither true nor false: {written}")
    return written.lower() in _TRUE


def _read_tuple(written: str) -> tuple[Any, ...]:
    try:
        value = ast.literal_eval(written.strip())
    except (SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise ValueError(f"not numbers: {written}") from error
    return tuple(value) if isinstance(value, tuple | list) else (value,)

"""`python -m signjax.data hamnosys`: explains a string, or checks all strings of a label table."""

import argparse
import re
import sys
from pathlib import Path

from signjax.data.hamnosys.attributes import attributes
from signjax.data.hamnosys.explain import explain
from signjax.data.hamnosys.grammar import UnparsedError, parse
from signjax.data.hamnosys.symbols import describe
from signjax.data.tables.label_table import read_label_table
from signjax.errors import InputError

COLUMN = "hamnosys"

# A code point as typed in a shell: U+E000, \ue000 or 0xE000.
_TYPED = re.compile(r"(?:U\+|\\u|0x)([0-9a-f]{4})", re.IGNORECASE)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of the subcommand."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "string", nargs="?", help=r"HamNoSys characters, or their code points: U+E001 U+E020 or '\ue001\ue020'"
    )
    what.add_argument("--check", type=Path, metavar="TABLE", help=f"parse column {COLUMN} of a label table")


def run(arguments: argparse.Namespace) -> int:
    """Runs the subcommand. Exit status: 0 if all strings were parsed, 1 if some were not, 2 if nothing could be read."""
    try:
        return _check(arguments.check) if arguments.check else _explain(code_points(arguments.string))
    except (InputError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def code_points(typed: str) -> str:
    """The string that was typed: as characters, or as `U+E001`, `\\ue001` or `0xE001` with or without spaces or commas.

    Raises:
      InputError: it is neither.
    """
    rest = _TYPED.sub("", typed).replace(",", "").strip()
    if rest == "" and typed.strip():
        return "".join(chr(int(digits, 16)) for digits in _TYPED.findall(typed))
    if any(0xE000 <= ord(character) <= 0xE0FF for character in typed):
        return typed
    raise InputError(
        f"{typed!r}: expected HamNoSys characters (U+E000 to U+E0F1), or their code points such as U+E001 U+E020"
    )


def _explain(text: str) -> int:
    for position, character in enumerate(text, 1):
        print(f"{position:3d}  {describe(character)}")
    try:
        tree = parse(text)
    except UnparsedError as error:
        print(f"not parsed: {error}")
        return 1
    print()
    print(explain(tree))
    print()
    for name, value in attributes(tree).items():
        print(f"{name}: {value}")
    return 0


def _check(path: Path) -> int:
    table = read_label_table(path)
    parsed = 0
    for row in table:
        if COLUMN not in row.labels:
            print(f"{row.name}: column {COLUMN} is empty")
            continue
        try:
            parse(row.labels[COLUMN])
            parsed += 1
        except UnparsedError as error:
            print(f"{row.name}: {error}")
    print(f"parsed {parsed} of {len(table)} strings")
    return 0 if parsed == len(table) else 1

"""Names as people and file systems write them: of clips, files, classes, signers, groups and columns.

One name can be stored in several ways. macOS writes `ç` in a file name as `c` and a cedilla, tables as one character; an old file
system may hold bytes that are not UTF-8. What is compared or written is the canonical form.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable

from signjax.data.text_files import encoded

# Between two digits a separator tells names apart: take 1-11 is not take 11-1.
_BETWEEN_DIGITS = re.compile(r"(?<=\d)_+(?=\d)")


def canonical(text: str) -> str:
    r"""The one form of a name: Unicode NFC, without blanks at its ends, and with an escape for what is not text.

    >>> canonical(" c\u0327a ") == "\xe7a"
    True
    >>> canonical("cl\udcffip")
    'cl\\udcffip'
    """
    if text.isascii():
        return text.strip()
    return unicodedata.normalize("NFC", encoded(text).decode("utf-8")).strip()


def alike(names: Iterable[str]) -> list[tuple[str, ...]]:
    """Names that were probably meant to be one: they differ only by case, width form (NFKC), or blanks, underscores and hyphens.

    >>> alike(["HOUSE", "House", "TREE", "house_", "1-11", "11-1"])
    [('HOUSE', 'House', 'house_')]

    Returns:
      Each group of two or more different names, in the order in which they came.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for name in dict.fromkeys(names):
        groups[_bare(name)].append(name)
    return [tuple(group) for group in groups.values() if len(group) > 1]


# What programs write for a value that is not there. A gloss may be NONE, so of labels only what no language has counts.
_NO_NAME = frozenset(("nan", "none", "null", "n/a", "na", "<na>", "nat", "-", "?", "unknown"))
_NO_LABEL = frozenset(("nan", "NaN", "<NA>", "NaT"))


def unified(names: Iterable[str | None], *, labels: bool) -> dict[str, str]:
    """What to read for names of one column that are written in a way of their own: `4.0` beside `4`, or `nan` for nothing.

    >>> unified(["4", "4.0", "5", "nan"], labels=False)
    {'4.0': '4', 'nan': ''}
    """
    given = {name for name in names if name is not None}
    changed = {name: name.removesuffix(".0") for name in given if name.removesuffix(".0") in given - {name}}
    absent = {name: "" for name in given if (name in _NO_LABEL if labels else name.casefold() in _NO_NAME)}
    return dict(sorted((changed | absent).items()))


def _bare(name: str) -> str:
    """What two names that are alike have in common."""
    # Folding the case can undo the normal form, so that follows once more.
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", canonical(name)).casefold())
    separated = "".join("_" if _separates(character) else character for character in folded).strip("_")
    return _BETWEEN_DIGITS.sub("-", separated).replace("_", "") or name


def _separates(character: str) -> bool:
    # Pd: hyphens and dashes; Pc: underscores; Cf: soft hyphens and joiners, which do not show.
    return character.isspace() or unicodedata.category(character) in ("Pd", "Pc", "Cf")

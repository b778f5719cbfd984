"""Canonical names of clips, files, classes, signers, groups and columns.

A name can be stored in several ways. macOS writes `ç` in a file name as `c` and a cedilla, tables use one character; an old file
system may contain bytes that are not UTF-8. Names are compared and written in canonical form.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable

from signjax.data.text_files import encoded

# Between two digits a separator is significant: take 1-11 is not take 11-1.
_BETWEEN_DIGITS = re.compile(r"(?<=\d)_+(?=\d)")


def canonical(text: str) -> str:
    r"""The canonical form of a name: Unicode NFC, without blanks at its ends, and with escapes for bytes that are not text.

    >>> canonical(" c\u0327a ") == "\xe7a"
    True
    >>> canonical("cl\udcffip")
    'cl\\udcffip'
    """
    if text.isascii():
        return text.strip()
    return unicodedata.normalize("NFC", encoded(text).decode("utf-8")).strip()


def alike(names: Iterable[str]) -> list[tuple[str, ...]]:
    """Names that were probably meant to be equal: they differ only by case, width (NFKC), or blanks, underscores and hyphens.

    >>> alike(["HOUSE", "House", "TREE", "house_", "1-11", "11-1"])
    [('HOUSE', 'House', 'house_')]

    Returns:
      Each group of two or more different names, in their original order.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for name in dict.fromkeys(names):
        groups[bare(name)].append(name)
    return [tuple(group) for group in groups.values() if len(group) > 1]


# What programs write for a missing value. A gloss may be NONE, so for labels only texts that are not words count.
_NO_NAME = frozenset(("nan", "none", "null", "n/a", "na", "<na>", "nat", "-", "?", "unknown"))
_NO_LABEL = frozenset(("nan", "NaN", "<NA>", "NaT"))


def unified(names: Iterable[str | None], *, labels: bool) -> dict[str, str]:
    """Replacements for names in a column that are formatted differently: `4.0` if there is also `4`, or `nan` for a missing value.

    >>> unified(["4", "4.0", "5", "nan"], labels=False)
    {'4.0': '4', 'nan': ''}
    """
    given = {name for name in names if name is not None}
    changed = {name: name.removesuffix(".0") for name in given if name.removesuffix(".0") in given - {name}}
    absent = {name: "" for name in given if (name in _NO_LABEL if labels else name.casefold() in _NO_NAME)}
    return dict(sorted((changed | absent).items()))


def bare(name: str) -> str:
    """The key that names which are alike share, as `alike` compares them."""
    # Case folding can undo the normal form, so the name is normalised again.
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", canonical(name)).casefold())
    separated = "".join("_" if _separates(character) else character for character in folded).strip("_")
    return _BETWEEN_DIGITS.sub("-", separated).replace("_", "") or name


def _separates(character: str) -> bool:
    # Pd: hyphens and dashes; Pc: underscores; Cf: soft hyphens and joiners, which are invisible.
    return character.isspace() or unicodedata.category(character) in ("Pd", "Pc", "Cf")

"""Makes names readable on one line, and makes names distinct."""

import unicodedata
from collections.abc import Callable, Iterable

# Invisible, although they count as letters or symbols.
_BLANK = "\u115f\u1160\u2800\u3164\uffa0"
# Characters that reverse or isolate the text around them.
_TURNING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
# The private-use category, which includes HamNoSys.
_OF_A_FONT = "Co"
_UNSEEN_KINDS = ("Cc", "Cs", "Zl", "Zp")


def visible(text: str) -> str:
    """The text with line breaks and invisible characters escaped; a text without any visible character is escaped completely.

    >>> visible("wave\\nhand")
    'wave\\\\nhand'
    """
    if text.isascii() and text.isprintable() and text.strip():
        return text  # the fast path matters for embedded pictures, which are long
    if not any(_has_ink(char) for char in text):
        return escaped(text)
    return "".join(
        escaped(char) if unicodedata.category(char) in _UNSEEN_KINDS or char in _TURNING else char for char in text
    )


def escaped(text: str) -> str:
    """The text with every character that is not visible ASCII escaped; if there are only spaces, they are escaped, too."""
    plain = text.encode("unicode_escape").decode("ascii")
    return plain if plain.strip() else plain.replace(" ", "\\x20")


def _has_ink(char: str) -> bool:
    kind = unicodedata.category(char)
    return (kind[0] in "LNPS" or kind == _OF_A_FONT) and char not in _BLANK


def shortened(text: str, most: int) -> str:
    """The text, or its beginning and end if it has more than `most` characters."""
    end = most // 3
    return text if len(text) <= most else f"{text[: most - end - 1]}…{text[len(text) - end :]}"


def distinct(texts: Iterable[str], key: Callable[[str], str] = str) -> list[str]:
    """The texts, with a number appended if an earlier one has the same `key`: `wave`, `wave_2`."""
    taken: set[str] = set()
    found = []
    for text in texts:
        candidate, number = text, 1
        while key(candidate) in taken:
            number += 1
            candidate = f"{text}_{number}"
        taken.add(key(candidate))
        found.append(candidate)
    return found


def clips(count: int) -> str:
    """`1 clip`, `2 clips`."""
    return f"{count:,} clip{'' if count == 1 else 's'}"

"""Names as a person can read them on one line, and names that must differ."""

import unicodedata
from collections.abc import Callable, Iterable

# Drawn as nothing, though they count as letters or symbols.
_BLANK = "\u115f\u1160\u2800\u3164\uffa0"
# Reverse or isolate the text around them.
_TURNING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
# For private use, as HamNoSys is.
_OF_A_FONT = "Co"
_UNSEEN_KINDS = ("Cc", "Cs", "Zl", "Zp")


def visible(text: str) -> str:
    """The text with what breaks a line or cannot be seen as escapes; all of it where nothing of it can be seen.

    >>> visible("wave\\nhand")
    'wave\\\\nhand'
    """
    if text.isascii() and text.isprintable() and text.strip():
        return text  # pictures as text, above all, which are long
    if not any(_has_ink(char) for char in text):
        return escaped(text)
    return "".join(
        escaped(char) if unicodedata.category(char) in _UNSEEN_KINDS or char in _TURNING else char for char in text
    )


def escaped(text: str) -> str:
    """Each character that is not a visible one of ASCII as its escape, a space too where there is nothing else."""
    plain = text.encode("unicode_escape").decode("ascii")
    return plain if plain.strip() else plain.replace(" ", "\\x20")


def _has_ink(char: str) -> bool:
    kind = unicodedata.category(char)
    return (kind[0] in "LNPS" or kind == _OF_A_FONT) and char not in _BLANK


def shortened(text: str, most: int) -> str:
    """The text, or its beginning and its end where it has more than `most` characters."""
    end = most // 3
    return text if len(text) <= most else f"{text[: most - end - 1]}…{text[len(text) - end :]}"


def distinct(texts: Iterable[str], key: Callable[[str], str] = str) -> list[str]:
    """The texts, those whose `key` an earlier one has with a number: `wave`, `wave_2`."""
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

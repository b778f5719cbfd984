"""The text of a table, whatever program wrote it: UTF-8, or UTF-16 and UTF-32 with a byte order mark.

Text in any other encoding is refused, because a wrong guess would change names without anybody noticing. The message says which
encoding it probably is, and how one of its lines would read.
"""

import codecs
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from signjax.data.tables.faults import Faults
from signjax.errors import InputError

UTF8 = "Save the table as UTF-8 (in a spreadsheet program: 'CSV UTF-8')"

_SHOWN = 40  # characters of a line shown in a message
_MEASURED = 1 << 16  # bytes by which an encoding is recognised
# The longer mark first: that of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
_AS_CSV = "Open it in a spreadsheet program and save it as 'CSV UTF-8'"
# How files begin that are often saved, or renamed, under the name of a table -> what they are, and what to do.
_NO_TABLES = {
    b"PK\x03\x04": ("a workbook (.xlsx, .ods) or another ZIP archive", _AS_CSV),
    b"\xd0\xcf\x11\xe0": ("an old Excel workbook (.xls)", _AS_CSV),
    b"\x1f\x8b": ("compressed with gzip", "Unpack it (gunzip)"),
    b"PAR1": ("a parquet file", "Save it as CSV, for example with pandas: read_parquet(...).to_csv(..., index=False)"),
    **{bytes((0x80, protocol)): ("a pickle", "Save it as CSV") for protocol in range(2, 6)},
    b"version https://git-lfs": ("a pointer of Git LFS, not the file itself", "Run `git lfs pull` in its repository"),
    b"<!doctype html": ("a web page", "Download the file itself, not the page that shows it"),
    b"<html": ("a web page", "Download the file itself, not the page that shows it"),
}


def text_of(path: Path) -> str:
    """The text of a file, without a byte order mark.

    Raises:
      InputError: it is not text, or its encoding is not known; the message names the bytes and the probable encoding.
    """
    content = path.read_bytes()
    start = content[:256].lstrip()
    for begin, (what, advice) in _NO_TABLES.items():
        if start.startswith(begin) or start.lower().startswith(begin):
            raise InputError(f"{path}: expected a table, but the file is {what}. {advice}")
    mark = next((codec for mark, codec in _MARKS if content.startswith(mark)), None)
    if mark is not None:
        try:
            return content.decode(mark)
        except UnicodeDecodeError as error:
            raise InputError(
                f"{path}: begins like {mark.upper()}, but is cut short or damaged at byte {error.start}. Copy it again. {UTF8}"
            ) from error
    without_mark = _utf16_without_mark(content)
    if without_mark:
        raise InputError(f"{path}: expected UTF-8; every other byte is 0, so it is probably {without_mark}. {UTF8}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_utf8(path, content) from error


def _utf16_without_mark(content: bytes) -> str:
    """The name of UTF-16 in one of its byte orders if a text of mostly ASCII characters is in it; else empty."""
    for start, name in ((1, "UTF-16 (little-endian)"), (0, "UTF-16 (big-endian)")):
        zeros = content[start:_MEASURED:2]
        if zeros[:4] == bytes(4) and zeros.count(0) > len(zeros) / 2 and 0 not in content[1 - start : 8 : 2]:
            return name
    return ""


def _not_utf8(path: Path, content: bytes) -> InputError:
    """The lines of a file that are not UTF-8, and the encoding that they are probably in."""
    faults, advice = Faults(path), None
    for number, line in enumerate(content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"), 1):
        shown = line.decode("utf-8", "backslashreplace")
        if shown.encode() != line:
            # Only bytes that are not UTF-8 were replaced, so the two differ from there on.
            start = next(i for i, (a, b) in enumerate(zip(shown.encode(), line, strict=False)) if a != b)
            found = line[start : start + 1]
            advice = advice or UTF8 + _probably(content, number, line)
            faults.add(f"line {number}", f"expected UTF-8, found the byte 0x{found.hex()}", advice)
    return faults.error()


def _probably(content: bytes, number: int, line: bytes) -> str:
    """The probable encoding, to follow a sentence; empty if none fits."""
    codec = likely_encoding(content)
    if codec is None:
        return ""
    reads = line.decode(codec, "replace")
    shown = reads if len(reads) <= _SHOWN else f"{reads[:_SHOWN]}..."
    return (
        f". It is probably in {codec} ({_ENCODINGS[codec].what}), in which line {number} reads {shown!r}; then "
        f"`iconv -f {codec} -t utf-8 OLD > NEW` converts it"
    )


class _Encoding(NamedTuple):
    """What an encoding is for, and how typical a character is of text that is in it, from 0 to 1."""

    what: str
    typical: Callable[[str], float]


def _letters(common: str) -> Callable[[str], float]:
    """A measure for which `common` are the usual letters; other letters are unusual, and signs in between more so."""
    return lambda character: 1.0 if character in common else 0.2 if character.isalpha() else 0.0


def _script(first: str, last: str) -> Callable[[str], float]:
    """A measure for which all characters in a range are usual."""
    return lambda character: float(first <= character <= last)


def _chinese(character: str) -> float:
    # The first level of GB 2312 holds the 3,755 usual characters, which begin with bytes up to 0xD7.
    encoded = character.encode("gb18030")
    return 0.95 if len(encoded) == 2 and 0xB0 <= encoded[0] <= 0xD7 else 0.1


def _japanese(character: str) -> float:
    return 1.0 if "\u3040" <= character <= "\u30ff" else 0.8 if "\u4e00" <= character <= "\u9fff" else 0.1


_WESTERN = "äöüßÄÖÜéèêëàâçîïôùûœñáíóúãõåæøÉÈÀÇÑÁÍÓÚÅØ¿¡«»€"
# Where two fit equally well, the first is named.
_ENCODINGS = {
    "windows-1252": _Encoding("Western European Windows", _letters(_WESTERN)),
    "windows-1254": _Encoding("Turkish Windows", _letters("ğışİöüçĞŞÖÜÇâîû")),
    "windows-1250": _Encoding("Central European Windows", _letters("ąćęłńóśźżĄĆĘŁŃÓŚŹŻáčďéěíňřšťúůýžČŘŠŽäöüßőű")),
    "windows-1251": _Encoding("Cyrillic Windows", _script("\u0400", "\u045f")),
    "windows-1253": _Encoding("Greek Windows", _script("\u0384", "\u03ce")),
    "windows-1256": _Encoding("Arabic Windows", _script("\u0621", "\u064a")),
    "macroman": _Encoding("old Macintosh", _letters(_WESTERN)),
    "cp850": _Encoding("DOS", _letters(_WESTERN)),
    "euc-kr": _Encoding("Korean", _script("\uac00", "\ud7a3")),
    "gb18030": _Encoding("Chinese", _chinese),
    "shift-jis": _Encoding("Japanese", _japanese),
    "big5": _Encoding("traditional Chinese", lambda character: 0.8 if "\u4e00" <= character <= "\u9fff" else 0.1),
}
_TYPICAL = 0.5
_MIXED_CASE = 0.4


def likely_encoding(content: bytes) -> str | None:
    """The encoding, other than UTF-8, in which a text looks most like words; None if it does in none.

    >>> likely_encoding("ağaç, ışık".encode("windows-1254")), likely_encoding("größer".encode("windows-1252"))
    ('windows-1254', 'windows-1252')
    """
    # Whole lines, so that no character is cut; a line that is UTF-8 says nothing of the others.
    lines = [line for line in content.splitlines() if not _is_utf8(line)]
    sample = b"\n".join(lines)[: max(_MEASURED, len(lines[0]))] if lines else b""
    sample = sample.rpartition(b"\n")[0] or sample
    scores = {codec: _score(sample, codec, one.typical) for codec, one in _ENCODINGS.items()}
    best = max(scores, key=lambda codec: scores[codec])
    return best if scores[best] > _TYPICAL else None


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _score(sample: bytes, codec: str, typical: Callable[[str], float]) -> float:
    """How typical the characters of a text are on average if it is in an encoding; 0 if it cannot be."""
    try:
        text = sample.decode(codec)
    except UnicodeDecodeError:
        return 0.0
    scores = []
    for before, character in pairwise(f" {text}"):
        if not character.isascii():
            # Words are written in one case, or begin with a capital.
            mixed = (before.islower() and character.isupper()) or (before.isupper() and character.islower())
            scores.append(typical(character) * (_MIXED_CASE if mixed else 1))
    return sum(scores) / len(scores) if scores else 0.0

"""Text tables with a delimiter between their fields (CSV, TSV), read strictly: no line is ever mistaken for a part of another."""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from pathlib import Path

from signjax.data.tables.faults import Faults
from signjax.data.tables.names import canonical
from signjax.errors import InputError

_SHOWN = 30  # characters of a line shown in a message
_UTF8 = "Save the table as UTF-8 (in a spreadsheet program: 'CSV UTF-8')"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_QUOTES = (
    "A field must end on the line on which it begins: remove the quotation mark, or double it in a field that is quoted "
    'as a whole ("the 5"" screen")'
)
_COUNT = "Every line must have one field per column, and a field that contains the delimiter must be quoted"

Fields = dict[str, str]


def read_delimited(
    path: Path, delimiters: str, needed: Sequence[str], faults: Faults, known: Collection[str] = ()
) -> list[tuple[str, Fields]]:
    """The place and the fields of each row of a text table; fields and columns in canonical form.

    Lines without any text between the delimiters are ignored.

    Args:
      path: UTF-8, with the columns' names in its first line.
      delimiters: candidates; the first that gives columns with the needed names is used.
      needed: columns that must exist.
      faults: collects what is wrong with single lines, whose rows are left out.
      known: other columns that, like the needed ones, are recognised in upper or lower case.

    Raises:
      InputError: the text is not UTF-8, or a column is missing or occurs twice.
    """
    lines = _lines(path)
    number, header = lines[0] if lines else (1, "")
    names = {*needed, *known}
    place = f"line {number}"
    # With the wrong delimiter a quoted header may look faulty; only faults with the chosen delimiter count.
    headers = {delimiter: _values(header, delimiter, place, Faults(path)) or [] for delimiter in delimiters}
    fitting = (d for d, texts in headers.items() if set(needed) <= {column_name(text, names) for text in texts})
    delimiter = next(fitting, max(delimiters, key=lambda d: len(headers[d])))
    of_header = Faults(path)
    written = _values(header, delimiter, place, of_header) or []
    of_header.check()
    columns = [column_name(text, names) for text in written]
    missing = [column for column in needed if column not in columns]
    if missing:
        raise InputError(
            f"{path}: the table needs {_quoted(missing)}; its first line has {', '.join(columns) or 'no columns'}"
        )
    _check_once(f"{path}, {place}", written, columns)
    rows = []
    for number, line in lines[1:]:
        place = f"line {number}"
        values = _values(line, delimiter, place, faults)
        if values is None or not any(values):
            continue
        if len(values) == len(columns):
            rows.append((place, dict(zip(columns, values, strict=True))))
        else:
            faults.add(place, f"expected {len(columns)} fields, found {len(values)}", _COUNT)
    return rows


def column_name(text: str, known: Collection[str]) -> str:
    """A column's name; known names are recognised in any case, and with blanks or hyphens instead of underscores.

    >>> column_name(" Dominant hand", ("dominant_hand",)), column_name("Palm", ("gloss",))
    ('dominant_hand', 'Palm')
    """
    name = canonical(text)
    plain = re.sub(r"[\s_-]+", "_", name.casefold())
    return plain if plain in known else name


def _check_once(where: str, written: Sequence[str], columns: Sequence[str]) -> None:
    as_written: dict[str, list[str]] = defaultdict(list)
    for text, column in zip(written, columns, strict=True):
        as_written[column].append(text)
    twice = {column: texts for column, texts in as_written.items() if len(texts) > 1}
    if twice:
        texts = [text for column, found in twice.items() for text in found if text != column]
        written_so = f" (also spelled {', '.join(map(repr, texts))})" if texts else ""
        raise InputError(f"{where}: found {_quoted(sorted(twice))} twice{written_so}. Rename or remove all but one")


def _quoted(columns: Sequence[str]) -> str:
    return f"column{'s' if len(columns) > 1 else ''} {', '.join(map(repr, columns))}"


def _lines(path: Path) -> list[tuple[int, str]]:
    """Number and text of each line that is not blank.

    Raises:
      InputError: they are not UTF-8 text.
    """
    content = path.read_bytes()
    if content.startswith(_UTF16):
        raise InputError(f"{path}: expected UTF-8, found UTF-16. {_UTF8}")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_utf8(path, content) from error
    # `None`: a line may end as on Linux, Windows or an old Mac.
    lines = io.StringIO(text, newline=None)
    return [(number, line.rstrip("\n")) for number, line in enumerate(lines, 1) if line.strip()]


def _not_utf8(path: Path, content: bytes) -> InputError:
    """The lines of a file that are not UTF-8."""
    faults = Faults(path)
    for number, line in enumerate(content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"), 1):
        shown = line.decode("utf-8", "backslashreplace")
        if shown.encode() != line:
            # Only bytes that are not UTF-8 were replaced, so the two differ from there on.
            start = next(i for i, (a, b) in enumerate(zip(shown.encode(), line, strict=False)) if a != b)
            found = line[start : start + 1]
            faults.add(f"line {number}", f"expected UTF-8, found the byte 0x{found.hex()}", _UTF8)
    return faults.error()


def _values(line: str, delimiter: str, place: str, faults: Faults) -> list[str] | None:
    """The fields of a line; None if they cannot be determined, which is added to the faults."""
    if "\0" in line:
        faults.add(place, "expected text, found a NUL byte", f"The file is damaged, or is UTF-16. {_UTF8}")
        return None
    try:
        # One line at a time: otherwise a stray quotation mark would join all lines up to the next one into a field.
        fields = next(csv.reader([line], delimiter=delimiter, strict=True, skipinitialspace=True), [])
    except csv.Error as error:
        if '"' not in line:
            faults.add(place, str(error), "Shorten the field")
        elif "expected after" in str(error):
            faults.add(place, f"found text after the quotation mark that ends a field, {_shown(line)}", _QUOTES)
        else:
            faults.add(place, f"the quotation mark that begins a field has no partner, {_shown(line)}", _QUOTES)
        return None
    return [canonical(field) for field in fields]


def _shown(line: str) -> str:
    """The part of a line around its first quotation mark."""
    start = max(line.index('"') - _SHOWN // 3, 0)
    part = line[start : start + _SHOWN]
    return f"{'...' if start else ''}{part}{'...' if start + _SHOWN < len(line) else ''}"

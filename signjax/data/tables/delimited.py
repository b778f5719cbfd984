"""Text tables with a delimiter between their fields (CSV, TSV), read strictly: no line is ever mistaken for a part of another."""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from signjax.data.tables.encodings import UTF8, text_of
from signjax.data.tables.faults import Faults
from signjax.data.tables.names import canonical
from signjax.errors import InputError

_SHOWN = 30  # characters of a line shown in a message
_QUOTES = (
    "A field must end on the line on which it begins: remove the quotation mark, or double it in a field that is quoted "
    'as a whole ("the 5"" screen")'
)
_COUNT = "Every line must have one field per column, and a field that contains the delimiter must be quoted"

Fields = dict[str, str]

# The first line of a table that Excel reads with another delimiter than its own.
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE | re.DOTALL)
# The name that pandas gives to a column without one.
_UNNAMED = re.compile(r"(Unnamed: \d+)?")
# Columns of sentences, whose quotation marks How2Sign and others write as they are, since a tab or bar separates the fields.
_SENTENCES = frozenset(("sentence", "translation", "annotation"))
_INDEX = re.compile(r"\d+")


def read_delimited(
    path: Path,
    delimiters: str,
    needed: Sequence[str],
    faults: Faults,
    known: Collection[str] = (),
    expected: Collection[str] = (),
    holds_values: Callable[[Sequence[str]], bool] = lambda fields: False,
) -> list[tuple[str, Fields]]:
    """The place and the fields of each row of a text table; fields and columns in canonical form.

    Lines without any text between the delimiters, empty fields after the last column, columns without name and values, and a
    column that numbers the rows (as pandas writes it, without a name) are ignored. Excel's line `sep=;` names the delimiter.

    Args:
      path: text with the columns' names in its first line.
      delimiters: candidates; the first that gives columns with the needed names is used, else the one that gives most columns
        with known or expected names.
      needed: columns that must exist.
      faults: collects what is wrong with single lines, whose rows are left out.
      known: other columns that, like the needed ones, are recognised in upper or lower case.
      expected: names, as `plain_name` gives them, that also speak for a delimiter.
      holds_values: whether a first line holds the values of a row; the columns are then called 1, 2 and so on.

    Raises:
      InputError: the text cannot be decoded, a column is missing or occurs twice, or a column with values has no name.
    """
    lines, delimiters = _without_separator_line(_lines(path), delimiters)
    number, header = lines[0] if lines else (1, "")
    names = {*needed, *known}
    place = f"line {number}"
    # With the wrong delimiter a quoted header may look faulty; only faults with the chosen delimiter count.
    headers = {delimiter: _values(header, delimiter, place, Faults(path)) or [] for delimiter in delimiters}
    fitting = (d for d, texts in headers.items() if needed and set(needed) <= {column_name(t, names) for t in texts})
    speaking = {plain_name(name) for name in names} | set(expected)
    delimiter = next(fitting, max(delimiters, key=lambda d: _speaks_for(headers[d], speaking)))
    of_header = Faults(path)
    written = _values(header, delimiter, place, of_header) or []
    of_header.check()
    if written and holds_values(written):
        written, body = [str(column) for column in range(1, len(written) + 1)], lines
    else:
        body = lines[1:]
    columns = [column_name(text, names) for text in written]
    if not columns:
        raise InputError(f"{path}: the table is empty; its first line has no columns")
    missing = [column for column in needed if column not in columns]
    if missing:
        raise InputError(f"{path}: the table needs {_quoted(missing)}; its first line has {', '.join(columns)}")
    _check_once(f"{path}, {place}", written, columns)
    sentences = delimiter in "\t|" and not _SENTENCES.isdisjoint(map(plain_name, columns))
    rows = []
    for number, line in body:
        place = f"line {number}"
        values = _literally(line, delimiter, len(columns)) if sentences else None
        values = values or _values(line, delimiter, place, faults)
        if values is None or not any(values):
            continue
        if any(values[len(columns) :]) or len(values) < len(columns):
            faults.add(place, f"expected {len(columns)} fields, found {len(values)}", _COUNT)
        else:
            rows.append((place, values[: len(columns)]))
    kept = _named_columns(path, columns, rows)
    return [(place, {columns[index]: values[index] for index in kept}) for place, values in rows]


def _without_separator_line(lines: list[tuple[int, str]], delimiters: str) -> tuple[list[tuple[int, str]], str]:
    named = _SEPARATOR_LINE.fullmatch(lines[0][1]) if lines else None
    return (lines, delimiters) if named is None else (lines[1:], named.group(1))


def _speaks_for(header: Sequence[str], expected: Collection[str]) -> tuple[int, int]:
    """Of how many columns a header has the expected name, and how many it has."""
    return sum(plain_name(text) in expected for text in header), len(header)


def _named_columns(path: Path, columns: Sequence[str], rows: Sequence[tuple[str, list[str]]]) -> list[int]:
    """The indices of the columns to read: all but empty ones without a name, and an index of the rows."""
    kept = []
    for index, column in enumerate(columns):
        values = [(place, values[index]) for place, values in rows if values[index]]
        numbers = [text for _, text in values if _INDEX.fullmatch(text)]
        is_index = index == 0 and len(numbers) == len(rows) == len(set(numbers))
        if not _UNNAMED.fullmatch(column) or (column and values and not is_index):
            kept.append(index)
        elif values and not is_index:
            place, text = values[0]
            raise InputError(
                f"{path}: column {index + 1} has no name, but holds values ({place}: {text!r}). Name it in the first line (the "
                "column with the clips' file names is called 'clip'), or remove it"
            )
    return kept


def column_name(text: str, known: Collection[str]) -> str:
    """A column's name; known names are recognised in any case, and with blanks or hyphens instead of underscores.

    >>> column_name(" Dominant hand", ("dominant_hand",)), column_name("Palm", ("gloss",))
    ('dominant_hand', 'Palm')
    """
    name, plain = canonical(text), plain_name(text)
    return plain if plain in known else name


def plain_name(text: str) -> str:
    """A column's name in small letters, with underscores for blanks and hyphens.

    >>> plain_name(" Participant ID")
    'participant_id'
    """
    return re.sub(r"[\s_-]+", "_", canonical(text).casefold())


def _check_once(where: str, written: Sequence[str], columns: Sequence[str]) -> None:
    as_written: dict[str, list[str]] = defaultdict(list)
    for text, column in zip(written, columns, strict=True):
        as_written[column].append(text)
    twice = {column: texts for column, texts in as_written.items() if column and len(texts) > 1}
    if twice:
        texts = [text for column, found in twice.items() for text in found if text != column]
        written_so = f" (also spelled {', '.join(map(repr, texts))})" if texts else ""
        raise InputError(f"{where}: found {_quoted(sorted(twice))} twice{written_so}. Rename or remove all but one")


def _quoted(columns: Sequence[str]) -> str:
    return f"column{'s' if len(columns) > 1 else ''} {', '.join(map(repr, columns))}"


def _lines(path: Path) -> list[tuple[int, str]]:
    """Number and text of each line that is not blank."""
    # `None`: a line may end as on Linux, Windows or an old Mac.
    lines = io.StringIO(text_of(path), newline=None)
    return [(number, line.rstrip("\n")) for number, line in enumerate(lines, 1) if line.strip()]


def _values(line: str, delimiter: str, place: str, faults: Faults) -> list[str] | None:
    """The fields of a line; None if they cannot be determined, which is added to the faults."""
    if "\0" in line:
        faults.add(place, "expected text, found a NUL byte", f"The file is damaged, or is UTF-16. {UTF8}")
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


def _literally(line: str, delimiter: str, columns: int) -> list[str] | None:
    """The fields of a line in which quotation marks are those of speech; None if they enclose fields, or the fields do not fit."""
    fields = line.split(delimiter)
    if len(fields) != columns or _values(line, delimiter, "", Faults(Path())) is not None:
        return None
    return [canonical(field) for field in fields]


def _shown(line: str) -> str:
    """The part of a line around its first quotation mark."""
    start = max(line.index('"') - _SHOWN // 3, 0)
    part = line[start : start + _SHOWN]
    return f"{'...' if start else ''}{part}{'...' if start + _SHOWN < len(line) else ''}"

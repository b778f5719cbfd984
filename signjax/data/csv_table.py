"""The CSV files that signjax writes and reads back.

Every text is read back unchanged, and no spreadsheet takes it for a formula: a text that begins with `=`, `+`, `-`, `@`, a tab or
a carriage return gets an apostrophe in front, and a text that already looks like that gets another. A byte of a name that is not
UTF-8 is written as its escape, `\\udcff`; if a text itself contains such an escape, its backslashes are doubled.
"""

import csv
import io
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from types import TracebackType

from signjax.data.text_files import encoded, write_text
from signjax.errors import InputError

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_MARKED_FORMULA = re.compile(r"'+[=+\-@\t\r]")
_BACKSLASHES_BEFORE_SURROGATE = re.compile(r"(\\+)(?=ud[89a-f][0-9a-f]{2}|[\ud800-\udfff])")
_ESCAPED_SURROGATE = re.compile(r"(\\+)u(d[89a-f][0-9a-f]{2})")
# Far above any cell of signjax; the csv module's default limit, 131,072 characters, is less than five long class names need.
_LONGEST_CELL = 1 << 30


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Writes a header and rows atomically; numbers are written as they are."""
    write_text(path, _text(chain([header], rows)))


class GrowingTable:
    """A table that is written row by row, as `PATH.partial`, and gets its name when it is complete; used as a context manager.

    If the block fails, the partial file stays, unless it has no rows.
    """

    def __init__(self, path: Path, header: Sequence[str]):
        """Begins the table.

        Raises:
          OSError: the file cannot be written.
        """
        self.path, self.partial = path, path.with_name(path.name + ".partial")
        self.rows = 0
        self.partial.unlink(missing_ok=True)
        self._file = self.partial.open("xb")
        self._write([header])

    def append(self, rows: Sequence[Sequence[object]]) -> None:
        """Adds rows, which are in the file when this returns, even if the process is killed later."""
        self._write(rows)
        self.rows += len(rows)

    def finish(self) -> None:
        """Flushes the table to disk and gives it its name."""
        os.fsync(self._file.fileno())
        self._file.close()
        self.partial.replace(self.path)

    def _write(self, rows: Iterable[Sequence[object]]) -> None:
        self._file.write(encoded(_text(rows)))
        self._file.flush()

    def __enter__(self) -> "GrowingTable":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # where a disk was full, what could not be written is tried once more
            self._file.close()
        if not self.rows:
            self.partial.unlink(missing_ok=True)


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of a table that `write_table` wrote; if two columns have the same name, the first is read.

    Raises:
      InputError: a row has more or fewer fields than the header.
    """
    with path.open(newline="", encoding="utf-8") as file, _long_cells():
        reader = csv.reader(file)
        header = next(reader, [])
        columns: dict[str, int] = {}
        for index, name in enumerate(header):
            columns.setdefault(_read(name), index)
        rows = []
        for cells in filter(None, reader):
            if len(cells) != len(header):
                raise InputError(
                    f"{path}, line {reader.line_num}: expected {len(header)} fields, found {len(cells)}; the file was changed "
                    "or is incomplete. Delete it; the same command writes it again"
                )
            rows.append({name: _read(cells[index]) for name, index in columns.items()})
        return rows


def _text(rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerows([_written(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return text.getvalue()


def _written(text: str) -> str:
    text = _BACKSLASHES_BEFORE_SURROGATE.sub(r"\1\1", text)  # `write_text` puts one more before a surrogate
    return f"'{text}" if _FORMULA.match(text) else text


def _read(text: str) -> str:
    if _MARKED_FORMULA.match(text):
        text = text[1:]
    return _ESCAPED_SURROGATE.sub(_unescaped, text)


def _unescaped(match: re.Match[str]) -> str:
    half, odd = divmod(len(match[1]), 2)
    return "\\" * half + (chr(int(match[2], 16)) if odd else f"u{match[2]}")


@contextmanager
def _long_cells() -> Iterator[None]:
    before = csv.field_size_limit(_LONGEST_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(before)

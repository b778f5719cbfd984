"""Lists the arrays of a file, as a table or as JSON."""

import json
import math
import os
from typing import Any

import numpy as np

from signjax.pickles import reader
from signjax.pickles.flatten import Entry, entries
from signjax.pickles.limits import Limits
from signjax.pickles.strided_view import View

_LONGEST_TEXT = 40  # characters of a value that is not an array


def describe(path: str | os.PathLike[str], limits: Limits) -> list[dict[str, Any]]:
    """Returns one row per array or value: name, shape, dtype, device, min, max, number of NaN, and a scalar's value."""
    tree = reader.read(path, limits, lambda view: view, mapped=True, verify=True)
    return [_row(entry) for entry in entries(tree, limits.unfolded(os.path.getsize(path)))]


def _row(entry: Entry) -> dict[str, Any]:
    content = entry.content
    array = content.array() if isinstance(content, View) else content
    row: dict[str, Any] = {
        "name": entry.name,
        "shape": list(content.shape),
        "dtype": str(content.dtype),
        "device": content.device if isinstance(content, View) else "",
        "min": None,
        "max": None,
        "nan": 0,
        "value": _text(array.item()) if array.ndim == 0 else "",
        "note": entry.note,
    }
    if array.dtype.kind in "fc":
        row["nan"] = int(np.isnan(array).sum())
    if array.size and array.dtype.kind in "biuf" and row["nan"] < array.size:
        row["min"], row["max"] = (_number(extreme(array).item()) for extreme in (np.nanmin, np.nanmax))
    return row


def _number(value: float) -> float | str:
    """The number; infinities become text, because JSON has none."""
    return value if math.isfinite(value) else str(value)


def _text(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 3] + "..."


def as_json(rows: list[dict[str, Any]]) -> str:
    """Formats the rows as JSON."""
    return json.dumps(rows, indent=1)


def as_table(rows: list[dict[str, Any]]) -> str:
    """Formats the rows as an aligned text table."""
    lines = [["name", "shape", "dtype", "device", "min", "max", "NaN", "value"]]
    for row in rows:
        shape = "x".join(map(str, row["shape"])) or "-"
        extremes = [
            "" if row[key] is None else f"{row[key]:.6g}" if isinstance(row[key], float) else str(row[key])
            for key in ("min", "max")
        ]
        value = row["value"] + (f"  ({row['note']})" if row["note"] else "")
        lines.append([row["name"], shape, row["dtype"], row["device"], *extremes, str(row["nan"] or ""), value])
    printable = [["".join(c if c.isprintable() else "?" for c in cell) for cell in line] for line in lines]
    widths = [max(len(line[i]) for line in printable) for i in range(len(printable[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in printable
    )

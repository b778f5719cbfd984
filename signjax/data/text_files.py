"""Text files that are written atomically, whatever characters the names in them contain."""

import json
import os
from pathlib import Path
from typing import Any

from signjax.pickles.atomic import replacing


def encoded(text: str) -> bytes:
    """Encodes as UTF-8; what cannot be encoded, such as a byte of a file name that is not UTF-8, is escaped (`\\udcff`)."""
    return text.encode("utf-8", "backslashreplace")


def write_text(path: Path, text: str) -> None:
    """Writes a file under a temporary name, flushes it to disk, and renames it."""
    with replacing(os.fspath(path)) as file:
        file.write(encoded(text))


def write_json(path: Path, content: Any) -> None:
    """Writes a value as indented JSON, atomically."""
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False))

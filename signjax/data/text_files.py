"""Text files that are whole or not there, whatever the names in them hold."""

import json
import os
from pathlib import Path
from typing import Any

from signjax.pickles.atomic import replacing


def encoded(text: str) -> bytes:
    """UTF-8; what cannot be encoded, such as a byte of a file name that is not UTF-8, is written as its escape (`\\udcff`)."""
    return text.encode("utf-8", "backslashreplace")


def write_text(path: Path, text: str) -> None:
    """Writes a file under a temporary name, flushes it to the disk, and renames it."""
    with replacing(os.fspath(path)) as file:
        file.write(encoded(text))


def write_json(path: Path, content: Any) -> None:
    """Writes a value as indented JSON, whole or not at all."""
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False))

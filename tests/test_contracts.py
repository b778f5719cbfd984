"""Contracts that the import contracts in pyproject.toml cannot express."""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "signjax"


def names(path: Path) -> Iterator[str]:
    """All names, attributes and imported names in a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.alias):
            yield node.name.rpartition(".")[2]


def test_only_training_parallel_maps_over_devices():
    found = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py") if "pmap" in names(path)}
    assert found == {"training/parallel.py"}

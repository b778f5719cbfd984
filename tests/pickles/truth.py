"""Compares trees with the expected content that `fixtures/write_fixtures.py` wrote next to each fixture."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

FIXTURES = Path(__file__).parent / "fixtures"


def fixtures() -> Iterator[tuple[Path, Any]]:
    """Each fixture with its truth."""
    for truth in sorted(FIXTURES.glob("*/truth.json")):
        content = json.loads(truth.read_text())
        for name, index in sorted(content["files"].items()):
            yield truth.parent / name, content["truths"][index]


def assert_true(found: Any, truth: Any, path: str = "") -> None:
    """Fails unless the tree equals what torch, NumPy or Python held when the file was written."""
    kind = truth["kind"]
    if kind == "tensor":
        assert isinstance(found, np.ndarray), path
        name = truth["dtype"].removeprefix("torch.")
        assert found.dtype.name == name, path
        assert list(found.shape) == truth["shape"], path
        values = np.array(truth["values"])
        if name.startswith("complex"):
            values = values.view(complex)
        np.testing.assert_array_equal(found.ravel().astype(values.dtype), values.ravel(), err_msg=path)
    elif kind in ("array", "scalar"):
        assert isinstance(found, np.ndarray if kind == "array" else np.generic), path
        assert repr(found.dtype.descr) == truth["dtype"].replace("u'", "'"), path
        assert list(found.shape) == truth["shape"], path
        assert np.ascontiguousarray(found).tobytes().hex() == truth["hex"], path
        assert ast.literal_eval(truth["dtype"]), path
    elif kind == "objects":
        assert found.dtype == object and list(found.shape) == truth["shape"], path
        for i, (item, wanted) in enumerate(zip(found.ravel().tolist(), truth["values"], strict=True)):
            assert_true(item, wanted, f"{path}/{i}")
    elif kind == "dict":
        assert type(found) is dict and len(found) == len(truth["items"]), path
        for (key, item), (true_key, true_item) in zip(found.items(), truth["items"], strict=True):
            assert_true(key, true_key, f"{path} key")
            assert_true(item, true_item, f"{path}/{key}")
    elif kind in ("list", "tuple", "set", "frozenset"):
        assert type(found).__name__ == kind and len(found) == len(truth["items"]), path
        items = sorted(found) if "set" in kind else found
        for i, (item, wanted) in enumerate(zip(items, truth["items"], strict=True)):
            assert_true(item, wanted, f"{path}/{i}")
    elif kind == "bytes":
        assert isinstance(found, bytes | bytearray) and list(found) == truth["value"], path
    elif kind == "repr":
        assert repr(found) == truth["value"], path
    else:
        assert kind in ("plain", "text") and type(found) is type(truth["value"]) and found == truth["value"], path

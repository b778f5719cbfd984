"""Files that real torch wrote, from 1.0 under Python 2.7 to the current one, compared with what they were written from."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from signjax.pickles import ArrayInfo, inspect, load
from tests.pickles.truth import assert_true, fixtures


@pytest.mark.parametrize(
    ("path", "truth"), [pytest.param(path, truth, id=f"{path.parent.name}/{path.name}") for path, truth in fixtures()]
)
def test_every_fixture_is_read_as_it_was_written(path: Path, truth: Any) -> None:
    found = load(path)
    assert_true(found, truth)
    assert_same_form(inspect(path), found)


def assert_same_form(described: Any, found: Any) -> None:
    if isinstance(described, ArrayInfo):
        assert (described.shape, described.dtype) == (found.shape, found.dtype)
    elif isinstance(described, dict):
        assert described.keys() == found.keys()
        for key in described:
            assert_same_form(described[key], found[key])
    elif isinstance(described, list | tuple):
        assert len(described) == len(found)
        for one, other in zip(described, found, strict=True):
            assert_same_form(one, other)


def test_devices_are_those_of_the_tensors() -> None:
    for path, truth in fixtures():
        if truth["kind"] == "tensor":
            assert inspect(path).device == "cuda:0"


@pytest.mark.parametrize("form", ["legacy", "zip"])
def test_tensors_that_share_a_storage_share_memory(form: str) -> None:
    path = next(path for path, _ in fixtures() if path.name == f"tensors_{form}.pt" and "2.13" in path.parent.name)
    found = load(path)
    found["shared_a"][2, 0] = 99.0
    assert found["shared_b"][0] == 99.0
    assert np.shares_memory(found["shared_a"], found["transposed"])
    assert not np.shares_memory(found["shared_a"], found["parameter"])


def test_arrays_are_aligned_and_writable() -> None:
    for path, truth in fixtures():
        if truth["kind"] == "dict":
            for array in load(path).values():
                if isinstance(array, np.ndarray):
                    assert array.flags.aligned and array.flags.writeable


def test_loading_changes_no_file(tmp_path: Path) -> None:
    source = next(path for path, _ in fixtures() if path.name == "tensor_zip.pt")
    copy = tmp_path / "copy.pt"
    copy.write_bytes(source.read_bytes())
    load(copy)[:] = 77
    inspect(copy)
    assert copy.read_bytes() == source.read_bytes()

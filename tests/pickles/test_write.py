"""The writer that does not need torch: its files are read back here, and by torch if it is installed."""

import io
import pickle
from pathlib import Path

import numpy as np
import pytest

from signjax.pickles import inspect, load
from signjax.pickles.write import CudaTensor, legacy_storage, write_plain

TREE = {
    "left_valid": CudaTensor(np.array([True, False, True])),
    "half": CudaTensor(np.arange(12, dtype=np.float16).reshape(3, 4), "cuda:1"),
    "number": CudaTensor(np.array(3.5)),
    "empty": CudaTensor(np.zeros((0, 4), np.float32)),
    "smplx": np.linspace(-1, 1, 364, dtype=np.float32).reshape(2, 182),
    "index": np.arange(300),
    "others": {"name": "Ä" * 300, "list": [1, -2, 300, 70_000, 2**40, 1.5, None, True, False], "pair": (1, "two")},
}


def plain(value: object) -> object:
    if isinstance(value, CudaTensor):
        return value.array
    return {key: plain(item) for key, item in value.items()} if isinstance(value, dict) else value


def assert_same(found: object, wanted: object) -> None:
    if isinstance(wanted, dict):
        assert isinstance(found, dict) and list(found) == list(wanted)
        for key in wanted:
            assert_same(found[key], wanted[key])
    elif isinstance(wanted, np.ndarray):
        assert isinstance(found, np.ndarray) and found.dtype == wanted.dtype and found.shape == wanted.shape
        np.testing.assert_array_equal(found, wanted)
    else:
        assert type(found) is type(wanted) and found == wanted


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    write_plain(tmp_path / "clip.pkl", TREE)
    assert_same(load(tmp_path / "clip.pkl"), plain(TREE))
    described = inspect(tmp_path / "clip.pkl")
    assert described["half"].device == "cuda:1"
    assert described["smplx"].device == "cpu"


def test_same_tree_same_bytes_and_nothing_else_is_left(tmp_path: Path) -> None:
    write_plain(tmp_path / "a.pkl", TREE)
    write_plain(tmp_path / "b.pkl", TREE)
    assert (tmp_path / "a.pkl").read_bytes() == (tmp_path / "b.pkl").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.pkl", "b.pkl"]


def test_a_tree_that_cannot_be_written_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="complex"):
        write_plain(tmp_path / "a.pkl", {"a": 1j})
    assert list(tmp_path.iterdir()) == []


def test_torch_reads_what_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")

    def to_cpu(raw: bytes) -> object:
        return torch.load(io.BytesIO(raw), map_location="cpu", weights_only=False)

    monkeypatch.setattr(torch.storage, "_load_from_bytes", to_cpu)
    write_plain(tmp_path / "clip.pkl", TREE)
    with open(tmp_path / "clip.pkl", "rb") as file:
        found = pickle.load(file)
    tensors = [key for key, value in TREE.items() if isinstance(value, CudaTensor)]
    assert all(isinstance(found[key], torch.Tensor) for key in tensors)
    assert_same({k: v.numpy() if k in tensors else v for k, v in found.items()}, plain(TREE))


@pytest.mark.parametrize("key", [key for key, value in TREE.items() if isinstance(value, CudaTensor)])
def test_storages_are_what_torch_writes_byte_for_byte(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    array, device = TREE[key]  # type: ignore[misc]
    monkeypatch.setattr(torch.serialization, "location_tag", lambda storage: device)
    storage = torch.tensor(array)._typed_storage()
    stream = io.BytesIO()
    torch.save(storage, stream, _use_new_zipfile_serialization=False)
    address = str(storage._untyped_storage._cdata).encode()  # torch's key is wherever the storage happened to lie
    named = b"X" + len(address).to_bytes(4, "little") + address
    assert stream.getvalue().replace(named, b"X\1\0\0\0" + b"0") == legacy_storage(array, device)

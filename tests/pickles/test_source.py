"""Files are read into memory that is reused, but never while it is still referenced."""

from pathlib import Path

import numpy as np

from signjax.pickles import load
from signjax.pickles.source import give_back, open_bytes
from signjax.pickles.write import CudaTensor, write_plain


def test_what_was_loaded_stays_when_the_next_file_is_read(tmp_path: Path) -> None:
    trees = []
    for i, size in enumerate((300, 200, 5000, 200, 200, 300)):
        path = tmp_path / f"{i}.pkl"
        array = np.full(size, i, np.int16)
        write_plain(path, {"tensor": CudaTensor(array), "array": array, "text": f"{i}" * size})
        trees.append((i, size, load(path)))
    for i, size, tree in trees:
        assert tree["text"] == f"{i}" * size
        for name in ("tensor", "array"):
            assert tree[name].shape == (size,) and (tree[name] == i).all() and tree[name].flags.writeable


def test_memory_that_is_looked_at_is_not_used_again(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_bytes(name.encode() * 100)
    content, _ = open_bytes(tmp_path / "a")
    part = content[50:]
    give_back(content)
    other, _ = open_bytes(tmp_path / "b")
    assert bytes(content) == b"a" * 100 and bytes(part) == b"a" * 50
    assert bytes(other) == b"b" * 100


def test_memory_is_used_again_and_holds_nothing_of_the_file_before(tmp_path: Path) -> None:
    for size in (100, 70, 70, 400, 1):
        path = tmp_path / "file"
        path.write_bytes(bytes([size % 251]) * size)
        content, is_mapped = open_bytes(path)
        assert not is_mapped and bytes(content) == bytes([size % 251]) * size
        give_back(content)
        del content

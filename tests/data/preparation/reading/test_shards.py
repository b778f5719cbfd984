"""Preparation shared among processes: what shards have read makes the same dataset."""

import numpy as np
import pytest
from conftest import make_recipe, silent

from signjax.data import locks
from signjax.data.preparation.prepare import prepare, read_shard
from signjax.data.preparation.reading import collect
from signjax.data.preparation.reading.shards import Shard, parse_shard
from signjax.errors import InputError

COUNT = 150  # five batches


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    """Clips of five channels; every seventh, and all of the second batch, cannot be used."""
    rng = np.random.default_rng(0)
    clips = [rng.normal(size=(int(rng.integers(6, 20)), 5)).astype(np.float32) for _ in range(COUNT)]
    for index in (*range(3, COUNT, 7), *range(32, 64)):
        clips[index] = clips[index][:2]
    path = tmp_path_factory.mktemp("source") / "a.npz"
    np.savez(path, frames=np.concatenate(clips), offsets=np.cumsum([0, *map(len, clips)]), labels=np.arange(COUNT) % 6)
    return make_recipe(source="arrays", path=str(path))


@pytest.fixture(scope="module")
def whole(recipe, tmp_path_factory):
    """The dataset that one process makes."""
    folder = tmp_path_factory.mktemp("whole") / "d"
    prepare(recipe, folder, silent)
    return content(folder)


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def batches_read(monkeypatch):
    """The batches that are read from the source, as they come."""
    read, found = collect.read_batch, []

    def noted(reading, items):
        found.append([item.name for item in items])
        return read(reading, items)

    monkeypatch.setattr(collect, "read_batch", noted)
    return found


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_shards_make_the_dataset_that_one_process_makes(recipe, whole, batches_read, tmp_path, count):
    said: list[str] = []
    for number in range(1, count + 1):
        read_shard(recipe, tmp_path / "d", Shard(number, count), said.append)
    assert sum(map(len, batches_read)) == COUNT
    batches_read.clear()
    prepare(recipe, tmp_path / "d", said.append)
    assert batches_read == [] and content(tmp_path / "d") == whole
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["d"]
    assert f"shard 1 of {count}" in said[0] and "--mode=prepare without --shard makes the dataset" in said[0]


def test_what_no_shard_has_read_is_read_by_the_run_that_makes_the_dataset(
    recipe, whole, batches_read, tmp_path, monkeypatch
):
    read_shard(recipe, tmp_path / "d", Shard(3, 3), silent)
    with monkeypatch.context() as patch:

        def stop(*_):
            if len(batches_read) == 2:  # one of the shard above, one of this
                raise KeyboardInterrupt
            return noted(*_)

        noted = collect.read_batch
        patch.setattr(collect, "read_batch", stop)
        with pytest.raises(KeyboardInterrupt):
            read_shard(recipe, tmp_path / "d", Shard(1, 3), silent)
    batches_read.clear()
    said: list[str] = []
    prepare(recipe, tmp_path / "d", said.append)
    assert len(batches_read) == 3 and content(tmp_path / "d") == whole
    assert "prepare: shard 1 of 3: 32 of 64 clips are read; the other 32 are read here" in said
    assert "prepare: shard 3 of 3: 32 of 32 clips are read" in said
    assert "prepare: no shard 2 of 3; its clips are read here" in said


def test_an_interrupted_shard_goes_on(recipe, batches_read, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(collect.Progress, "advance", lambda *_: 1 / 0)  # after the first batch
        with pytest.raises(ZeroDivisionError):
            read_shard(recipe, tmp_path / "d", Shard(1, 2), silent)
    said: list[str] = []
    read_shard(recipe, tmp_path / "d", Shard(1, 2), said.append)
    assert said[0] == "prepare: 32 of 86 clips were already read; continuing from there"
    assert len(batches_read) == 3


def test_a_shard_of_other_settings_is_named_and_left(recipe, whole, tmp_path):
    other = make_recipe(source="arrays", path=recipe.path, shortest_clip=8)
    read_shard(other, tmp_path / "d", Shard(1, 1), silent)
    left = tmp_path / "d.shard-1-of-1"
    before, said = content(left), list[str]()
    prepare(recipe, tmp_path / "d", said.append)
    assert f"warning: {left} was read from other files or with other settings; it is left as it is" in said
    assert content(tmp_path / "d") == whole and content(left) == before


def test_a_shard_that_is_being_read_stops_the_run(recipe, tmp_path):
    read_shard(recipe, tmp_path / "d", Shard(1, 2), silent)
    with locks.inner_lock(tmp_path / "d.shard-1-of-2", silent) as lock:
        lock.require()
        with pytest.raises(InputError, match=r"d\.shard-1-of-2: another process is using it"):
            prepare(recipe, tmp_path / "d", silent)


@pytest.mark.parametrize("text", ["", "2", "0/4", "5/4", "1/0", "-1/4", "1 / 4", "1/4/2", "a/b"])
def test_what_is_no_share_is_refused(text):
    with pytest.raises(InputError, match=r"expected I/N with I from 1 to N"):
        parse_shard(text)

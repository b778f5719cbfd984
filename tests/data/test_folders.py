"""Folders that are replaced atomically, and their locks."""

import errno
import fcntl
import subprocess
import sys

import pytest
from conftest import silent

from signjax.data import locks
from signjax.data.folders import recover, replacing, settled, target_of, written_whole
from signjax.errors import InputError


def test_a_folder_is_replaced_as_a_whole(tmp_path):
    folder = tmp_path / "d"
    for text in ("one", "two"):
        with replacing(folder) as new:
            (new / text).write_text(text)
            assert not (folder / text).exists()
        assert [path.name for path in folder.iterdir()] == [text]
    assert settled(folder) and [path.name for path in tmp_path.iterdir()] == ["d"]


def test_what_fails_leaves_the_folder_as_it_was(tmp_path):
    folder = tmp_path / "d"
    with replacing(folder) as new:
        (new / "one").touch()
    with pytest.raises(RuntimeError), replacing(folder) as new:
        (new / "two").touch()
        raise RuntimeError
    assert [path.name for path in folder.iterdir()] == ["one"] and settled(folder)


def test_a_folder_that_is_written_whole_leaves_its_neighbours_alone(tmp_path):
    for name in ("d.old", "d.new"):
        (tmp_path / name).mkdir()
    (tmp_path / ".d.partial").mkdir()  # of a process that was killed
    for text in ("one", "two"):
        with written_whole(tmp_path / "d") as new:
            (new / text).touch()
        assert [path.name for path in (tmp_path / "d").iterdir()] == [text]
    with pytest.raises(RuntimeError), written_whole(tmp_path / "d"):
        raise RuntimeError
    assert [path.name for path in (tmp_path / "d").iterdir()] == ["two"]
    assert {path.name for path in tmp_path.iterdir()} == {"d", "d.old", "d.new"}


@pytest.mark.parametrize(
    ("there", "expected"), [({"d", "d.old", "d.new"}, "d"), ({"d.old", "d.new"}, "d.old"), ({"d", "d.new"}, "d")]
)
def test_a_replacement_that_was_killed_is_ended(tmp_path, there, expected):
    for name in there:
        (tmp_path / name).mkdir()
        (tmp_path / name / "says").write_text(name)
    recover(tmp_path / "d")
    assert [path.name for path in tmp_path.iterdir()] == ["d"]
    assert (tmp_path / "d" / "says").read_text() == expected


def test_a_second_process_is_told_who_holds_the_lock(tmp_path):
    code = f"""
import os, pathlib, sys
from signjax.data import locks
with locks.sibling_lock(pathlib.Path({str(tmp_path / "d")!r}), print) as lock:
    lock.require()
    print(os.getpid(), flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None and holder.stdin is not None
        pid = holder.stdout.readline().strip()
        with locks.sibling_lock(tmp_path / "d", silent) as lock:
            assert not lock.shared()
            with pytest.raises(InputError, match=rf"another process is using it \(process {pid} on "):
                lock.require()
        holder.stdin.close()
        holder.wait()
        with locks.sibling_lock(tmp_path / "d", silent) as lock:
            lock.require()


def test_readers_share_and_writers_do_not(tmp_path):
    with locks.inner_lock(tmp_path, silent) as first, locks.inner_lock(tmp_path, silent) as second:
        assert first.exclusive() and not second.shared()
        assert first.shared() and second.shared() and not second.exclusive()


@pytest.mark.parametrize(("number", "says"), [(errno.ENOLCK, 1), (errno.EOPNOTSUPP, 1), (errno.EACCES, 0)])
def test_without_locks_the_run_goes_on_and_says_so_once(tmp_path, monkeypatch, number, says):
    def refuse(*_: object) -> None:
        raise OSError(number, "no locks here")

    monkeypatch.setattr(fcntl, "flock", refuse)
    said: list[str] = []
    with locks.inner_lock(tmp_path, said.append) as lock:
        lock.require()
        assert lock.shared()
    assert len(said) == says


@pytest.mark.parametrize("there", [True, False])
def test_a_link_to_another_disk_stays_and_what_it_leads_to_is_replaced(tmp_path, there):
    big = tmp_path / "big" / "data"
    (tmp_path / "big").mkdir()
    if there:
        big.mkdir()
    link = tmp_path / "d"
    link.symlink_to(big)
    for text in ("one", "two"):
        with replacing(target_of(link)) as new:
            (new / text).write_text(text)
        assert link.is_symlink() and [path.name for path in link.iterdir()] == [text]
    assert [path.name for path in (tmp_path / "big").iterdir()] == ["data"]

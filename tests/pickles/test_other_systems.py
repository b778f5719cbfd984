"""The loader, `show` and `convert` without what Windows lacks: it is taken away in a process of its own."""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np

# What Windows lacks, and macOS in part. A folder cannot be opened there, and text files get other line ends.
WITHOUT = """
import builtins, mmap, os, sys
for module in ("fcntl", "resource", "pwd", "grp"):
    sys.modules[module] = None
for name in ("pread", "preadv", "readv", "writev", "pwritev", "O_CLOEXEC", "O_NOFOLLOW", "O_DIRECTORY", "sched_getaffinity",
             "fork", "posix_fadvise", "sendfile", "O_NONBLOCK"):
    if hasattr(os, name):
        delattr(os, name)
for name in ("MADV_DONTNEED", "MADV_SEQUENTIAL", "PROT_READ", "MAP_PRIVATE"):
    if hasattr(mmap, name):
        delattr(mmap, name)
opened = os.open
def open_file(path, *arguments, **options):
    if os.path.isdir(path):
        raise PermissionError(13, "Permission denied", path)
    return opened(path, *arguments, **options)
os.open = open_file
"""


def run(program: str, *arguments: Path | str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT + program, *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def folder(tmp_path: Path) -> Path:
    source = tmp_path / "in"
    source.mkdir()
    (source / "a.pkl").write_bytes(pickle.dumps({"x": np.arange(3), "name": "größe"}))
    (source / "b.pkl").write_bytes(pickle.dumps({"x": np.arange(200_000.0)}))
    (source / "c.pkl").write_bytes(b"cos\nsystem\n.")
    np.savez(source / "d.npz", x=np.arange(4))
    return source


def test_load_and_inspect(tmp_path: Path) -> None:
    program = """
from signjax.pickles import inspect, load, source
sums = [float(load(path)["x"].sum()) for path in sys.argv[1:]]
source._MAP_FROM = 1  # large files, which are mapped
print(sums + [float(load(path, verify=True)["x"].sum()) for path in sys.argv[1:]], inspect(sys.argv[1])["x"].shape)
"""
    source = folder(tmp_path)
    result = run(program, source / "a.pkl", source / "b.pkl", source / "d.npz")
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == f"{[3.0, 19999900000.0, 6.0] * 2} (3,)"


def test_show_and_convert(tmp_path: Path) -> None:
    program = "\nfrom signjax.pickles.__main__ import main\nsys.exit(main(sys.argv[1:]))"
    source = folder(tmp_path)
    shown = run(program, "show", source / "a.pkl")
    assert shown.returncode == 0 and "int64" in shown.stdout, shown.stderr
    assert run(program, "show", source / "c.pkl").returncode == 2
    for _ in range(2):
        result = run(program, "convert", source, tmp_path / "out", "--workers", "1")
        assert result.returncode == 1, result.stderr
        assert "os.system" in result.stderr
    np.testing.assert_array_equal(np.load(tmp_path / "out" / "b.pkl.npz")["x"], np.arange(200_000.0))
    records = [json.loads(line) for line in (tmp_path / "out" / "manifest.jsonl").read_text().splitlines()]
    assert [record["status"] for record in records] == ["converted", "converted", "refused"]


def test_a_console_without_the_letters_of_a_file(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252"}
    (tmp_path / "a.pkl").write_bytes(pickle.dumps({"手話": 1}))
    command = [sys.executable, "-m", "signjax.pickles", "show", str(tmp_path / "a.pkl")]
    result = subprocess.run(command, capture_output=True, check=False, env=environment)
    assert result.returncode == 0 and rb"\u624b\u8a71" in result.stdout, result.stderr


def test_windows_locks_the_manifest(tmp_path: Path) -> None:
    """With a module that behaves like Windows' `msvcrt`."""
    program = """
import types
held = []
def locking(descriptor, mode, size):
    if held:
        raise PermissionError(13, "Permission denied")
    held.append(os.lseek(descriptor, 0, os.SEEK_CUR))
sys.modules["msvcrt"] = types.SimpleNamespace(locking=locking, LK_NBLCK=2)
from signjax.pickles.conversion.lock import lock
with open(sys.argv[1], "a", encoding="utf-8") as file:
    print(lock(file), lock(file), held[0] > 1 << 20)
    file.write("x")
"""
    result = run(program, tmp_path / "manifest")
    assert result.stdout.split() == ["True", "False", "True"], result.stderr
    assert (tmp_path / "manifest").read_text() == "x"

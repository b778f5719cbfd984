"""The files a conversion reads, the output of each, and the portions that workers receive."""

import hashlib
import os
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from signjax.pickles.formats.npy import holds_objects
from signjax.pickles.limits import PickleError

SUFFIXES = frozenset(
    (".pkl", ".pickle", ".p", ".pt", ".pth", ".bin", ".ckpt", ".tar", ".joblib", ".jl", ".z", ".gz", ".bz2")
)
_ARRAYS = (".npy", ".npz")
_LONGEST_HEADER = (1 << 16) + 12  # bytes
_LONGEST_NAME = 255  # bytes per path component, on all common file systems
_PORTION = 128  # files
_PORTION_BYTES = 64 << 20  # bytes after which a portion is complete; records are written once it is done
_LEAST_PORTION = 16  # files; fewer would spend too long waiting for the disk at the end of each portion


class Job(NamedTuple):
    """One source file: its path below the source, the path to read, the output, and the reason if it is refused."""

    source: str
    path: str
    output: str
    refused: str = ""


def list_jobs(source: Path, destination: Path, recursive: bool, shard: tuple[int, int]) -> list[Job]:
    """Lists the files of a source that belong to this shard, sorted by path.

    Args:
      source: a file, or a folder, whose files with one of `SUFFIXES` are taken, and NumPy's files that hold Python objects.
      destination: the folder for the outputs; skipped if it is inside the source.
      recursive: whether to search subfolders.
      shard: (I, N) selects the files whose path hashes to I, from 1 to N.
    """
    if source.is_file():
        found = [(source.name, os.fspath(source.resolve()))]
        root = source.resolve().parent
    else:
        root = source.resolve()
        found = sorted(_walk(root, destination.resolve(), recursive))
    outputs = [output_name(name) for name, _ in found]
    takers: dict[str, list[str]] = defaultdict(list)
    folds = _folds_case(destination)
    for (name, _), output in zip(found, outputs, strict=True):
        takers[output.casefold() if folds else output].append(name)
    result = []
    for (name, path), output in zip(found, outputs, strict=True):
        if shard_of(name, shard[1]) != shard[0]:
            continue
        rivals = [other for other in takers[output.casefold() if folds else output] if other != name]
        refused = f"would be written to the same file as {rivals[0]}" if rivals else ""
        if os.path.islink(path):
            refused = _refused_link(path, root) or refused
        result.append(Job(name, path, output, refused))
    return result


def portions(jobs: list[Job], workers: int) -> Iterator[list[Job]]:
    """Yields the portions of work, smaller towards the end so that all workers finish together."""
    portion: list[Job] = []
    nbytes = 0
    most = _portion_size(len(jobs), workers)
    for i, job in enumerate(jobs):
        portion.append(job)
        with suppress(OSError):  # the conversion will meet the same error and report it
            nbytes += os.stat(job.path).st_size
        if len(portion) >= most or nbytes >= _PORTION_BYTES:
            yield portion
            portion, nbytes = [], 0
            most = _portion_size(len(jobs) - i - 1, workers)
    if portion:
        yield portion


def _portion_size(left: int, workers: int) -> int:
    return min(_PORTION, max(_LEAST_PORTION, left // (2 * workers)))


def _refused_link(path: str, root: Path) -> str:
    if not os.path.isfile(path):
        return "a symbolic link that does not lead to a file"
    if not Path(path).resolve().is_relative_to(root):
        return "a symbolic link that leads out of the source"
    return ""


def _walk(root: Path, destination: Path, recursive: bool) -> Iterator[tuple[str, str]]:
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if recursive and Path(folder, name) != destination]
        for name in files:
            path = os.path.join(folder, name)
            suffix = os.path.splitext(name)[1].lower()
            wanted = suffix in SUFFIXES or (suffix in _ARRAYS and _holds_objects(path))
            if wanted and (os.path.isfile(path) or os.path.islink(path)):
                yield os.path.relpath(path, root).replace(os.sep, "/"), path


def _holds_objects(path: str) -> bool:
    """Whether a file of NumPy arrays holds pickled objects; other arrays need no conversion."""
    try:
        if not zipfile.is_zipfile(path):
            with open(path, "rb") as file:
                return holds_objects(memoryview(file.read(_LONGEST_HEADER)))
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                with archive.open(name) as member:
                    if holds_objects(memoryview(member.read(_LONGEST_HEADER))):
                        return True
    except (OSError, PickleError, RuntimeError, NotImplementedError, EOFError, zipfile.BadZipFile, zlib.error):
        pass  # not an array that NumPy could read, and not one for this conversion
    return False


def output_name(source: str) -> str:
    """The output path of a source: its whole path plus `.npz`; names that would be too long are cut and hashed.

    >>> output_name("day1/clip.pkl")
    'day1/clip.pkl.npz'
    """
    folder, _, name = source.rpartition("/")
    if len(os.fsencode(name)) > _LONGEST_NAME - len(".npz"):
        digest = hashlib.sha256(os.fsencode(source)).hexdigest()[:16]
        kept = os.fsencode(name)[: _LONGEST_NAME - len(f"~{digest}.npz")].decode("utf-8", "ignore")
        name = f"{kept}~{digest}"
    return f"{folder}/{name}.npz" if folder else f"{name}.npz"


def shard_of(source: str, count: int) -> int:
    """The shard, from 1 to `count`, of a path; the same on every machine."""
    return int.from_bytes(hashlib.sha256(os.fsencode(source)).digest()[:8], "big") % count + 1


def _folds_case(folder: Path) -> bool:
    """Whether the file system treats `A` and `a` as the same name."""
    probe = folder / f".Case-{os.getpid()}"
    probe.touch()
    try:
        return (folder / probe.name.lower()).exists()
    finally:
        probe.unlink(missing_ok=True)

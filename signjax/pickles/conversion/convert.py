"""Converts a folder of pickles into a folder of `.npz` files: parallel, resumable, atomic, every file accounted for."""

import errno
import hashlib
import os
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from signjax.pickles import reader
from signjax.pickles.atomic import Partial, sync_folder, written
from signjax.pickles.conversion import manifest, npz
from signjax.pickles.conversion.jobs import SUFFIXES, Job, list_jobs, portions
from signjax.pickles.conversion.lock import lock
from signjax.pickles.conversion.manifest import Record
from signjax.pickles.conversion.progress import Progress
from signjax.pickles.flatten import entries
from signjax.pickles.limits import Limits, PickleError
from signjax.pickles.source import give_back, open_bytes, pieces
from signjax.pickles.strided_view import View
from signjax.pickles.workers import worker_pool

# Files flushed in a row by a separate thread while the next ones are converted. Flushing the first makes most of the
# others durable too, and switching threads for each file costs as much as reading one.
_GROUP = 32
_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
_GROUP_BYTES = 32 << 20  # bytes after which a group is complete, so that few large files wait to be flushed


def convert(
    source: Path,
    destination: Path,
    *,
    recursive: bool = False,
    workers: int = 1,
    overwrite: bool = False,
    shard: tuple[int, int] = (1, 1),
    limits: Limits = Limits(),  # noqa: B008 -- frozen
) -> int:
    """Converts a file or folder.

    Args:
      source: a pickle, or a folder of them.
      destination: the folder for the outputs and the manifest; created if necessary.
      recursive: whether to search subfolders of the source.
      workers: number of processes.
      overwrite: whether to convert unchanged files again. Files not written by a conversion are never replaced.
      shard: (I, N) converts only the I-th of N parts.
      limits: bounds on the time and memory a file may cost.

    Returns:
      The exit status: 0 if all files are converted, 1 if some were refused, 2 if nothing could be done.
    """
    if not source.exists():
        print(f"{source}: the file or folder does not exist", file=sys.stderr)
        return 2
    destination.mkdir(parents=True, exist_ok=True)
    known = manifest.read(destination)
    jobs = list_jobs(source, destination, recursive, shard)
    if not jobs:
        hint = "" if recursive else "; --recursive also searches subfolders"
        print(f"{source}: there are no files with the suffixes {' '.join(sorted(SUFFIXES))}{hint}", file=sys.stderr)
        return 2 if shard == (1, 1) else 0
    own = destination / manifest.shard_name(*shard)
    records = {} if shard[1] == 1 else {job.source: known[job.source] for job in jobs if job.source in known}
    records = dict(known) if shard[1] == 1 else records
    with open(own, "a", encoding="utf-8", newline="\n") as log:
        if not lock(log):
            print(f"another conversion is writing to {own}", file=sys.stderr)
            return 2
        progress = Progress(len(jobs))
        for record in _run(jobs, destination, known, workers=workers, overwrite=overwrite, limits=limits):
            records[record.source] = record
            log.write(manifest.line(record))
            log.flush()
            progress.step(record)
    progress.close()
    manifest.write(own, records)
    for folder in {os.path.dirname(os.path.join(destination, job.output)) for job in jobs} | {os.fspath(destination)}:
        if os.path.isdir(folder):
            sync_folder(folder)
    done = [records[job.source] for job in jobs if job.source in records]
    converted = sum(record.status == "converted" for record in done)
    print(progress.summary(own), file=sys.stderr)
    if converted == len(jobs):
        return 0
    return 1 if converted else 2


def _run(
    jobs: list[Job], destination: Path, known: dict[str, Record], *, workers: int, overwrite: bool, limits: Limits
) -> Iterator[Record]:
    tasks = [
        (portion, os.fspath(destination), {job.source: known.get(job.source) for job in portion}, overwrite, limits)
        for portion in portions(jobs, workers)
    ]
    if workers == 1 or len(tasks) == 1:
        for task in tasks:
            yield from _batch(*task)
        return
    with worker_pool(workers) as pool:
        try:
            for records in pool.map(_batch, *zip(*tasks, strict=True)):
                yield from records
        except BrokenProcessPool:
            print(
                "a worker process was killed, perhaps because memory ran out; the same command continues from here",
                file=sys.stderr,
            )
        finally:
            # After Ctrl-C, tasks that have not started are dropped.
            pool.shutdown(wait=True, cancel_futures=True)


def _batch(
    jobs: list[Job], destination: str, known: dict[str, Record | None], overwrite: bool, limits: Limits
) -> list[Record]:
    done = (convert_file(job, destination, known[job.source], overwrite, limits) for job in jobs)
    with ThreadPoolExecutor(1) as flusher:
        flushed = [flusher.submit(_flush, group) for group in _groups(done)]
        return [record for group in flushed for record in group.result()]


def _groups(
    done: Iterable[tuple[Record, Partial | None]],
) -> Iterator[list[tuple[Record, Partial | None]]]:
    """Groups outputs to be flushed together. On an error, the outputs of an incomplete group are removed."""
    group: list[tuple[Record, Partial | None]] = []
    nbytes = 0
    try:
        for record, output in done:
            group.append((record, output))
            nbytes += record.size if output else 0
            if len(group) >= _GROUP or nbytes >= _GROUP_BYTES:
                whole, group, nbytes = group, [], 0
                yield whole
    except BaseException:
        for _, output in group:
            if output:
                output.abandon()
        raise
    yield group


def convert_file(
    job: Job, destination: str, before: Record | None, overwrite: bool, limits: Limits
) -> tuple[Record, Partial | None]:
    """Converts one file, unless it is already converted.

    Returns:
      The file's record, which holds once the output has reached the disk, and the output, if there is one.
    """
    record = Record(job.source, 0, 0, "", "refused", job.refused)
    if job.refused:
        return record, None
    try:
        status = os.stat(job.path)
        record = record._replace(size=status.st_size, mtime_ns=status.st_mtime_ns)
        if before is not None and not overwrite and _is_done(before, record, destination):
            return before, None
        return _convert(job, destination, record, overwrite, limits)
    except PickleError as error:
        reason = str(error)
    except MemoryError:
        reason = "not enough memory for the arrays"
    except OSError as error:
        reason = _failure(error)
    return record._replace(reason=reason), None


def _flush(group: list[tuple[Record, Partial | None]]) -> list[Record]:
    """Flushes outputs to disk; returns their records, marked as refused where that failed."""
    return [_finished(record, output) for record, output in group]


def _finished(record: Record, output: Partial | None) -> Record:
    try:
        if output is not None:
            output.finish()
    except OSError as error:
        return Record(record.source, record.size, record.mtime_ns, record.sha256, "refused", _failure(error))
    return record


def _failure(error: OSError) -> str:
    full = error.errno in _FULL
    return "no space left on the device" if full else f"{error.strerror}: {error.filename}"


def _is_done(before: Record, now: Record, destination: str) -> bool:
    unchanged = (before.size, before.mtime_ns) == (now.size, now.mtime_ns) and before.status == "converted"
    return unchanged and all(os.path.exists(os.path.join(destination, output)) for output in before.outputs)


def _convert(
    job: Job, destination: str, record: Record, overwrite: bool, limits: Limits
) -> tuple[Record, Partial | None]:
    output = os.path.join(destination, job.output)
    written_from = npz.source_of(output) if os.path.exists(output) else ""
    if written_from is None:
        return record._replace(reason=f"{job.output} exists and was not written by a conversion; move it"), None
    buffer, _ = open_bytes(job.path)
    digest = _digest(buffer)
    record = record._replace(sha256=digest, size=len(buffer))
    tree = reader.parse(buffer, limits, _same, verify=True)
    arrays = list(entries(tree, limits.unfolded(len(buffer))))
    members = [npz.member(entry) for entry in arrays]
    notes = {entry.name: entry.note for entry in arrays if entry.note}
    nan = {member.name: member.nan for member in members if member.nan}
    empty = tuple([entry.name for entry in arrays if 0 in entry.content.shape])
    file = None
    if overwrite or written_from != digest:
        folder = os.path.dirname(output)
        if not os.path.isdir(folder):
            os.makedirs(folder, exist_ok=True)
        with written(output) as file:
            npz.write(file, members, digest)
    give_back(buffer)
    return record._replace(status="converted", outputs=(job.output,), notes=notes, nan=nan, empty=empty), file


def _digest(content: memoryview) -> str:
    digest = hashlib.sha256()
    for piece in pieces(content):
        digest.update(piece)
    return digest.hexdigest()


def _same(view: View) -> View:
    return view

"""Converts a folder of pickles into a folder of `.npz` files: parallel, resumable, atomic, every file accounted for."""

import errno
import fcntl
import hashlib
import multiprocessing
import os
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import numpy as np

from signjax.pickles import containers, manifest, npz, plan
from signjax.pickles.atomic import Partial, sync_folder, written
from signjax.pickles.flatten import Entry, entries
from signjax.pickles.limits import Limits, PickleError
from signjax.pickles.manifest import Record
from signjax.pickles.progress import Progress
from signjax.pickles.source import give_back, open_bytes, pieces
from signjax.pickles.views import View
from signjax.pickles.workers import begin_worker

# In each worker. While the disk makes some files durable, which it does for many in the time that one takes, the next are read.
_FLUSHES = 4
_BATCH = 64  # files handed to a worker at once: enough that waiting for the last of them costs little


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
      destination: the folder for the outputs and the manifest; made if need be.
      recursive: look into folders inside of the source.
      workers: processes.
      overwrite: convert again what is unchanged, too. Files that no conversion wrote are never replaced.
      shard: (I, N): do only the I-th of N parts of the work.
      limits: bounds on what a file may cost.

    Returns:
      The exit status: 0 if all is converted, 1 if some files were refused, 2 if nothing could be done.
    """
    if not source.exists():
        print(f"{source}: no such file or folder", file=sys.stderr)
        return 2
    destination.mkdir(parents=True, exist_ok=True)
    known = manifest.read(destination)
    jobs = plan.jobs(source, destination, recursive, shard)
    if not jobs:
        hint = "" if recursive else "; --recursive looks into folders"
        print(f"{source}: no pickles here, by the suffixes {' '.join(sorted(plan.SUFFIXES))}{hint}", file=sys.stderr)
        return 2 if shard == (1, 1) else 0
    own = destination / manifest.shard_name(*shard)
    records = {} if shard[1] == 1 else {job.source: known[job.source] for job in jobs if job.source in known}
    records = dict(known) if shard[1] == 1 else records
    with open(own, "a", encoding="utf-8") as log:
        try:
            fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"another conversion is writing {own}", file=sys.stderr)
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
    jobs: list[plan.Job], destination: Path, known: dict[str, Record], *, workers: int, overwrite: bool, limits: Limits
) -> Iterator[Record]:
    size = min(_BATCH, -(-len(jobs) // workers))
    batches = [jobs[at : at + size] for at in range(0, len(jobs), size)]
    tasks = [
        (batch, os.fspath(destination), {job.source: known.get(job.source) for job in batch}, overwrite, limits)
        for batch in batches
    ]
    if workers == 1 or len(tasks) == 1:
        for task in tasks:
            yield from _batch(*task)
        return
    # Fresh processes: forking one that holds threads (of BLAS, of a caller) can hang.
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=begin_worker) as pool:
        try:
            for records in pool.map(_batch, *zip(*tasks, strict=True)):
                yield from records
        except BrokenProcessPool:
            print(
                "a worker was killed, perhaps for want of memory; the same command goes on from here", file=sys.stderr
            )
        finally:
            # After Ctrl-C, what has not begun is not done.
            pool.shutdown(wait=True, cancel_futures=True)


def _batch(
    jobs: list[plan.Job], destination: str, known: dict[str, Record | None], overwrite: bool, limits: Limits
) -> list[Record]:
    # Threads flush and nothing else: several that convert would wait for each other's Python.
    with ThreadPoolExecutor(_FLUSHES) as pool:
        under_way = [convert_file(job, destination, known[job.source], overwrite, limits, pool) for job in jobs]
        return [_finished(record, flush) for record, flush in under_way]


def convert_file(
    job: plan.Job, destination: str, before: Record | None, overwrite: bool, limits: Limits, pool: ThreadPoolExecutor
) -> tuple[Record, Future[None] | None]:
    """Converts one file, unless that has been done.

    Returns:
      The record of what becomes of it if the output reaches the disk, and what waits for that, if there is an output.
    """
    record = Record(job.source, 0, 0, "", "refused", job.refused)
    if job.refused:
        return record, None
    try:
        status = os.stat(job.path)
        record = record._replace(size=status.st_size, mtime_ns=status.st_mtime_ns)
        if before is not None and not overwrite and _is_done(before, record, destination):
            return before, None
        record, output = _convert(job, destination, record, overwrite, limits)
        return record, None if output is None else pool.submit(output.finish)
    except PickleError as error:
        reason = f"{error}. Nothing in the file was run."
    except MemoryError:
        reason = "not enough memory for the arrays"
    except OSError as error:
        reason = _failure(error)
    return record._replace(reason=reason), None


def _finished(record: Record, flush: "Future[None] | None") -> Record:
    """The record once its output is on the disk, or a refusal if it did not get there."""
    try:
        if flush is not None:
            flush.result()
    except OSError as error:
        return Record(record.source, record.size, record.mtime_ns, record.sha256, "refused", _failure(error))
    return record


def _failure(error: OSError) -> str:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return "no space left on the device" if full else f"{error.strerror}: {error.filename}"


def _is_done(before: Record, now: Record, destination: str) -> bool:
    unchanged = (before.size, before.mtime_ns) == (now.size, now.mtime_ns) and before.status == "converted"
    return unchanged and all(os.path.exists(os.path.join(destination, output)) for output in before.outputs)


def _convert(
    job: plan.Job, destination: str, record: Record, overwrite: bool, limits: Limits
) -> tuple[Record, Partial | None]:
    output = os.path.join(destination, job.output)
    written_from = npz.source_of(output) if os.path.exists(output) else ""
    if written_from is None:
        return record._replace(reason=f"{job.output} exists and was not written by a conversion; move it away"), None
    buffer, _ = open_bytes(job.path)
    digest = _digest(buffer)
    record = record._replace(sha256=digest, size=len(buffer))
    tree = containers.parse(buffer, limits, _same, verify=True)
    arrays = list(entries(tree))
    notes = {entry.name: entry.note for entry in arrays if entry.note}
    nan = {entry.name: count for entry in arrays if (count := _nan_count(entry))}
    empty = tuple(entry.name for entry in arrays if 0 in entry.content.shape)
    file = None
    if overwrite or written_from != digest:
        folder = os.path.dirname(output)
        if not os.path.isdir(folder):
            os.makedirs(folder, exist_ok=True)
        with written(output) as file:
            npz.write(file, arrays, digest)
    give_back(buffer)
    return record._replace(status="converted", outputs=(job.output,), notes=notes, nan=nan, empty=empty), file


def _digest(content: memoryview) -> str:
    digest = hashlib.sha256()
    for piece in pieces(content):
        digest.update(piece)
    return digest.hexdigest()


def _same(view: View) -> View:
    return view


def _nan_count(entry: Entry) -> int:
    if entry.content.dtype.kind not in "fc":
        return 0
    count = 0
    for chunk in npz.chunks(entry.content):
        values: np.ndarray[Any, Any] = np.frombuffer(chunk, entry.content.dtype)
        # The minimum of values with NaN among them is NaN, and much the fastest to find.
        if values.size and np.isnan(np.minimum.reduce(values)):
            count += int(np.isnan(values).sum())
    return count

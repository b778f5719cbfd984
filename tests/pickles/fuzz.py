"""Feeds the reader damaged files: every outcome has to be a tree or a `PickleError`, within bounds of time and memory.

    python -m tests.pickles.fuzz --inputs 1000000 --seed 1

Input number i of a seed is the same on every machine: a fixture or an attack, mutated; archives and packed files are
also mutated inside and packed again, so that checksums do not reject everything. A worker process reads
the inputs; one that dies, hangs or grows is named with the number of its input, and `--only I` reads that one alone.
"""

import argparse
import bz2
import gzip
import io
import multiprocessing
import random
import resource
import signal
import sys
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from multiprocessing.queues import SimpleQueue
from operator import methodcaller
from typing import Any

import numpy as np

from signjax.pickles import PickleError, reader
from signjax.pickles.conversion import npz
from signjax.pickles.flatten import entries
from signjax.pickles.limits import Limits
from signjax.pickles.strided_view import View
from tests.pickles import kinds
from tests.pickles.hostile import attacks, copies
from tests.pickles.truth import fixtures
from tests.pickles.usual import arrays, clips

_LONGEST = 64 << 10  # bytes of a seed file; larger attacks are about size, and make slow fuzzing
_HANG = 2.0  # seconds of the processor: a busy machine is not the reader's fault
_MEMORY = 64 << 20  # bytes in addition to 4 x the input
_LIMITS = (Limits(), Limits(skip_unknown=True))
_INTERESTING = (0, 1, 0x7F, 0x80, 0xFF, 0x28, 0x2E, 0x52, 0x62, 0x63, 0x93, 0x94, 0x71, 0x68, 0x51, 0x85, 0x86, 0x95)


def seeds() -> list[bytes]:
    """Files to start from: real ones three times, because slightly damaged files get further than attacks."""
    slow = {title for title, _, _ in copies()}  # these unfold to what the limits allow, and take as long each time
    files = 3 * ([path.read_bytes() for path, _ in fixtures()] + clips() + arrays()) + kinds.files()
    files += [content for title, content, _ in attacks() if title not in slow]
    return [content for content in files if len(content) <= _LONGEST]


def mutated(content: bytes, chance: random.Random, files: list[bytes]) -> bytes:
    """The content with one to five small changes."""
    data = bytearray(content)
    for _ in range(chance.choice((1, 1, 1, 1, 2, 5))):
        at = chance.randrange(len(data) + 1)
        size = chance.choice((1, 1, 2, 4, 8, 32))
        match chance.randrange(9):
            case 0:
                data[at : at + 1] = bytes([chance.choice(_INTERESTING)])
            case 1:
                data[at : at + 1] = bytes([chance.randrange(256)])
            case 2 if data:
                data[at - 1] ^= 1 << chance.randrange(8)
            case 3:
                del data[at : at + size]
            case 4:
                data[at:at] = data[at : at + size]
            case 5:
                del data[at:]
            case 6:
                data[at : at + size] = chance.choice((b"\0", b"\xff", b"\x7f", b"\x80")) * size
            case 7:
                other = chance.choice(files)
                start = chance.randrange(len(other))
                data[at:at] = other[start : start + 4 * size]
            case _:
                data[at:at] = bytes([chance.choice(_INTERESTING)]) * chance.choice((1, 1, 1, 40))
    return bytes(data)


def changed(content: bytes, chance: random.Random, files: list[bytes]) -> bytes:
    """The content mutated directly or, if it is packed, mutated inside and packed again."""
    if chance.random() < 0.7:
        if content.startswith(b"PK\x03\x04") and zipfile.is_zipfile(io.BytesIO(content)):
            return _rezipped(content, chance, files)
        if content.startswith(b"\x1f\x8b"):
            return _repacked(content, chance, files, zlib.decompressobj(31), lambda raw: gzip.compress(raw, 1))
        if content.startswith(b"BZh"):
            return _repacked(content, chance, files, bz2.BZ2Decompressor(), bz2.compress)
        if content.startswith(b"\x78"):
            return _repacked(content, chance, files, zlib.decompressobj(), zlib.compress)
    return mutated(content, chance, files)


def _repacked(
    content: bytes, chance: random.Random, files: list[bytes], unpacker: Any, pack: Callable[[bytes], bytes]
) -> bytes:
    try:
        inside = unpacker.decompress(content, _LONGEST)
    except (OSError, zlib.error):
        return mutated(content, chance, files)
    return pack(mutated(inside, chance, files)) if unpacker.eof else mutated(content, chance, files)


def _rezipped(content: bytes, chance: random.Random, files: list[bytes]) -> bytes:
    stream = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(stream, "w") as target:
            members = source.infolist()
            if sum(member.file_size for member in members) > _LONGEST:
                return mutated(content, chance, files)
            victim = chance.choice(
                [m.filename for m in members if m.filename.endswith("data.pkl")] + [chance.choice(members).filename]
            )
            for member in members:
                inside = source.read(member)
                if member.filename == victim:
                    inside = mutated(inside, chance, files)
                target.writestr(zipfile.ZipInfo(member.filename), inside, chance.choice((0, 0, 8)))
    except (zipfile.BadZipFile, RuntimeError, UserWarning, zlib.error, EOFError, OSError, ValueError, LookupError):
        return mutated(content, chance, files)
    return stream.getvalue()


def number(i: int, seed: int, files: list[bytes]) -> bytes:
    """Input number i."""
    chance = random.Random(f"{seed}/{i}")
    return changed(chance.choice(files), chance, files)


def read(content: bytes, i: int) -> str:
    """Reads one input in one of the possible ways, accesses every number of the result, and returns the outcome."""
    leaf: Callable[[View], Any] = (methodcaller("array"), lambda view: view)[i % 2]
    limits = _LIMITS[i // 2 % 2]
    try:
        tree = reader.parse(memoryview(content), limits, leaf, verify=True)
        if i % 2:
            npz.write(
                io.BytesIO(), [npz.member(entry) for entry in entries(tree, limits.unfolded(len(content)))], "0" * 64
            )
        else:
            _touch(tree)
    except PickleError:
        return "refused"
    return "read"


def _touch(tree: Any) -> None:
    if isinstance(tree, dict):
        tree = list(tree.values())
    if isinstance(tree, np.ndarray) and tree.dtype == object:
        tree = tree.ravel().tolist()
    if isinstance(tree, list | tuple):
        for item in tree:
            _touch(item)
    elif isinstance(tree, np.ndarray):
        tree.tobytes()


class Hang(BaseException):
    """An input took too long."""


def _hang(*_: Any) -> None:
    raise Hang


def work(first: int, last: int, seed: int, reports: "SimpleQueue[Any]") -> None:
    """Reads inputs first to last; reports (input, outcome) for each failure, and the counts at the end."""
    files = seeds()
    signal.signal(signal.SIGPROF, _hang)
    for i in range(200):  # what importing and the first files take is no growth
        read(files[i % len(files)], i)
    counts: Counter[str] = Counter()
    slowest, largest = (0.0, -1), 0
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for i in range(first, last):
        if i % 1000 == 0:
            reports.put((i, "at", None))
        content = number(i, seed, files)
        start = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, _HANG)
        try:
            outcome = read(content, i)
        except Hang:
            outcome = "hang"
        except BaseException as error:  # noqa: BLE001 -- whatever escapes is what is looked for
            outcome = f"escaped {type(error).__name__}: {error}"
        signal.setitimer(signal.ITIMER_PROF, 0)
        slowest = max(slowest, (time.process_time() - start, i))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        largest = max(largest, peak - base)
        if (peak - base) * 1024 > 4 * len(content) + _MEMORY:
            reports.put((i, "memory", (peak - base) * 1024))
            base = peak
        counts[outcome.split(" ")[0]] += 1
        if outcome not in ("read", "refused"):
            reports.put((i, outcome, None))
    reports.put((last, "done", (dict(counts), slowest, largest * 1024)))


def main() -> int:
    """Runs the inputs in a worker, and continues after an input that kills it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, metavar="I")
    chosen = parser.parse_args()
    if chosen.only is not None:
        print(read(number(chosen.only, chosen.seed, seeds()), chosen.only))
        return 0
    context = multiprocessing.get_context("spawn")
    total: Counter[str] = Counter()
    slowest, largest, first = (0.0, -1), 0, 0
    start = time.perf_counter()
    while first < chosen.inputs:
        reports = context.SimpleQueue()
        worker = context.Process(target=work, args=(first, min(first + 50_000, chosen.inputs), chosen.seed, reports))
        worker.start()
        at, done = first, False
        while not done and (worker.is_alive() or not reports.empty()):
            if reports.empty():
                time.sleep(0.05)
                continue
            at, what, more = reports.get()
            if what == "done":
                done = True
                total += Counter(more[0])
                slowest, largest = max(slowest, more[1]), max(largest, more[2])
            elif what != "at":
                print(f"input {at}: {what} {more or ''}", flush=True)
                total["memory"] += what == "memory"
        worker.join()
        if not done:
            print(f"inputs {at} to {at + 999}: the worker died with exit status {worker.exitcode}", flush=True)
            total["died"] += 1
        first = at if done else at + 1000
    seconds = time.perf_counter() - start
    print(f"seed {chosen.seed}, {chosen.inputs} inputs in {seconds:.0f} s: {dict(total)}")
    print(
        f"slowest {slowest[0]:.3f} s (input {slowest[1]}), memory grew by at most {largest / 2**20:.1f} MiB in a worker"
    )
    return int(bool(total.keys() - {"read", "refused"}))


if __name__ == "__main__":
    sys.exit(main())

"""Interrupts preparation at its file-system calls, at random moments and by errors, and checks what the next run produces.

python -m benchmarks.kill_preparation [--events 0] [--random 100] [--json FILE]

The data contain every kind of clip that is dropped: a class with one clip, an exact and a resampled copy across the given split,
clips that are rejected or too short, a name that occurs twice. An interrupted run is started again; every file of its dataset must
then equal that of an undisturbed run, byte for byte. `right` counts the interruptions after which they do, `wrong` those after
which they do not, and `stuck` those after which no run finishes.
"""

import argparse
import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from signjax.data.cleaning.clean import Cleaning
from signjax.data.preparation.prepare import Recipe, prepare
from signjax.data.splits.split import Rule
from signjax.data.synthetic.corpus import CorpusSize, write_corpus
from signjax.errors import InputError

# Calls that change a file or folder, or what a later process finds in it. The process is killed before each of them.
_CALLS = set("open write writev pwrite flush truncate ftruncate fsync close".split())  # noqa: SIM905
_CALLS |= {"mkdir", "rmdir", "unlink", "rename", "replace"}
_KILLED = -signal.SIGKILL


def write_source(path: Path, count: int, frames: int, channels: int) -> None:
    """Writes clips as an .npz for source `arrays`, including every kind of clip that is dropped."""
    rng = np.random.default_rng(0)
    clips = [
        (np.cumsum(rng.normal(size=(int(rng.integers(frames // 2, frames)), channels)), axis=0) + rng.normal(0, 30, channels))
        .astype(np.float32)
        for _ in range(count)
    ]  # fmt: skip
    labels = [f"sign {i % 5}" for i in range(count)]
    names = [f"clip {i:05d}" for i in range(count)]
    split = ["train" if i < 0.7 * count else "valid" if i < 0.85 * count else "test" for i in range(count)]
    labels[5], labels[count - 7] = "single", "alone"
    clips[11] = clips[count - 3].copy()
    original = clips[count - 4]
    position = np.linspace(0, len(original) - 1, round(0.8 * len(original)))
    clips[13] = np.stack([np.interp(position, np.arange(len(original)), column) for column in original.T], 1).astype(
        np.float32
    )
    clips[17] = clips[17].copy()
    clips[17][1, 0] = np.nan
    clips[19] = clips[19][:2]
    clips[23] = clips[23][:0]
    names[29] = names[2]
    np.savez(
        path,
        frames=np.concatenate(clips),
        offsets=np.cumsum([0, *map(len, clips)]),
        labels=np.array(labels),
        clips=np.array(names),
        split=np.array(split),
        signers=np.array([f"signer {i % 3}" for i in range(count)]),
    )


def recipe_of(path: Path) -> Recipe:
    """The recipe that prepares these clips to the end."""
    return Recipe(
        source="arrays", path=str(path), labels="", layout="auto", label_mode="column", heads=(), cleaning=Cleaning(),
        rule=Rule(split="column"), duplicates="drop", rare_classes="leave_out", strict=False, corpus=CorpusSize(2, 3, 1), seed=0,
    )  # fmt: skip


def stopping(recipe: Recipe) -> dict[str, Recipe]:
    """Recipes that stop after the clips have been read, each at a different error."""
    return {
        "a class with one clip": replace(recipe, rare_classes="stop"),
        "copies across the split": replace(recipe, duplicates="stop"),
        "signers across the split": replace(recipe, rule=Rule(split="auto")),
        "a clip that cannot be used": replace(recipe, strict=True),
        "too many folds": replace(recipe, rule=Rule(split="folds", folds=900)),
        "no such signer": replace(recipe, rule=Rule(split="leave_one_out", held_out="nobody")),
        "several of these": replace(recipe, rare_classes="stop", duplicates="stop", rule=Rule()),
    }


def content(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of a folder."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def _silent(_: str) -> None:
    pass


def in_child(work: Callable[[], object]) -> int:
    """Exit status of a forked process that does the work; negative where a signal ended it."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except InputError:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed_at(number: int, work: Callable[[], None]) -> Callable[[], None]:
    """Does the work in a process that is killed before the call with this number."""

    def run() -> None:
        left = number

        def watch(_frame: Any, event: str, called: Any) -> None:
            nonlocal left
            if event == "c_call" and called.__name__ in _CALLS:
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.setprofile(watch)
        work()
        sys.setprofile(None)

    return run


class Tally:
    """The number of interruptions of each kind, and their outcomes."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, int]] = {}

    def add(self, kind: str, outcome: str) -> None:
        """Counts an interruption."""
        row = self.rows.setdefault(kind, {"moments": 0, "right": 0, "wrong": 0, "stuck": 0})
        row["moments"] += 1
        row[outcome] += 1

    def print(self) -> None:
        """Prints the table."""
        print("| interrupted | interruptions | right | wrong | stuck |\n|---|---|---|---|---|")
        for kind, row in self.rows.items():
            print(f"| {kind} | {row['moments']} | {row['right']} | {row['wrong']} | {row['stuck']} |", flush=True)


def outcome(status: int, folder: Path, expected: dict[str, str]) -> str:
    """`right`, `wrong` or `stuck`: the state of the folder after the run that followed the interruption."""
    if status != 0 or not folder.is_dir():
        return "stuck"
    left = [folder.with_name(folder.name + suffix) for suffix in (".new", ".old", ".partial")]
    return "right" if content(folder) == expected and not any(path.exists() for path in left) else "wrong"


@dataclass(frozen=True)
class Case:
    """Work that is interrupted.

    Attributes:
      kind: its name in the table.
      before: prepares an empty folder.
      work: what is interrupted and then done again.
      result: the folder that the work creates.
    """

    kind: str
    before: Callable[[Path], None]
    work: Callable[[Path], None]
    result: str = "dataset"


def cases(source: Path, other: Path) -> list[Case]:
    """The cases; `source` and `other` are two files of clips."""
    recipe = recipe_of(source)

    def make(folder: Path) -> None:
        prepare(recipe, folder / "dataset", _silent)

    def make_other(folder: Path) -> None:
        prepare(recipe_of(other), folder / "dataset", _silent)

    def stop(folder: Path) -> None:
        for stopped in stopping(recipe).values():
            with contextlib.suppress(InputError):
                prepare(stopped, folder / "dataset", _silent)

    def corpus(seed: int) -> Callable[[Path], None]:
        return lambda folder: write_corpus(folder / "corpus", CorpusSize(2, 3, 1), seed, _silent)

    return [
        Case("preparing anew", lambda folder: None, make),
        Case("preparing after a stop at an error", stop, make),
        Case("replacing a dataset", make_other, make),
        Case("writing a corpus", lambda folder: None, corpus(0), "corpus"),
        Case("replacing a corpus", corpus(1), corpus(0), "corpus"),
    ]


def at_calls(tally: Tally, case: Case, most: int, expected: dict[str, str], scratch: Path) -> None:
    """Kills the work before each of its calls, or before `most` of them spread evenly (0: all), and does it again."""
    start, folder = scratch / "start", scratch / "run"
    start.mkdir()
    assert in_child(lambda: case.before(start)) == 0
    total = _calls_of(case, start, folder)
    numbers = range(total) if not most else np.unique(np.linspace(0, total - 1, most).astype(int)).tolist()
    for number in numbers:
        shutil.copytree(start, folder)
        status = in_child(killed_at(number, lambda: case.work(folder)))
        assert status in (_KILLED, 0), (
            f"{case.kind}: was not killed but ended with status {status}"
        )  # the last call may come earlier
        status = in_child(lambda: case.work(folder))
        tally.add(
            f"{case.kind}, before one of its {total} file-system calls", outcome(status, folder / case.result, expected)
        )
        shutil.rmtree(folder)
    shutil.rmtree(start)


def _calls_of(case: Case, start: Path, folder: Path) -> int:
    """The number of calls that the work makes, counted in a separate process."""
    shutil.copytree(start, folder)
    reading, writing = os.pipe()

    def count() -> None:
        calls = 0

        def watch(_frame: Any, event: str, called: Any) -> None:
            nonlocal calls
            calls += event == "c_call" and called.__name__ in _CALLS

        sys.setprofile(watch)
        case.work(folder)
        sys.setprofile(None)
        os.write(writing, str(calls).encode())

    status = in_child(count)
    os.close(writing)
    with os.fdopen(reading) as file:
        calls = int(file.read() or 0)
    assert status == 0 and calls, f"{case.kind}: an undisturbed run fails"
    shutil.rmtree(folder)
    return calls


def at_random(tally: Tally, case: Case, times: int, expected: dict[str, str], scratch: Path) -> None:
    """Kills the work at random moments within the time that it takes undisturbed, and does it again."""
    start, folder = scratch / "start", scratch / "run"
    start.mkdir()
    assert in_child(lambda: case.before(start)) == 0
    shutil.copytree(start, folder)
    began = time.monotonic()
    assert in_child(lambda: case.work(folder)) == 0
    takes = time.monotonic() - began
    shutil.rmtree(folder)
    chance = random.Random(0)
    for _ in range(times):
        shutil.copytree(start, folder)
        child = os.fork()
        if child == 0:
            case.work(folder)
            os._exit(0)
        time.sleep(chance.uniform(0, takes))
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        status = in_child(lambda: case.work(folder))
        tally.add(f"{case.kind}, at a random moment", outcome(status, folder / case.result, expected))
        shutil.rmtree(folder)
    shutil.rmtree(start)


def at_errors(tally: Tally, source: Path, expected: dict[str, str], scratch: Path) -> None:
    """Stops preparation with each error that can occur after reading, then prepares to the end."""
    recipe, folder = recipe_of(source), scratch / "run"
    for kind, stopped in stopping(recipe).items():
        status = in_child(partial(prepare, stopped, folder / "dataset", _silent))
        assert status == 1 and not (folder / "dataset").exists(), f"{kind}: did not stop"
        status = in_child(lambda: prepare(recipe, folder / "dataset", _silent))
        tally.add("preparing, stopped by an error", outcome(status, folder / "dataset", expected))
        shutil.rmtree(folder)


def main() -> None:
    """Runs all cases, prints the table and writes it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=0, help="calls per case at which the process is killed; 0: all")
    parser.add_argument("--random", type=int, default=100, help="random moments per case")
    parser.add_argument("--clips", type=int, default=48, help="number of clips to prepare")
    parser.add_argument("--json", type=Path, help="file for the rows")
    arguments = parser.parse_args()
    tally = Tally()
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        source, other = scratch / "source.npz", scratch / "other.npz"
        write_source(source, arguments.clips, 24, 5)
        write_source(other, arguments.clips + 6, 24, 5)
        undisturbed: dict[str, dict[str, str]] = {}
        for case in cases(source, other):
            if case.result not in undisturbed:
                assert in_child(partial(case.work, scratch / "whole")) == 0
                undisturbed[case.result] = content(scratch / "whole" / case.result)
            expected = undisturbed[case.result]
            at_calls(tally, case, arguments.events, expected, scratch)
            at_random(tally, case, arguments.random, expected, scratch)
        at_errors(tally, source, undisturbed["dataset"], scratch)
    tally.print()
    if arguments.json:
        arguments.json.write_text(json.dumps(tally.rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

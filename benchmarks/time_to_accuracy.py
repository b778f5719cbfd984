"""Seconds from the start of a process to its answers for the test clips, and their accuracy, in signjax and its alternatives.

    python -m benchmarks.time_to_accuracy --config=configs/libras.py --repeats=3 --json=time_to_accuracy.json \
        -- --config.data.path=libras.npz

What follows `--` is handed to `launch.py`. The data are prepared first; that is not counted. Each contestant is a process of its
own that loads its framework, reads the prepared data, compiles, learns from the same clips and answers for the same test clips:

- signjax: a whole run of `launch.py` in a folder without a model: both trainings where the run has two, the baselines, the fusion
  with the random-convolution classifier, and the report.
- network, PyTorch and network, Keras: one training of signjax's network by the run's recipe, with inputs that were computed
  before; no augmentation, no validation, no fusion (`benchmarks.peers.recipe`).
- MiniRocket and InceptionTime: those of aeon, with their default settings (`benchmarks.peers.aeon_classifiers`).

`--programs=warm` runs signjax and MiniRocket, which keep compiled programs, once more at the beginning, without counting it; with
`cold`, each run compiles all that it needs. A contestant whose packages are not installed is left out. A run must have one head.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.interleaved import Worker, chosen_device, print_conditions, print_table
from benchmarks.peers.aeon_classifiers import PEERS as AEON
from benchmarks.peers.aeon_classifiers import missing
from benchmarks.peers.finished_run import check_one_head, dataset_folder, open_run, read_summary
from benchmarks.peers.recipe import lacking
from benchmarks.startup import forget_training
from signjax.data.dataset import read_info
from signjax.runtime.jax_setup import cores

ROOT = Path(__file__).resolve().parent.parent

# name -> (what the worker builds, the packages that it needs)
PEERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "network, PyTorch": ("benchmarks.peers.torch_recipe:build", ("torch",)),
    "network, Keras": ("benchmarks.peers.keras_recipe:build", ("keras", "tensorflow")),
    **{
        name: ("benchmarks.peers.aeon_classifiers:build", AEON[name].packages)
        for name in ("MiniRocket", "InceptionTime")
    },
}
# Those that keep compiled programs between two processes.
_KEEPING = ("signjax", "MiniRocket")


class Answer(NamedTuple):
    """What a contestant achieved: seconds to the answers, top-1, version."""

    seconds: float
    top1: float
    version: str


def use_programs(folder: Path) -> None:
    """Makes jax and Numba keep their compiled programs in this folder."""
    os.environ["JAX_COMPILATION_CACHE_DIR"] = str(folder / "jax")
    os.environ["NUMBA_CACHE_DIR"] = str(folder / "numba")


class Contest:
    """A run folder with prepared data, in which signjax is trained and whose clips the peers are asked for."""

    def __init__(self, config: str, folder: Path, overrides: list[str], device: str):
        self.run = folder / "run"
        self._recipe = folder / "recipe.npz"
        self._command = [sys.executable, str(ROOT / "launch.py"), f"--config={config}", f"--workdir={self.run}"]
        self._command += overrides
        self._settings = {"run": str(self.run), "device": device, "threads": cores(), "recipe": str(self._recipe)}
        subprocess.run([*self._command, "--mode=prepare"], check=True, stdout=subprocess.DEVNULL)
        check_one_head(read_info(dataset_folder(self.run))["heads"])

    def signjax(self) -> Answer:
        forget_training(self.run)
        start = time.monotonic()
        subprocess.run(self._command, check=True, stdout=subprocess.DEVNULL)
        seconds = time.monotonic() - start
        summary = read_summary(self.run)
        (scores,) = summary["test"].values()
        return Answer(seconds, scores["top1"], f"jax {summary['environment']['versions']['jax']}")

    def peer(self, name: str) -> Answer:
        """After a run of signjax."""
        settings = self._settings | {"peer": name, "seed": read_summary(self.run)["environment"]["seed"]}
        if name.startswith("network") and not self._recipe.is_file():
            with Worker("benchmarks.peers.recipe:build", settings) as worker:
                _ = worker.facts
        start = time.monotonic()
        with Worker(PEERS[name][0], settings) as worker:
            facts = worker.facts
            return Answer(time.monotonic() - start, facts["top1"], facts["version"])

    def ask(self, name: str) -> Answer:
        print(f"{name} ...", flush=True)
        return self.signjax() if name == "signjax" else self.peer(name)


def entrants(peers: list[str], run: Path) -> list[str]:
    """signjax and the peers that can take part; prints why others cannot."""
    names = ["signjax"]
    for name in peers:
        hindrance = missing(PEERS[name][1]) or (lacking(run) if name.startswith("network") else "")
        if hindrance:
            print(f"{name} is left out: {hindrance}")
        else:
            names.append(name)
    return names


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", default=str(ROOT / "configs" / "base.py"))
    parser.add_argument("--peers", nargs="*", choices=list(PEERS), default=list(PEERS), help="default: all")
    parser.add_argument("--programs", choices=["cold", "warm"], default="cold", help="compiled programs at the start")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "gpu"], help="of the network in PyTorch")
    parser.add_argument("--json", type=Path, help="file for the rows")
    parser.add_argument("overrides", nargs="*", help="flags for launch.py, after --")
    arguments = parser.parse_args()
    print_conditions()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        contest = Contest(arguments.config, folder, arguments.overrides, chosen_device(arguments.device))
        names = entrants(arguments.peers, contest.run)
        use_programs(folder / "programs")
        if arguments.programs == "warm":
            for name in names:
                if name in _KEEPING:
                    contest.ask(name)
        answers: dict[str, list[Answer]] = {name: [] for name in names}
        for repeat in range(arguments.repeats):
            if arguments.programs == "cold":
                use_programs(folder / f"programs{repeat}")
            for name in names:  # in turn, so that a slow phase of the machine affects all of them
                answers[name].append(contest.ask(name))
        asked, summary = open_run(contest.run), read_summary(contest.run)
    rows: list[dict[str, Any]] = [
        {
            "name": name,
            "version": some[0].version,
            "data": summary["dataset"]["name"],
            "programs": arguments.programs if name in _KEEPING else None,
            "overrides": arguments.overrides,
            "train_clips": len(asked.train),
            "test_clips": len(asked.test),
            "top1": [answer.top1 for answer in some],
            "seconds": [answer.seconds for answer in some],
        }
        for name, some in answers.items()
    ]
    show(rows)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


def show(rows: list[dict[str, Any]]) -> None:
    """Prints the table; times are medians, accuracies means over the repeats."""
    first = rows[0]
    print(f"\n{first['data']}: {first['train_clips']} clips to learn from, {first['test_clips']} test clips")
    seconds = {row["name"]: statistics.median(row["seconds"]) for row in rows}
    table = [
        [
            row["name"],
            row["version"],
            f"{100 * statistics.mean(row['top1']):.1f}",
            f"{seconds[row['name']]:.1f}",
            f"{seconds[row['name']] / seconds[first['name']]:.2f}x",
            row["programs"] or "-",
        ]
        for row in rows
    ]
    print_table(["name", "version", "top-1", "s to the answers (median)", "to signjax", "programs"], table)


if __name__ == "__main__":
    main()

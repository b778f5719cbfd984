"""Classifiers of aeon on the clips of a finished run; see `benchmarks.accuracy` and `benchmarks.time_to_accuracy`.

They learn from the clips that the tested model learned from, as `random_convolution` sees them: standardised, of one length, with
zeros for parts not seen. All settings are aeon's defaults.

Shapes: N clips, F channels, L frames.
"""

import tempfile
import time
from contextlib import chdir
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.peers.finished_run import Asked, open_run
from benchmarks.worker import Job
from signjax.random_convolution.features import common_length, resample


class Peer(NamedTuple):
    """A classifier of aeon.

    Attributes:
      module: where it is, below `aeon.classification`.
      packages: those that it needs.
      parallel: whether it can be told how many cores to use.
    """

    module: str
    packages: tuple[str, ...]
    parallel: bool


PEERS = {
    "MiniRocket": Peer("convolution_based", ("aeon",), parallel=True),
    "MultiRocketHydra": Peer("convolution_based", ("aeon", "torch"), parallel=True),
    "QUANT": Peer("interval_based", ("aeon", "torch"), parallel=False),
    "InceptionTime": Peer("deep_learning", ("aeon", "tensorflow"), parallel=False),
}


def missing(packages: tuple[str, ...]) -> str:
    """Which of the packages are not installed, and how to install them; empty if all are."""
    absent = [package for package in packages if find_spec(package) is None]
    return f"{' and '.join(absent)} not installed (pip install -r benchmarks/requirements.txt)" if absent else ""


def series(asked: Asked, clips: np.ndarray, length: int) -> np.ndarray:
    """float32 (N, F, L): all channels of these clips, standardised, as aeon takes them."""
    return np.ascontiguousarray(resample(asked.dataset, clips, length).transpose(2, 0, 1))


def top1(classifier: Any, asked: Asked) -> float:
    """Trains a classifier with `fit` and `predict`; returns the share of test clips that it recognises."""
    length = common_length(asked.dataset, asked.train)
    classifier.fit(series(asked, asked.train, length), asked.labels[asked.train])
    answers = classifier.predict(series(asked, asked.test, length))
    return float(np.mean(answers == asked.labels[asked.test]))


def build(settings: dict[str, Any]) -> Job:
    """Trains and asks the classifier `peer` for the run in `run`; the facts hold the result."""
    name, asked = settings["peer"], open_run(Path(settings["run"]))
    peer = PEERS[name]
    kind = getattr(import_module(f"aeon.classification.{peer.module}"), f"{name}Classifier")
    cores = {"n_jobs": settings["threads"]} if peer.parallel else {}
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch, chdir(scratch):  # where InceptionTime leaves checkpoints
        share = top1(kind(random_state=settings["seed"], **cores), asked)
    version = f"aeon {import_module('aeon').__version__}"
    return Job({"top1": share, "seconds": time.perf_counter() - start, "version": version}, lambda _: None)

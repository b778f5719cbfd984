"""Estimates training at sizes that cannot be run here, from parts that can be measured.

    python -m benchmarks.at_scale [--step_ms=8.72 --batch=64]

Measured in this process: the rates at which clips are prepared and a checkpoint is written, and the bytes of state and gradient of
the base model. Given: the time of a step on one GPU (by default that of docs/performance.md) and the rates of networks. The rest
follows from the assumptions that are printed above the table. It is an estimate: nobody has run these sizes.
"""

import argparse
import json
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import jax
import numpy as np

from benchmarks.interleaved import print_conditions, print_table
from signjax.data.preparation.prepare import prepare
from signjax.pipeline import take_apart
from signjax.settings.base import get_config
from signjax.trainer import Trainer
from signjax.training.checkpoint import Checkpoints
from signjax.training.state import empty_like

_FRAMES, _CHANNELS = 96, 180  # of a prepared clip: three seconds of rotations of an upper body


@dataclass(frozen=True)
class Parts:
    """What was measured or given.

    Attributes:
      step: seconds of a step on one GPU, on its share of the batch.
      share: clips of a batch on one GPU.
      gradient: bytes that are added up over the GPUs in a step.
      state: bytes of a checkpoint.
      prepared: clips a second that one core prepares.
      written: bytes a second of a checkpoint.
    """

    step: float
    share: int
    gradient: int
    state: int
    prepared: float
    written: float


@dataclass(frozen=True)
class Cluster:
    """GPUs in machines of eight; rates in bytes a second of one GPU's link, latencies in seconds of one message."""

    gpus: int
    inside: float = 300e9
    between: float = 25e9
    latency: float = 10e-6


def all_reduce_seconds(size: int, cluster: Cluster) -> float:
    """A ring: each GPU sends and receives 2 (n - 1) / n of the bytes, in 2 (n - 1) messages; its slowest link decides."""
    n = cluster.gpus
    rate = cluster.inside if n <= 8 else cluster.between
    return 0.0 if n == 1 else 2 * (n - 1) / n * size / rate + 2 * (n - 1) * cluster.latency


def estimate(parts: Parts, cluster: Cluster, clips: int, cores: int) -> dict[str, float]:
    """The row of a table, in the units of its headings."""
    step = parts.step + all_reduce_seconds(parts.gradient, cluster)
    batch = parts.share * cluster.gpus
    epoch = clips / batch * step
    return {
        "GPUs": cluster.gpus,
        "batch": batch,
        "ms per step": 1e3 * step,
        "share of it adding up": (step - parts.step) / step,
        "clips/s": batch / step,
        "minutes per epoch": epoch / 60,
        "hours for 25 epochs": 25 * epoch / 3600,
        "GB sent per GPU and epoch": clips / batch * 2 * (cluster.gpus - 1) / cluster.gpus * parts.gradient / 1e9,
        "checkpoint, s": parts.state / parts.written,
        "GB of prepared data": clips * _FRAMES * _CHANNELS * 4 / 1e9,
        "hours to prepare": clips / (parts.prepared * cores) / 3600,
    }


def measured(step: float, share: int) -> Parts:
    """Prepares the built-in corpus and writes a checkpoint of the base model."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = get_config()
        config.data.workers = 1
        plans = take_apart(config)
        prepare(plans.recipe(folder), folder / "warm", lambda line: None)  # writes the corpus
        start = time.perf_counter()
        dataset = prepare(plans.recipe(folder), folder / "dataset", lambda line: None)
        prepared = len(dataset) / (time.perf_counter() - start)
        trainer = Trainer(plans.training, dataset)
        state = empty_like(trainer.shapes)
        size = sum(leaf.nbytes for leaf in jax.tree.leaves(state))
        gradient = sum(leaf.nbytes for leaf in jax.tree.leaves(state.params))
        seconds = []
        with Checkpoints(folder / "checkpoints") as checkpoints:
            for at in range(5):
                start = time.perf_counter()
                checkpoints.save(state.replace(step=np.int32(at)), {"selected_step": at})
                checkpoints.wait()
                seconds.append(time.perf_counter() - start)
    return Parts(step, share, gradient, size, prepared, size / float(np.median(seconds)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--step_ms", type=float, default=8.72, help="of one GPU, on its share of the batch")
    parser.add_argument("--batch", type=int, default=64, help="clips of that share")
    parser.add_argument("--clips", type=int, default=1_000_000)
    parser.add_argument("--cores", type=int, default=32, help="that prepare the data")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    print_conditions()
    parts = measured(arguments.step_ms / 1e3, arguments.batch)
    print(
        f"measured: {parts.prepared:.0f} clips/s prepared by a core, gradient {parts.gradient / 1e6:.1f} MB, "
        f"state {parts.state / 1e6:.1f} MB, checkpoints at {parts.written / 1e6:.0f} MB/s; "
        f"given: {arguments.step_ms} ms for {arguments.batch} clips on a GPU"
    )
    clusters = [Cluster(gpus) for gpus in (1, 8, 64)]
    inside, between = (f"{rate / 1e9:.0f} GB/s" for rate in (clusters[0].inside, clusters[0].between))
    print(
        f"assumed: {inside} within a machine of 8 GPUs, {between} between machines, {1e6 * clusters[0].latency:.0f} us a message, "
        f"nothing overlapped; {_FRAMES} frames of {_CHANNELS} values a clip; {arguments.cores} cores prepare"
    )
    rows = [estimate(parts, cluster, arguments.clips, arguments.cores) for cluster in clusters]
    print_table(
        list(rows[0]), [[f"{value:.3g}" if value < 1e5 else f"{value:.0f}" for value in row.values()] for row in rows]
    )
    if arguments.json:
        arguments.json.write_text(json.dumps({"parts": asdict(parts), "rows": rows}, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

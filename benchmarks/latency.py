"""How long a single prediction takes, and a frame that is added to a stream.

    python -m benchmarks.latency runs/first --onnx=exported/model.onnx --json=latency.json

Measured on one CPU core and on all, each in its own process, after everything is compiled: `predict` of one clip, and what
it consists of (cleaning, network, random-convolution classifier); the network in onnxruntime, where an ONNX file that
`signjax export` wrote is given; and `push` of a stream, for frames after which nothing is predicted and for those after which
something is. The clips are test clips of the run, as their source has them.

Wall-clock time is what a user waits, but on a busy machine it is mostly spent on the work of others. Processor time is this
program's own; other work slows that too, by what it takes of caches and memory, so the least of all calls is shown as well.
`compiled` is the number of programs that were compiled while measuring, which must be 0.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.interleaved import ROOT, print_conditions, print_table
from benchmarks.peers.finished_run import dataset_folder
from benchmarks.streams import recorded
from signjax.runtime.jax_setup import cores

_CLIPS = 40


class Times(NamedTuple):
    """Milliseconds of each call."""

    wall: list[float]
    processor: list[float]

    def call(self, function: Callable[[], object]) -> None:
        """Calls a function and adds its times."""
        wall, processor = time.perf_counter(), time.process_time()
        function()
        processor_end, wall_end = time.process_time(), time.perf_counter()
        self.wall.append(1e3 * (wall_end - wall))
        self.processor.append(1e3 * (processor_end - processor))

    def row(self, case: str) -> dict[str, Any]:
        """The row of a case."""
        percentiles = {
            f"{name}_p{rank}": np.percentile(values, rank)
            for name, values in self._asdict().items()
            for rank in (0, 50, 99)
        }
        return {"case": case, "calls": len(self.wall), **percentiles}


def calls(case: str, function: Callable[[Any], object], given: Iterable[Any]) -> dict[str, Any]:
    """The row of a function that is called with each of the arguments."""
    times = Times([], [])
    for one in given:
        times.call(lambda one=one: function(one))  # type: ignore[misc]
    return times.row(case)


def pushes(case: str, model: Any, hop: int | None, frames: Iterable[np.ndarray]) -> Iterator[dict[str, Any]]:
    """The rows of a stream: frames without a prediction, and frames with one or several."""
    stream = model.stream(hop=hop, reject=None)
    predicted, name = 0, stream.name

    def counted(*arguments: Any) -> Any:
        nonlocal predicted
        predicted += 1
        return name(*arguments)

    stream.name = counted
    quiet, busy = Times([], []), Times([], [])
    for frame in frames:
        before, times = predicted, Times([], [])
        times.call(lambda frame=frame: stream.push(frame))  # type: ignore[misc]
        kept = busy if predicted > before else quiet
        kept.wall.extend(times.wall)
        kept.processor.extend(times.processor)
    yield quiet.row(f"push, {case}: no prediction")
    yield busy.row(f"push, {case}: with {predicted / len(busy.wall):.1f} predictions")


def rows_of(run: Path, onnx: Path | None, repeats: int) -> Iterator[dict[str, Any]]:
    """The rows of this process."""
    import signjax
    from signjax.data.batching.collate import collate
    from signjax.data.batching.epoch_plan import assign_buckets
    from signjax.data.cleaning.clean import clean
    from signjax.data.clip import Clip, ClipInfo
    from signjax.data.dataset import in_memory, open_dataset
    from signjax.prediction.streaming import warm_up
    from signjax.runtime.compile_counter import compilations

    model, dataset = signjax.load(run), open_dataset(dataset_folder(run))
    spec, fusion, one = model.spec, model.fusion, np.arange(1)
    clips = [clip.frames for clip in recorded(model, dataset, next(iter(model.heads)))[:_CLIPS]]
    cleaned = [
        Clip(ClipInfo(""), np.array(dataset.frames(i)), np.array(dataset.validity(i)))
        for i in dataset.indices("test")[:_CLIPS]
    ]
    stored = [in_memory([clip], spec.layout, spec.heads, spec.statistics) for clip in cleaned]
    batches = [collate(some, one, 1, int(assign_buckets(some.lengths, spec.buckets)[0])) for some in stored]
    raw = [Clip(ClipInfo(""), frames) for frames in clips]
    warm_up(model)
    for frames in clips:
        model.predict(frames)
    before = compilations()
    yield calls("prediction of a clip", model.predict, clips * repeats)
    yield calls("- cleaning", lambda clip: clean(clip, model.layout, spec.cleaning), raw * repeats)
    yield calls("- network", model.answer, batches * repeats)
    if fusion is not None:
        yield calls(
            "- random convolution", lambda some: fusion.classifier.log_probabilities(some, one), stored * repeats
        )
    if onnx is not None:
        onnxruntime: Any = import_module("onnxruntime")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = cores()
        session = onnxruntime.InferenceSession(str(onnx), options, providers=["CPUExecutionProvider"])
        padded = session.get_inputs()[0].shape[1]  # the graph pads all clips to one length
        given = [collate(some, one, 1, padded) for some in stored]
        feeds = [{"frames": batch.frames, "lengths": batch.length, "valid": batch.valid} for batch in given]
        yield calls("network in onnxruntime", lambda feed: session.run(None, feed), feeds * repeats)
    recording = [frame for clip in clips for frame in clip]
    yield from pushes("movement", model, None, recording * repeats)
    yield from pushes("hop 8", model, 8, recording)
    yield {"compiled": compilations() - before}


def measured(arguments: argparse.Namespace, used: int) -> list[dict[str, Any]]:
    """The rows measured in a process that may use this many cores."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.latency",
        str(arguments.run),
        f"--repeats={arguments.repeats}",
        f"--only={used}",
    ]
    command += [f"--onnx={arguments.onnx}"] if arguments.onnx else []
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"measuring on {used} cores failed with exit status {done.returncode}")
    return [{"cores": used, **json.loads(line)} for line in done.stdout.splitlines() if line.startswith("{")]


def cells(row: dict[str, Any]) -> list[str]:
    """The cells of a row."""
    columns = ("wall_p50", "wall_p99", "processor_p50", "processor_p99", "processor_p0")
    times = [row[column] for column in columns]
    return [
        row["case"],
        str(row["cores"]),
        *(f"{value:.2f}" if value >= 0.1 else f"{value:.3f}" for value in times),
        str(row["calls"]),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of a run with its data")
    parser.add_argument("--onnx", type=Path, help="the network as an ONNX file of `signjax export`")
    parser.add_argument("--repeats", type=int, default=5, help=f"calls for each of {_CLIPS} clips")
    parser.add_argument("--json", type=Path, help="file for the rows")
    parser.add_argument("--only", type=int, default=0, help=argparse.SUPPRESS)  # what `measured` starts
    arguments = parser.parse_args()
    arguments.run, arguments.onnx = arguments.run.resolve(), arguments.onnx and arguments.onnx.resolve()
    if arguments.only:
        if hasattr(os, "sched_setaffinity"):  # before anything counts the cores
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: arguments.only])
        for row in rows_of(arguments.run, arguments.onnx, arguments.repeats):
            print(json.dumps(row), flush=True)
        return
    print_conditions()
    rows = [row for used in sorted({1, cores()}) for row in measured(arguments, used)]
    header = ["", "cores", "wall ms p50", "p99", "processor ms p50", "p99", "least", "calls"]
    print_table(header, [cells(row) for row in rows if "case" in row])
    print(f"compiled while measuring: {sum(row.get('compiled', 0) for row in rows)}")
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

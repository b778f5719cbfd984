"""Where the time of a training step of signjax goes, as a percentage per layer.

    python -m benchmarks.profile_step --batches 16 64 --json=profile.json

jax's profiler records when each operation of the compiled step begins and ends; the compiled program says which layer it belongs
to. Time in which several operations run is divided evenly among them. Time in which no operation runs, or only a loop is open, is
the overhead of the runtime: starting operations and iterating loops.
"""

import argparse
import json
import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jax
from jax.profiler import ProfileData

from benchmarks.interleaved import print_conditions, print_table
from benchmarks.peers.signjax_step import compiled, forever, made_up_trainer
from signjax.training.state import TrainState

# The first pattern that matches the path of modules and functions of an operation names its layer.
LAYERS = (
    ("dropout", r"Dropout|/dropout"),
    ("LSTM", r"/lstm/"),
    ("GRU", r"/gru/"),
    ("attention", r"/attention"),
    ("augmentation, inputs", r"/augment/|/inputs/"),
    ("optimizer, average", r"/optimizer/|/average/"),
    ("norms and their activations", r"_norm/|/norm/|gelu"),
    ("convolutions", r"/stage\d|halve_time"),
    ("stem, fusion, head", r"/stem|/fusion|/head"),
    ("pooling", r"/pool"),
    ("network, other", r"Hybrid"),
    ("gathering, loss, metrics", r""),
)
OVERHEAD = "loops and dispatch"

Interval = tuple[float, float, str]


def layer_of(path: str) -> str:
    """The layer that an operation belongs to."""
    return next(name for name, pattern in LAYERS if re.search(pattern, path))


def origins(program: str) -> dict[str, str]:
    """Operation -> the path of modules and functions it came from.

    The compiler inserts copies and rewrites convolutions without recording their origin: they get the path of the first operation
    that reads their result, or else of the first operation that they read.
    """
    found: dict[str, str] = {}
    reads: dict[str, list[str]] = {}
    read_by: dict[str, list[str]] = {}
    for line in program.splitlines():
        match = re.match(r"\s*(?:ROOT )?%([\w.\-]+) = (.*)", line)
        if not match:
            continue
        name, rest = match.groups()
        path = re.search(r'op_name="([^"]*)"', rest)
        if path:
            found[name] = path[1]
        reads[name] = re.findall(r"%([\w.\-]+)", rest.split("metadata=")[0])
        for operand in reads[name]:
            read_by.setdefault(operand, []).append(name)
    missing = [name for name in reads if name not in found]
    while missing:
        known = {
            name: [found[other] for other in read_by.get(name, []) + reads[name] if other in found] for name in missing
        }
        found |= {name: near[0] for name, near in known.items() if near}
        still = [name for name in missing if name not in found]
        if len(still) == len(missing):
            break
        missing = still
    return found


def intervals(trace: Path) -> list[Interval]:
    """(start, end, operation) of everything that the profiler recorded, in nanoseconds."""
    (file,) = trace.rglob("*.xplane.pb")
    started: dict[int, tuple[float, float, str]] = {}
    ended: dict[int, float] = {}
    for plane in ProfileData.from_file(str(file)).planes:
        for line in plane.lines:
            for event in line.events:
                facts = dict(event.stats)
                if "hlo_op" in facts:
                    key = facts.get("_p", -len(started))
                    started[key] = (event.start_ns, event.start_ns + event.duration_ns, event.name)
                elif event.name.startswith("end: "):
                    ended[facts["_c"]] = event.start_ns + event.duration_ns
    # An operation that is passed to a thread pool returns immediately; it is finished at its `end`.
    return [(start, max(end, ended.get(key, end)), name) for key, (start, end, name) in started.items()]


def shares(events: Iterable[Interval], layers: dict[str, str]) -> dict[str, float]:
    """Nanoseconds of wall time per layer."""
    edges = sorted(
        [(start, 1, name) for start, _, name in events] + [(end, -1, name) for _, end, name in events],
        key=lambda edge: (edge[0], edge[1]),
    )
    spent: dict[str, float] = defaultdict(float)
    running: Counter[str] = Counter()
    before = edges[0][0]
    for at, change, name in edges:
        busy = [(layers[key], count) for key, count in running.items() if count and layers[key] != OVERHEAD]
        total = sum(count for _, count in busy)
        for layer, count in busy:
            spent[layer] += (at - before) * count / total
        if not total:
            spent[OVERHEAD] += at - before
        running[name] += change
        before = at
    return spent


def profile(batch: int, frames: int, steps: int) -> dict[str, Any]:
    """One row: milliseconds per layer and step."""
    trainer = made_up_trainer({"batch": batch, "frames": frames, "precision": "float32"})
    state, feed = trainer.fresh_state(), forever(trainer)
    came_from = origins(compiled(trainer, state).as_text())

    def run(state: TrainState, count: int) -> TrainState:
        done = 0
        while done < count:
            work, some = next(feed)
            state, metrics = trainer.dispatch(state, work)
            done += some
        jax.block_until_ready(metrics)
        return state

    state = run(state, 3)
    with tempfile.TemporaryDirectory() as folder:
        with jax.profiler.trace(folder):
            run(state, steps)
        events = intervals(Path(folder))
    loops = re.compile(r"while|call|conditional|tuple")
    layers = {
        name: OVERHEAD if loops.match(name) else layer_of(came_from.get(name, ""))
        for name in {event[2] for event in events}
    }
    spent = shares(events, layers)
    total = sum(spent.values())
    return {
        "name": "signjax",
        "batch": batch,
        "frames": frames,
        "precision": "float32",
        "clips_per_second": batch * steps / (total / 1e9),
        "milliseconds": {name: value / steps / 1e6 for name, value in spent.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, nargs="+", default=[16, 64])
    parser.add_argument("--frames", type=int, default=128)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--json", type=Path, help="file for the rows")
    arguments = parser.parse_args()
    print_conditions()
    # A program from the cache may carry the operation names of an older version of the code.
    jax.config.update("jax_enable_compilation_cache", False)
    rows = [profile(batch, arguments.frames, arguments.steps) for batch in arguments.batches]
    names = [name for name, _ in LAYERS] + [OVERHEAD]
    header = ["layer"] + [f"batch {row['batch']}: ms, %" for row in rows]
    totals = [sum(row["milliseconds"].values()) for row in rows]
    table = []
    for name in sorted(names, key=lambda name: -rows[-1]["milliseconds"].get(name, 0.0)):
        values = [row["milliseconds"].get(name, 0.0) for row in rows]
        if any(values):
            cells = [f"{value:.1f}, {100 * value / total:.0f} %" for value, total in zip(values, totals, strict=True)]
            table.append([name, *cells])
    print_table(header, [*table, ["all (profiled)", *(f"{total:.1f}" for total in totals)]])
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

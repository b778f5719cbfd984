"""Time and memory of a training step against frames, batch, hidden units and clips in the dataset.

    python -m benchmarks.growth --json=growth.json

Each size runs in its own process. `growth` is the exponent between a row and the row above it: 1 if the figure doubles with the
size, 0 if it does not change. The memory of a step is what the compiled program requests: the dataset, the state, a batch, and
everything kept for the backward pass. The peak is that of the process (on a GPU: of the device) while steps run; the interpreter,
jax and the compiler contribute a constant share to it.
"""

import argparse
import json
import math
import statistics
from itertools import pairwise
from typing import Any

from benchmarks.interleaved import Worker, add_common_arguments, chosen_device, print_conditions, print_table

_BASE: dict[str, Any] = {"batch": 16, "frames": 128}
_AXES: dict[str, list[dict[str, Any]]] = {
    "frames": [{"frames": size} for size in (64, 128, 256, 512, 1024)],
    "batch": [{"batch": size} for size in (8, 16, 32, 64, 128, 256)],
    "units": [{"keys": {"model.units": size}} for size in (48, 96, 192, 384)],
    # Few channels and frames, so that the memory depends on the number of clips.
    "clips": [{"clips": size, "frames": 64, "channels": 8} for size in (1000, 10_000, 100_000)],
}


def size_of(axis: str, changes: dict[str, Any]) -> int:
    """The value that an axis varies."""
    return int(changes["keys"]["model.units"] if axis == "units" else changes[axis])


def point(axis: str, changes: dict[str, Any], settings: dict[str, Any], repeats: int, steps: int) -> dict[str, Any]:
    """One row for an axis."""
    chosen = {**settings, **_BASE, **changes, "analysed": True}
    with Worker("benchmarks.peers.signjax_step:build", chosen) as worker:
        answers = [worker.run(steps) for _ in range(repeats)]
    seconds = statistics.median(seconds for seconds, _ in answers) / steps
    peaks = [peak for _, peak in answers if peak is not None]
    return {
        "name": f"signjax, {axis}",
        "size": size_of(axis, changes),
        "batch": chosen["batch"],
        "frames": chosen["frames"],
        "precision": chosen["precision"],
        "device": chosen["device"],
        "clips_per_second": chosen["batch"] / seconds,
        "milliseconds": 1e3 * seconds,
        "peak_mib": max(peaks) / 2**20 if peaks else None,
        "step_mib": worker.facts["step_bytes"] / 2**20,
    }


def growth(rows: list[dict[str, Any]], key: str) -> list[str]:
    """The exponents between consecutive rows."""
    return ["-"] + [
        f"{math.log(after[key] / before[key]) / math.log(after['size'] / before['size']):.2f}"
        for before, after in pairwise(rows)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--axes", nargs="+", default=list(_AXES), choices=list(_AXES))
    parser.add_argument("--steps", type=int, default=5, help="steps a repeat")
    add_common_arguments(parser)
    parser.set_defaults(repeats=5)
    arguments = parser.parse_args()
    print_conditions()
    rows = []
    for precision in arguments.precisions:
        settings = {
            "precision": precision,
            "device": chosen_device(arguments.device),
            "threads": arguments.threads,
        }
        for axis in arguments.axes:
            some = [point(axis, changes, settings, arguments.repeats, arguments.steps) for changes in _AXES[axis]]
            fixed = ", ".join(f"{name} {value}" for name, value in _BASE.items() if name != axis)
            print(f"\n{axis} ({'8 channels, 64 frames, batch 16' if axis == 'clips' else fixed}; {precision})")
            table = [
                [
                    str(row["size"]),
                    f"{row['milliseconds']:.1f}",
                    time_growth,
                    f"{row['step_mib']:.0f}",
                    step_growth,
                    "-" if row["peak_mib"] is None else f"{row['peak_mib']:.0f}",
                ]
                for row, time_growth, step_growth in zip(
                    some, growth(some, "milliseconds"), growth(some, "step_mib"), strict=True
                )
            ]
            print_table([axis, "ms per step", "growth", "memory of the step, MiB", "growth", "peak, MiB"], table)
            rows += some
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

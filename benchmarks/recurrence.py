"""Forward and backward pass of a bidirectional LSTM and GRU: signjax, Flax and PyTorch, in one run.

    python -m benchmarks.recurrence --json=recurrence.json

The gradients of all weights and of the inputs are computed. Flax's layers are `nn.Bidirectional(nn.RNN(...))` with
`OptimizedLSTMCell` or `GRUCell` and lengths; PyTorch's are `nn.LSTM` and `nn.GRU` on whole clips, without lengths.

signjax runs as in training: the clips are divided among the devices, and each CPU core is a device. Flax runs in the same way and
also on one device with all cores; the faster of the two is compared.
"""

import argparse
import json
import statistics
from collections.abc import Sequence
from typing import Any

from benchmarks.interleaved import (
    add_common_arguments,
    chosen_device,
    measure,
    print_conditions,
    print_table,
    spread,
    started,
)

# Clips, frames, features in, hidden units per direction.
_SIZES = [(16, 64, 192, 128), (64, 64, 192, 128), (16, 128, 192, 256), (64, 128, 192, 256)]
# name -> (what the worker builds, its settings); `shared`: whether the clips are divided among the devices
_PEERS: dict[str, tuple[str, dict[str, Any]]] = {
    "signjax": ("signjax", {"shared": True}),
    "signjax, scans": ("signjax", {"shared": True, "scans": True}),
    "flax": ("flax", {"shared": False}),
    "flax, shared": ("flax", {"shared": True}),
    "torch": ("torch", {"shared": False}),
}
# Those of the table that this module prints; on a GPU signjax runs its fused kernels.
_COMPARED = ("signjax", "flax", "flax, shared", "torch")


def settings_of(cell: str, size: Sequence[int], precision: str, device: str, threads: int) -> dict[str, Any]:
    """The settings of a comparison; `size` is clips, frames, features and units."""
    batch, frames, features, units = size
    return {
        "cell": cell,
        "batch": batch,
        "frames": frames,
        "features": features,
        "units": units,
        "precision": precision,
        "device": device,
        "threads": threads,
    }


def compare(
    settings: dict[str, Any],
    repeats: int,
    count: int,
    peers: Sequence[str] = _COMPARED,
    failures: dict[str, str] | None = None,
) -> list[dict[str, Any]]:
    """One row per framework, for one cell and size; with `failures` as in `measure`, for those that did not fail."""
    jobs = {
        name: (f"benchmarks.peers.recurrence:build_{_PEERS[name][0]}", {**settings, **_PEERS[name][1]})
        for name in peers
    }
    with started(jobs) as workers:
        seconds = measure(workers, repeats, count, failures=failures)
        return [
            {
                "name": f"{settings['cell']} {name}",
                **settings,
                "clips_per_second": settings["batch"] / statistics.median(seconds[name]),
                "milliseconds": 1e3 * statistics.median(seconds[name]),
                "spread": spread(seconds[name]),
                **worker.facts,
            }
            for name, worker in workers.items()
            if name in seconds
        ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, nargs=4, action="append", metavar=("CLIPS", "FRAMES", "D", "H"))
    parser.add_argument("--cells", nargs="+", default=["lstm", "gru"], choices=["lstm", "gru"])
    parser.add_argument("--count", type=int, default=5, help="gradients a repeat")
    add_common_arguments(parser)
    arguments = parser.parse_args()
    print_conditions()
    rows: list[dict[str, Any]] = []
    table = []
    for precision in arguments.precisions:
        for cell in arguments.cells:
            for size in arguments.size or _SIZES:
                settings = settings_of(cell, size, precision, chosen_device(arguments.device), arguments.threads)
                some = compare(settings, arguments.repeats, arguments.count)
                rows += some
                ours, *flax, torch = (row["milliseconds"] for row in some)
                cells = [f"{row['milliseconds']:.{1 if ours > 20 else 2}f} ({row['spread']})" for row in some]
                shown = ", ".join(map(str, size))
                table.append([cell, precision, shown, *cells, f"{min(flax) / ours:.2f}x", f"{torch / ours:.2f}x"])
                print(f"{cell} {precision} ({shown}): {', '.join(cells)}", flush=True)
    header = [
        "cell",
        "precision",
        "clips, frames, D, H",
        "signjax, ms (quartiles)",
        "flax, ms",
        "flax, shared, ms",
        "torch, ms",
    ]
    print_table([*header, "best flax / signjax", "torch / signjax"], table)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

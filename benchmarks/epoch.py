"""A whole training epoch on real clips, data handling and augmentation included, in signjax, PyTorch and Keras, in one run.

    python -m benchmarks.epoch --data=auslan.npz --frames=128 --batches 16 64 --json=epoch.json

All train the base model on the same training clips with the same augmentations, which NumPy computes in PyTorch's `collate_fn` and
in Keras's `PyDataset`. `padded` pads every clip to `--frames`; `bucketed` groups clips of similar length and pads to the longest
in each batch. The peers use no masks. The first epoch, which compiles, is not counted.
"""

import argparse
import json
import statistics
import tempfile
from pathlib import Path
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
from configs.base import get_config
from signjax.data.preparation.prepare import prepare
from signjax.data.workers import Workers
from signjax.settings.plans import take_apart

# name -> (what the worker builds, its own settings)
PEERS: dict[str, tuple[str, dict[str, Any]]] = {
    "signjax": ("benchmarks.peers.signjax_epoch:build", {}),
    "torch padded": ("benchmarks.peers.torch_epoch:build", {"bucketed": False, "compiled": False}),
    "torch.compile padded": ("benchmarks.peers.torch_epoch:build", {"bucketed": False, "compiled": True}),
    "keras padded": ("benchmarks.peers.keras_epoch:build", {"compiled": False}),
    "torch bucketed": ("benchmarks.peers.torch_epoch:build", {"bucketed": True, "compiled": False}),
}


def prepared(data: Path, folder: Path) -> Path:
    """The dataset folder that all peers read."""
    config = get_config()
    config.data.source, config.data.path = "arrays", str(data)
    plans = take_apart(config)
    with Workers(plans.workers) as workers:
        prepare(plans.recipe(folder), folder / "dataset", print, workers)
    return folder / "dataset"


def compare(peers: list[str], settings: dict[str, Any], repeats: int) -> list[dict[str, Any]]:
    """One row per peer, for one batch size and precision."""
    with started({name: (PEERS[name][0], {**settings, **PEERS[name][1]}) for name in peers}) as workers:
        seconds = measure(workers, repeats, 1, warm=False)
        return [
            {
                "name": name,
                "batch": settings["batch"],
                "frames": settings["frames"],
                "precision": settings["precision"],
                "device": settings["device"],
                "clips_per_second": worker.facts["clips"] / statistics.median(seconds[name]),
                "seconds": statistics.median(seconds[name]),
                "spread": spread(seconds[name]),
                **worker.facts,
            }
            for name, worker in workers.items()
        ]


def show(rows: list[dict[str, Any]]) -> None:
    """Prints the table for one batch size and precision."""
    first = rows[0]
    print(f"\nbatch {first['batch']}, padded to {first['frames']} frames, {first['precision']}")
    table = [
        [
            row["name"],
            row["version"],
            f"{row['parameters']:,}",
            str(row["clips"]),
            f"{row['seconds']:.1f}",
            row["spread"],
            f"{row['clips_per_second']:.1f}",
            f"{first['clips_per_second'] / row['clips_per_second']:.2f}x",
        ]
        for row in rows
    ]
    header = ["name", "version", "parameters", "clips", "s per epoch (median)", "quartiles, ms", "clips/s"]
    print_table([*header, f"{first['name']} is faster by"], table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help=".npz of the source `arrays`")
    parser.add_argument("--batches", type=int, nargs="+", default=[16, 64])
    parser.add_argument(
        "--frames", type=int, default=128, help="data.max_frames for signjax; the length the others pad to"
    )
    parser.add_argument("--loaders", type=int, default=0, help="worker processes of PyTorch's DataLoader")
    parser.add_argument("--peers", nargs="+", choices=list(PEERS), help="default: all that run on the device")
    add_common_arguments(parser)
    parser.set_defaults(repeats=3)
    arguments = parser.parse_args()
    print_conditions()
    device = chosen_device(arguments.device)
    peers = arguments.peers or [name for name in PEERS if device == "cpu" or not name.startswith("keras")]
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = prepared(arguments.data, Path(name))
        for precision in arguments.precisions:
            for batch in arguments.batches:
                settings = {
                    "folder": str(folder),
                    "batch": batch,
                    "frames": arguments.frames,
                    "precision": precision,
                    "device": device,
                    "threads": arguments.threads,
                    "loaders": arguments.loaders,
                }
                some = compare(peers, settings, arguments.repeats)
                show(some)
                rows += some
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

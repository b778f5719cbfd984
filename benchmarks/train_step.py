"""Training speed of the base model, in clips per second, in signjax and in the common alternatives, in one run.

    python -m benchmarks.train_step --batches 16 64 --json=train_step.json

One step is: forward, focal and cross-entropy loss, backward, gradient clipping, AdamW, moving average of the weights, running
statistics of the batch norms. Every clip has all its frames, so masks are not needed; signjax nevertheless applies its masks,
gathers its clips and computes its inputs (standardised values, velocities, flags) in the step. The others receive one ready-made
batch. `signjax, augmenting` also runs all augmentations of the base configuration in the step. On a GPU, with `captured` PyTorch
records the whole step, optimizer included, in one CUDA graph and replays it; `torch.compile` alone makes graphs of its parts.
`signjax, scans` leaves out the fused recurrent kernels there. `signjax, 4 members` trains four networks on the same batches.

The matmul rate is measured on large square products on the same cores or GPU, in turn with the steps. A step's share of it counts
only matrix products and convolutions (`training_flops`).
"""

import argparse
import json
import statistics
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
from benchmarks.peers.matmul import flops
from benchmarks.peers.network import network_of, training_flops

# name -> (what the worker builds, its settings)
PEERS: dict[str, tuple[str, dict[str, Any]]] = {
    "signjax": ("benchmarks.peers.signjax_step:build", {}),
    "signjax, augmenting": ("benchmarks.peers.signjax_step:build", {"augmented": True}),
    "signjax, plain": ("benchmarks.peers.signjax_step:build", {"plain": True}),
    "signjax, scans": ("benchmarks.peers.signjax_step:build", {"scans": True}),
    "signjax, 4 members": ("benchmarks.peers.signjax_step:build", {"keys": {"train.members": 4}}),
    "signjax, 8 members": ("benchmarks.peers.signjax_step:build", {"keys": {"train.members": 8}}),
    "torch": ("benchmarks.peers.torch_step:build", {"compiled": False}),
    "torch.compile": ("benchmarks.peers.torch_step:build", {"compiled": True}),
    "torch, captured": ("benchmarks.peers.torch_step:build", {"compiled": False, "captured": True}),
    "torch.compile, captured": ("benchmarks.peers.torch_step:build", {"compiled": True, "captured": True}),
    "keras": ("benchmarks.peers.keras_step:build", {"compiled": False}),
    "keras jit": ("benchmarks.peers.keras_step:build", {"compiled": True}),
}
RATES = {"matmul jax": "benchmarks.peers.matmul:build_jax", "matmul torch": "benchmarks.peers.matmul:build_torch"}


def suiting(device: str) -> list[str]:
    """The peers that run on a device and do one network's work.

    Only a GPU can capture a step and has fused kernels to leave out, and tensorflow-cpu (see the requirements) has no GPU.
    """
    others = ("captured", "scans", "members") if device == "cpu" else ("keras", "members")
    return [name for name in PEERS if not any(word in name for word in others)]


def members(peer: str) -> int:
    """The number of networks that a peer trains."""
    return int(PEERS[peer][1].get("keys", {}).get("train.members", 1))


def _merged(settings: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """The settings of a peer: those of the comparison and its own, with the keys of both."""
    return {**settings, **own, "keys": {**settings.get("keys", {}), **own.get("keys", {})}}


def jobs(peers: list[str], settings: dict[str, Any]) -> dict[str, tuple[str, dict[str, Any]]]:
    """The jobs that are measured in turn for one batch size and precision."""
    rates = {name: (target, settings) for name, target in RATES.items()}
    return {name: (PEERS[name][0], _merged(settings, PEERS[name][1])) for name in peers} | rates


def compare(
    peers: list[str], settings: dict[str, Any], repeats: int, steps: int, failures: dict[str, str] | None = None
) -> list[dict[str, Any]]:
    """One row per peer, for one batch size and precision; with `failures` as in `measure`, for those that did not fail."""
    with started(jobs(peers, settings)) as workers:
        seconds = measure(workers, repeats, steps, failures=failures)
    batch = settings["batch"]
    rate = {
        name: flops(settings["device"]) / statistics.median(seconds[name]) / 1e9 for name in RATES if name in seconds
    }
    best_rate = max(rate.values(), default=None)
    arithmetic = batch * training_flops(network_of(settings), settings["frames"])
    rates_found = ", ".join(f"{name.split()[1]} {value:.0f}" for name, value in rate.items())
    print(
        f"\nbatch {batch}, {settings['frames']} frames, {settings['precision']}; matmul rate: {rates_found} GFLOP/s; "
        f"{arithmetic / batch / 1e9:.3f} GFLOP per clip"
    )
    rows = []
    for name in (peer for peer in peers if peer in seconds):
        median = statistics.median(seconds[name])
        gflops = members(name) * arithmetic / median / 1e9
        rows.append(
            {
                "name": name,
                "batch": batch,
                "frames": settings["frames"],
                "precision": settings["precision"],
                "device": settings["device"],
                "clips_per_second": batch / median,
                "milliseconds": 1e3 * median,
                "spread": spread(seconds[name]),
                "members": members(name),
                "gflops_per_second": gflops,
                "share_of_matmul_rate": None if best_rate is None else gflops / best_rate,
                "matmul_gflops_per_second": rate,
                **workers[name].facts,
            }
        )
    return rows


HEADER = ["name", "version", "parameters", "ms per step (median)", "quartiles, ms", "clips/s", "to best peer"]
HEADER += ["share of matmul rate"]


def cells(rows: list[dict[str, Any]]) -> list[list[str]]:
    """The table for one batch size and precision; ratios are to the best peer."""
    others = [row["clips_per_second"] for row in rows if not row["name"].startswith("signjax")]
    return [
        [
            row["name"],
            row["version"],
            f"{row['parameters']:,}",
            f"{row['milliseconds']:.{0 if row['milliseconds'] > 50 else 2}f}",
            row["spread"],
            f"{row['clips_per_second']:.1f}",
            f"{row['clips_per_second'] / max(others):.2f}x" if others else "-",
            "-" if row["share_of_matmul_rate"] is None else f"{100 * row['share_of_matmul_rate']:.0f} %",
        ]
        for row in rows
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, nargs="+", default=[16, 64])
    parser.add_argument("--frames", type=int, default=128)
    parser.add_argument(
        "--peers", nargs="+", default=None, choices=list(PEERS), help="default: all that run on the device"
    )
    parser.add_argument("--steps", type=int, default=5, help="steps a repeat")
    add_common_arguments(parser)
    arguments = parser.parse_args()
    print_conditions()
    device = chosen_device(arguments.device)
    peers = arguments.peers or suiting(device)
    rows = []
    for precision in arguments.precisions:
        for batch in arguments.batches:
            settings = {
                "batch": batch,
                "frames": arguments.frames,
                "precision": precision,
                "device": device,
                "threads": arguments.threads,
            }
            some = compare(peers, settings, arguments.repeats, arguments.steps)
            print_table(HEADER, cells(some))
            rows += some
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

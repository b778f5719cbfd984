"""A GPU in eight minutes: the GPU tests, and signjax beside PyTorch, in one command.

    python -m benchmarks.on_gpu --write                # on a GPU; puts the tables into docs/performance.md
    python -m benchmarks.on_gpu --device=cpu --tiny    # tries every kind of part with tiny sizes

The parts, the most important first: the tests of the fused kernels; a whole training step with and without them beside PyTorch
(eager, compiled, and recorded in a CUDA graph) at batch 64, in float32 (no TF32) and bfloat16; start-up, cold and warm; the step at
batch 256 and 16; LSTM and GRU beside cuDNN's; networks trained together (`train.members`); the other tests of layers and training.

Every part that does not fit into `--minutes` is named in the table, and so is everything that fails, such as PyTorch where it is
not installed. The JSON file is written after each part. The exit status is 1 if a test, a part or a measurement of signjax fails.
"""

import argparse
import json
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.interleaved import ROOT, chosen_device
from benchmarks.on_gpu.conditions import conditions, environment, line
from benchmarks.on_gpu.parts import tasks
from benchmarks.on_gpu.schedule import Budget, Outcome, run_all
from benchmarks.on_gpu.table import between_markers, failures, measured, tables, write_into

DOCUMENT = ROOT / "docs" / "performance.md"

# Without LLVM's optimisations, a tiny program compiles in a quarter of the time (as in tests/conftest.py).
_TINY_FLAGS = "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false"


def parsed(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=8.0, help="time budget")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "gpu"], help="auto: a GPU if there is one")
    parser.add_argument("--tiny", action="store_true", help="tiny sizes, to see whether everything runs")
    parser.add_argument(
        "--json",
        type=Path,
        default=ROOT / "runs" / "on_gpu.json",
        help="file for the results; default: runs/on_gpu.json",
    )
    parser.add_argument("--write", action="store_true", help="write the tables into docs/performance.md")
    found = parser.parse_args(arguments)
    found.device = chosen_device(found.device)
    if found.write and (found.tiny or found.device == "cpu"):
        parser.error("--write is for figures of a GPU at full size: run it on a GPU, without --tiny")
    return found


def signjax_failed(outcome: Outcome) -> bool:
    """Whether a part failed for another reason than a peer. A part that ran out of time does not count as failed."""
    peers = ("torch", "lstm torch", "gru torch", "matmul torch")
    return outcome.status == "failed" or any(not name.startswith(peers) for name in failures(outcome))


def main() -> None:
    arguments = parsed()
    budget = Budget(60 * arguments.minutes)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))  # as an exception, which stops the running part
    if arguments.write:
        between_markers(
            DOCUMENT.read_text(encoding="utf-8"), ""
        )  # a missing marker is found now, not after eight minutes
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        variables = environment(arguments.device)
        if arguments.tiny:
            variables |= {"XLA_FLAGS": _TINY_FLAGS, "JAX_COMPILATION_CACHE_DIR": str(folder / "programs")}
        described = conditions(arguments.device, variables, tiny=arguments.tiny)
        print(line(described), flush=True)

        def save(outcomes: list[Outcome]) -> None:
            results: dict[str, Any] = {
                "conditions": described,
                "budget_seconds": budget.seconds,
                "spent_seconds": budget.spent(),
                "parts": [asdict(outcome) for outcome in outcomes],
            }
            beside = arguments.json.with_suffix(".tmp")
            beside.write_text(json.dumps(results, indent=1), encoding="utf-8")
            beside.replace(arguments.json)

        outcomes = run_all(tasks(arguments.device, tiny=arguments.tiny), budget, folder, variables, save)
    written = tables(described, outcomes, budget.seconds, budget.spent())
    print(f"\n{written}")
    if arguments.write and any(measured(outcome) for outcome in outcomes):
        write_into(DOCUMENT, described, written)
    if any(signjax_failed(outcome) for outcome in outcomes):
        raise SystemExit(1)


if __name__ == "__main__":
    main()

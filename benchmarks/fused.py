"""Fused recurrences compared with scans on a GPU: forward and backward pass of both directions, measured in turn in one process.

    python -m benchmarks.fused

Clips have between half and all of the frames. The difference is the largest in any gradient, or in the sum of squares that is
differentiated, divided by the largest value of the same array.
"""

import argparse
import json
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.interleaved import print_table
from signjax.layers.recurrent.bidirectional import (
    GATES,
    Direction,
    fused_directions,
    scan_direction,
)
from signjax.runtime.jax_setup import configure_jax, cores

# Cell, clips, frames, hidden units per direction, precision.
Size = tuple[str, int, int, int, str]
_SIZES: list[Size] = [
    ("lstm", 64, 64, 96, "float32"),
    ("gru", 64, 64, 96, "float32"),
    ("lstm", 64, 64, 96, "bfloat16"),
    ("gru", 64, 64, 96, "bfloat16"),
    ("lstm", 64, 128, 256, "float32"),
    ("gru", 64, 128, 256, "float32"),
    ("lstm", 64, 128, 256, "bfloat16"),
]
_CALLS = 10


def made_up(size: Size) -> tuple[tuple[Direction, Direction], jax.Array]:
    """Random inputs and weights for both directions, and the mask of real frames."""
    cell, clips, frames, units, precision = size
    rng = np.random.default_rng(0)

    def normal(*shape: int) -> jax.Array:
        return jnp.asarray(rng.normal(size=shape), jnp.float32)

    def way() -> Direction:
        width = GATES[cell] * units
        gates, kernel = normal(frames, clips, width).astype(precision), normal(units, width) / units**0.5
        return Direction(gates, kernel, normal(width), normal(units) if cell == "gru" else None)

    lengths = rng.integers(frames // 2, frames + 1, clips)
    return (way(), way()), jnp.asarray(np.arange(frames)[:, None] < lengths[None])


def compiled(job: tuple[Size, bool]) -> tuple[Any, Any, float]:
    """The compiled gradient, its arguments, and the seconds that compiling took."""
    size, fused = job
    cell, (ways, mask) = size[0], made_up(size)

    def energy(ways: tuple[Direction, Direction]) -> jax.Array:
        if fused:
            states = fused_directions(cell, ways, mask)
        else:
            states = [scan_direction(cell, way, mask, reverse=bool(number)) for number, way in enumerate(ways)]
        return jnp.square(jnp.stack(states).astype(jnp.float32)).sum()

    start = time.perf_counter()
    program = jax.jit(jax.value_and_grad(energy)).lower(ways).compile()
    return program, ways, time.perf_counter() - start


def milliseconds(program: Any, argument: Any, repeats: int) -> float:
    """The median time per call."""
    jax.block_until_ready(program(argument))
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        for _ in range(_CALLS):
            out = program(argument)
        jax.block_until_ready(out)
        seconds.append((time.perf_counter() - start) / _CALLS)
    return 1e3 * statistics.median(seconds)


def difference(found: Any, expected: Any) -> float:
    """The largest difference, relative to the largest value of the same array."""
    pairs = zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True)
    arrays = ((a.astype(jnp.float32), b.astype(jnp.float32)) for a, b in pairs)
    return max(float(jnp.abs(a - b).max() / jnp.abs(b).max()) for a, b in arrays)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--json", type=Path, help="file for the rows")
    arguments = parser.parse_args()
    configure_jax()
    if jax.default_backend() != "gpu":
        raise SystemExit("the fused recurrences run on a GPU; jax found none")
    print(f"{jax.devices()[0].device_kind}, jax {jax.__version__}", flush=True)
    with ThreadPoolExecutor(cores()) as pool:
        jobs = list(pool.map(compiled, [(size, fused) for size in _SIZES for fused in (True, False)]))
    rows: list[dict[str, Any]] = []
    for size, fused, scans in zip(_SIZES, jobs[::2], jobs[1::2], strict=True):
        cell, clips, frames, units, precision = size
        times = [milliseconds(program, argument, arguments.repeats) for program, argument, _ in (fused, scans)]
        rows.append(
            {
                "name": f"{cell} fused",
                "batch": clips,
                "frames": frames,
                "units": units,
                "precision": precision,
                "clips_per_second": 1e3 * clips / times[0],
                "fused_milliseconds": times[0],
                "scan_milliseconds": times[1],
                "difference": difference(fused[0](fused[1]), scans[0](scans[1])),
                "fused_compile_seconds": fused[2],
                "scan_compile_seconds": scans[2],
            }
        )
    table = [
        [
            row["name"].split()[0],
            row["precision"],
            f"{row['batch']}, {row['frames']}, {row['units']}",
            f"{row['fused_milliseconds']:.2f}",
            f"{row['scan_milliseconds']:.2f}",
            f"{row['scan_milliseconds'] / row['fused_milliseconds']:.2f}x",
            f"{row['difference']:.1e}",
            f"{row['fused_compile_seconds']:.0f} / {row['scan_compile_seconds']:.0f}",
        ]
        for row in rows
    ]
    header = ["cell", "precision", "clips, frames, H", "fused, ms", "scans, ms", "scans / fused", "difference"]
    print_table([*header, "s to compile, fused / scans (all at once)"], table)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

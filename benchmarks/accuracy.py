"""Trains with several seeds and prints a row of the results table; for a run with several heads, a table with a row each.

    python -m benchmarks.accuracy --name=base --seeds=3 --out=runs/accuracy --json=base.json -- --config.train.epochs=100

What follows `--` is handed to `launch.py`. Finished runs in `--out` are read, not trained again. The rows give means over seeds,
and the standard deviation where there are several; the interval is that of a single seed.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

MEASURES = ("top1", "top3", "top5", "macro_top1")
BASELINES = ("majority", "nearest_neighbour", "random_convolution")


def run_seed(config: str, workdir: Path, seed: int, overrides: list[str]) -> dict[str, Any]:
    command = [sys.executable, str(ROOT / "launch.py"), f"--config={config}", f"--workdir={workdir}"]
    if not (workdir / "summary.json").is_file():
        subprocess.run([*command, f"--config.seed={seed}", *overrides], check=True)
    summary: dict[str, Any] = json.loads((workdir / "summary.json").read_text(encoding="utf-8"))
    return summary


def cell(values: list[float], scale: float, digits: int) -> str:
    mean = f"{scale * statistics.mean(values):.{digits}f}"
    return f"{mean} ± {scale * statistics.stdev(values):.{digits}f}" if len(values) > 1 else mean


def one_row(row: dict[str, Any]) -> list[str]:
    """The row of the results table, below its header."""
    header = (
        "| data | split | test clips | seeds | top-1 | top-3 | macro top-1 | random convolution | nearest neighbour | majority "
        "| epochs | minutes |"
    )
    percents = (cell(row[key], 100, 1) for key in ("top1", "top3", "macro_top1", *BASELINES[::-1]))
    clips = f"{statistics.mean(row['clips']):.0f}"
    lengths = (cell(row["epochs"], 1, 0), cell(row["seconds"], 1 / 60, 1))
    cells = (row["name"], row["split"], clips, str(row["seeds"]), *percents, *lengths)
    return [header, "|---|---|---|---|---|---|---|---|---|---|---|---|", f"| {' | '.join(cells)} |"]


def one_row_a_head(rows: list[dict[str, Any]]) -> list[str]:
    """A table with a row for each head of a run, and what the run was."""
    lines = [
        "| head | classes | test clips | majority | nearest neighbour | random convolution | top-1 | 95 % interval | top-3 |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        low, high = row["interval"] or (None, None)
        interval = f"{100 * low:.1f} to {100 * high:.1f}" if low is not None and high is not None else ""
        cells = (
            f"`{row['head']}`",
            str(row["classes"]),
            f"{statistics.mean(row['clips']):.0f}",
            *(cell(row[key], 100, 1) for key in (*BASELINES, "top1")),
            interval,
            cell(row["top3"], 100, 1),
        )
        lines.append(f"| {' | '.join(cells)} |")
    over_heads = {key: statistics.mean(statistics.mean(row[key]) for row in rows) for key in (*BASELINES, "top1")}
    means = ", ".join(f"{key.replace('_', ' ')} {100 * value:.1f}" for key, value in over_heads.items())
    run = rows[0]
    lines += [
        "",
        f"{run['name']}: mean of {len(rows)} heads: {means}; split: {run['split']}; seeds {run['seeds']}; "
        f"epochs {cell(run['epochs'], 1, 0)}; minutes {cell(run['seconds'], 1 / 60, 1)}; {run['parameters']:,} parameters",
    ]
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", required=True, help="first cell of the row")
    parser.add_argument("--config", default=str(ROOT / "configs" / "base.py"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, required=True, help="folder for the runs")
    parser.add_argument("--json", type=Path, help="file for the rows")
    parser.add_argument("overrides", nargs="*", help="flags for launch.py, after --")
    arguments = parser.parse_args()
    summaries = [
        run_seed(arguments.config, arguments.out / f"{arguments.name}-seed{seed}", seed, arguments.overrides)
        for seed in range(arguments.seeds)
    ]
    rows = []
    for head in summaries[0]["test"]:
        tests = [summary["test"][head] for summary in summaries]
        base = [summary["baselines"][head] for summary in summaries]
        rows.append(
            {
                "name": arguments.name,
                "head": head,
                "seeds": arguments.seeds,
                "split": summaries[0]["split"]["rule"],
                "classes": summaries[0]["dataset"]["classes"][head],
                "clips": [test["clips"] for test in tests],
                "interval": tests[0]["top1_interval"] if len(tests) == 1 else None,
                **{measure: [test[measure] for test in tests] for measure in MEASURES},
                **{name: [values[name] for values in base] for name in BASELINES},
                "epochs": [summary["training"]["epochs"] for summary in summaries],
                "seconds": [summary["training"]["seconds"] for summary in summaries],
                "parameters": summaries[0]["model"]["parameters"],
            }
        )
    for line in one_row_a_head(rows) if len(rows) > 1 else one_row(rows[0]):
        print(line)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

"""Trains with several seeds or folds and prints a row of the results table; with several heads, a table with a row for each.

    python -m benchmarks.accuracy --name=base --seeds=3 --out=runs/accuracy --json=base.json -- --config.train.epochs=100
    python -m benchmarks.accuracy --name=auslan-unseen --config=configs/auslan_unseen.py --folds=5 --out=runs/accuracy \
        -- --config.data.path=auslan.npz
    python -m benchmarks.accuracy --name=libras --config=configs/libras.py --out=runs/accuracy --peers MiniRocket QUANT \
        -- --config.data.path=libras.npz

What follows `--` is handed to `launch.py --seeds` or `--folds`, whose runs are in `OUT/NAME`; finished runs are read, not trained
again. The rows give means over seeds or folds, the standard deviation where there are several, and every run's top-1; the
interval is that of a single run. "Network alone" is the model without the random-convolution classifier that it is fused with.

`--peers` names classifiers of aeon, which learn from the clips that the tested model learned from and are asked for the same test
clips. Their answers are kept in `peers.json` in the run folder; a peer that has answered is not asked again.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.interleaved import Worker
from benchmarks.one_run import ROOT
from benchmarks.peers.aeon_classifiers import PEERS, missing
from benchmarks.peers.finished_run import check_one_head, learned_from, read_summary
from signjax.data.text_files import write_json
from signjax.evaluation.baselines import NAMES
from signjax.runs.aggregate import MEASURES
from signjax.runs.finished import AGGREGATE_FILE
from signjax.runtime.jax_setup import cores
from signjax.settings.run_config import read_object


def train(config: str, folder: Path, varied: str, count: int, overrides: list[str]) -> dict[str, Any]:
    """What all runs show together; those that are not there yet are trained."""
    command = [sys.executable, str(ROOT / "launch.py"), f"--config={config}", f"--workdir={folder}"]
    subprocess.run([*command, f"--{varied}={count}", *overrides], check=True)
    found: dict[str, Any] = read_object(folder / AGGREGATE_FILE)
    return found


def ask_peers(peers: list[str], workdir: Path) -> dict[str, dict[str, Any]]:
    """Peer -> its top-1 on the test clips of a finished run, and the seconds it took to learn and answer;
    they include what Numba compiles, which it keeps for later processes.

    A peer is asked again if the data have changed since, or the clips that are learned from.
    """
    summary, file = read_summary(workdir), workdir / "peers.json"
    found: dict[str, dict[str, Any]] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    learned = learned_from(summary)
    for peer in peers:
        if found.get(peer, {}).items() >= learned.items():
            continue
        print(f"{peer}: {workdir}", flush=True)
        settings = {
            "peer": peer,
            "run": str(workdir.resolve()),
            "seed": summary["environment"]["seed"],
            "device": "cpu",
            "threads": cores(),
        }
        with Worker("benchmarks.peers.aeon_classifiers:build", settings) as worker:
            found[peer] = worker.facts | learned
        write_json(file, found)
    return {peer: found[peer] for peer in peers}


def cell(values: list[float], scale: float, digits: int) -> str:
    mean = f"{scale * statistics.mean(values):.{digits}f}"
    return f"{mean} ± {scale * statistics.stdev(values):.{digits}f}" if len(values) > 1 else mean


def one_row(row: dict[str, Any]) -> list[str]:
    """The row of the results table, below its header."""
    header = ["data", "split", "test clips", "runs", "top-1", "top-3", "macro top-1", "network alone", *row["peers"]]
    header += [*NAMES.values(), "epochs", "minutes"]
    measured = [row[key] for key in ("top1", "top3", "macro_top1", "network_alone")]
    measured += [*row["peers"].values(), *(row[key] for key in NAMES)]
    percents = (cell(values, 100, 1) for values in measured)
    clips = f"{statistics.mean(row['clips']):.0f}"
    lengths = (cell(row["epochs"], 1, 0), cell(row["seconds"], 1 / 60, 1))
    cells = (row["name"], row["split"], clips, f"{row['runs']} {row['varied']}", *percents, *lengths)
    each = ", ".join(f"{100 * top1:.1f}" for top1 in row["top1"])
    lowest = min(row["top1"])
    worst = f"{100 * lowest:.1f} ({row['varied'][:-1]} {row['top1'].index(lowest)})"
    table = [f"| {' | '.join(header)} |", "|---" * len(header) + "|", f"| {' | '.join(cells)} |"]
    validated = ", ".join(f"{name} {cell(values, 100, 1)}" for name, values in row["validation"].items() if values)
    lines = [*table, "", f"top-1 of each: {each}; the lowest: {worst}"]
    if row["adapted"]:
        each = ", ".join(f"{100 * top1:.1f}" for top1 in row["adapted"])
        lines.append(
            f"adapted to unlabelled clips of each new signer: top-1 {cell(row['adapted'], 100, 1)}; of each: {each}"
        )
    return [*lines, f"validation, which is what to choose by: {validated}"] if validated else lines


def one_row_a_head(rows: list[dict[str, Any]]) -> list[str]:
    """A table with one row per head of a run, and a description of the run."""
    lines = [
        f"| head | classes | test clips | {' | '.join(NAMES.values())} | network alone | top-1 | 95 % interval | top-3 |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        low, high = row["interval"] or (None, None)
        interval = f"{100 * low:.1f} to {100 * high:.1f}" if low is not None and high is not None else ""
        cells = (
            f"`{row['head']}`",
            str(row["classes"]),
            f"{statistics.mean(row['clips']):.0f}",
            *(cell(row[key], 100, 1) for key in (*NAMES, "network_alone", "top1")),
            interval,
            cell(row["top3"], 100, 1),
        )
        lines.append(f"| {' | '.join(cells)} |")
    over_heads = {
        key: statistics.mean(statistics.mean(row[key]) for row in rows) for key in (*NAMES, "network_alone", "top1")
    }
    means = ", ".join(f"{key.replace('_', ' ')} {100 * value:.1f}" for key, value in over_heads.items())
    run = rows[0]
    lines += [
        "",
        f"{run['name']}: mean of {len(rows)} heads: {means}; split: {run['split']}; {run['runs']} {run['varied']}; "
        f"epochs {cell(run['epochs'], 1, 0)}; minutes {cell(run['seconds'], 1 / 60, 1)}; {run['parameters']:,} parameters",
    ]
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", required=True, help="first cell of the row")
    parser.add_argument("--config", default=str(ROOT / "configs" / "base.py"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--folds", type=int, help="run one seed on this many folds of the split rule instead, from the first"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the runs")
    parser.add_argument("--json", type=Path, help="file for the rows")
    parser.add_argument(
        "--peers", nargs="+", choices=list(PEERS), default=[], help="classifiers of aeon to compare with"
    )
    parser.add_argument("overrides", nargs="*", help="flags for launch.py, after --")
    arguments = parser.parse_args()
    for peer in arguments.peers:  # before hours of training
        if lacking := missing(PEERS[peer].packages):
            parser.error(f"{peer}: {lacking}")
    varied = "folds" if arguments.folds else "seeds"
    count = arguments.folds or arguments.seeds
    folder = arguments.out / arguments.name
    found = train(arguments.config, folder, varied, count, arguments.overrides)
    if arguments.peers:
        check_one_head(found["heads"])
    answered = [ask_peers(arguments.peers, folder / run["name"]) for run in found["runs"]]
    rows = []
    for head, values in found["heads"].items():
        if not values["runs"]:
            continue  # no test clip has a label for it
        rows.append(
            {
                "name": arguments.name,
                "head": head,
                "runs": len(found["runs"]),
                "varied": varied,
                "split": found["runs"][0]["split"],
                "classes": values["classes"],
                "clips": values["clips"],
                "interval": values["interval"],
                **{measure: values["measures"][measure]["values"] for measure in MEASURES},
                **{name: values["baselines"][name]["values"] for name in NAMES},
                "network_alone": values["network_alone"]["values"],
                "adapted": values["adapted"]["values"] if values["adapted"] else [],
                "validation": {name: one["values"] if one else [] for name, one in values["validation"].items()},
                "peers": {peer: [one[peer]["top1"] for one in answered] for peer in arguments.peers},
                "peer_seconds": {peer: [one[peer]["seconds"] for one in answered] for peer in arguments.peers},
                "epochs": found["epochs"]["values"],
                "seconds": [run["first_seconds"] for run in found["runs"]],
                "parameters": found["parameters"],
            }
        )
    for line in one_row_a_head(rows) if len(rows) > 1 else one_row(rows[0]):
        print(line)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

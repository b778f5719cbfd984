"""What several runs show together: mean, spread, the worst of them, and how often each class and each signer is named rightly."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean, stdev
from typing import Any

from signjax.evaluation.baselines import NAMES
from signjax.evaluation.judgement.judge import doubts
from signjax.evaluation.metrics import wilson_interval
from signjax.report.error_analysis import Row
from signjax.runs.finished import FinishedRun, is_right, labelled

MEASURES = ("top1", "top3", "top5", "macro_top1")


def spread(values: Sequence[float], names: Sequence[str]) -> dict[str, Any]:
    """Mean, sample standard deviation, lowest and highest of what runs of these names measured.

    >>> spread([0.5, 0.75], ["seed0", "seed1"])["mean"]
    0.625
    """
    return {
        "mean": fmean(values),
        "std": stdev(values) if len(values) > 1 else None,
        "lowest": min(values),
        "lowest_run": names[values.index(min(values))],
        "highest": max(values),
        "values": list(values),
    }


def aggregate(runs: Sequence[FinishedRun], varied: str, missing: Sequence[str] = ()) -> dict[str, Any]:
    """The content of `aggregate.json`.

    Args:
      runs: at least one, with the same heads.
      varied: what they differ in, `seeds` or `folds`.
      missing: the names of runs that are asked for and not finished.
    """
    names = [run.name for run in runs]
    first = runs[0].summary
    return {
        "data": first["dataset"]["name"],
        "varied": varied,
        "missing": list(missing),
        "runs": [_row(run) for run in runs],
        "heads": {head: _head(runs, head) for head in first["dataset"]["classes"]},
        "epochs": spread([run.summary["training"]["epochs"] for run in runs], names),
        "seconds": spread([run.seconds for run in runs], names),
        "parameters": first["model"]["parameters"],
    }


def _row(run: FinishedRun) -> dict[str, Any]:
    summary = run.summary
    return {
        "name": run.name,
        "seed": run.config["seed"],
        "fold": run.config["data.fold"],
        "split": summary["split"]["rule"],
        "dataset": summary["dataset"]["digest"],
        "test": dict(summary["test"]),
        "warnings": [*doubts(summary["verdict"]), *summary["dataset"].get("warnings", ())],
        "epochs": summary["training"]["epochs"],
        "seconds": run.seconds,
        "first_seconds": summary["training"]["seconds"],  # without the training on validation clips, too
    }


def _head(runs: Sequence[FinishedRun], head: str) -> dict[str, Any]:
    """What the runs whose test split has labels for a head show of it; only `runs`, with value 0, if there are none."""
    measured = [run for run in runs if run.summary["test"][head]["clips"]]
    if not measured:
        return {"runs": 0}
    names = [run.name for run in measured]
    tests = [run.summary["test"][head] for run in measured]
    answers = [row for run in measured for row in labelled(run, head)]
    return {
        "runs": len(measured),
        "classes": measured[0].summary["dataset"]["classes"][head],
        "clips": [test["clips"] for test in tests],
        "distinct_clips": len({row["clip"] for row in answers}),
        "interval": tests[0]["top1_interval"] if len(tests) == 1 else None,
        "pooled": _pooled(answers, head),
        "measures": {name: spread([test[name] for test in tests], names) for name in MEASURES},
        "network_alone": spread([run.summary["network"]["test"][head]["top1"] for run in measured], names),
        "baselines": {
            name: spread([run.summary["baselines"][head][name] for run in measured], names) for name in NAMES
        },
        "adapted": _adapted(measured, head),
        "validation": {
            "network alone": _validated([run.summary["network"]["valid"][head] for run in measured], names),
            "fused": _validated([run.summary["valid"][head] for run in measured], names),
        },
        "by_class": _by(f"{head}_label", measured, head),
        "by_signer": _by("signer", measured, head),
    }


def _adapted(runs: Sequence[FinishedRun], head: str) -> dict[str, Any] | None:
    """Top-1 with `train.adapt`; None if a run did not ask for it, or has no new signer with sixteen test clips."""
    adapted = {run.name: run.summary.get("adapted", {}).get(head, {}) for run in runs}
    if not all(one.get("clips") for one in adapted.values()):
        return None
    return spread([one["top1"] for one in adapted.values()], list(adapted))


def _validated(scores: Sequence[Mapping[str, Any]], names: Sequence[str]) -> dict[str, Any] | None:
    """Top-1 on validation clips; None if a run has none with a label."""
    return spread([one["top1"] for one in scores], names) if all(one["clips"] for one in scores) else None


def _pooled(answers: Sequence[Row], head: str) -> dict[str, Any] | None:
    """Accuracy over all clips, where no clip is tested by two runs, as in folds; else the clips are not independent."""
    if len({row["clip"] for row in answers}) < len(answers):
        return None
    right = sum(is_right(row, head) for row in answers)
    return {
        "clips": len(answers),
        "top1": right / len(answers),
        "interval": list(wilson_interval(right, len(answers))),
    }


def _by(column: str, runs: Iterable[FinishedRun], head: str) -> list[dict[str, Any]]:
    """Accuracy for each value of a column over all runs, the worst first.

    `clips` counts different clips, `answers` each as often as it was tested, and `lowest` is the lowest accuracy in a run.
    """
    rows: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for run in runs:
        for row in labelled(run, head):
            if row[column]:
                rows[row[column]][run.name].append(row)
    found = []
    for name, of_runs in rows.items():
        shares = {run: fmean(is_right(row, head) for row in tested) for run, tested in of_runs.items()}
        answers = [row for tested in of_runs.values() for row in tested]
        lowest = min(shares, key=lambda run: shares[run])
        found.append(
            {
                "name": name,
                "clips": len({row["clip"] for row in answers}),
                "answers": len(answers),
                "runs": len(shares),
                "top1": fmean(is_right(row, head) for row in answers),
                "lowest": shares[lowest],
                "lowest_run": lowest,
            }
        )
    return sorted(found, key=lambda one: (one["top1"], -one["answers"], one["name"]))

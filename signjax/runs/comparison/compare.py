"""What tells finished runs apart."""

from collections.abc import Mapping, Sequence
from typing import Any

from signjax.runs.comparison.paired import holm, mcnemar
from signjax.runs.finished import PLACES, FinishedRun, is_right, labelled
from signjax.settings.schema import SETTINGS

MEASURES = ("top1", "top3", "macro_top1")


def compare(runs: Sequence[FinishedRun]) -> dict[str, Any]:
    """Compares at least two runs; each is tested against the first.

    Returns:
      A JSON object: `runs`, the `settings` that differ, and for each head `accuracy` of every run and `pairs`, one for each run
      but the first. A pair is tested if both runs were tested on the same clips with the same labels; else it says how many
      clips they share.
    """
    heads = list(dict.fromkeys(head for run in runs for head in run.summary["test"]))
    return {
        "runs": [_about(run) for run in runs],
        "settings": differing(runs),
        "heads": {head: {"accuracy": _accuracy(runs, head), "pairs": _pairs(runs, head)} for head in heads},
    }


def differing(runs: Sequence[FinishedRun]) -> dict[str, list[Any]]:
    """Dotted key -> its value in each run, for the settings that are not the same in all; None where a run has no such key."""
    keys = [*SETTINGS, *sorted({key for run in runs for key in run.config} - SETTINGS.keys())]
    values = {key: [run.config.get(key) for run in runs] for key in keys if key not in PLACES}
    return {key: found for key, found in values.items() if any(value != found[0] for value in found)}


def _about(run: FinishedRun) -> dict[str, Any]:
    training = run.summary["training"]
    return {
        "name": run.name,
        "folder": str(run.folder),
        "dataset": run.summary["dataset"]["digest"],
        "split": run.summary["split"]["rule"],
        "parameters": run.summary["model"]["parameters"],
        "epochs": training["epochs"],
        "first_step_seconds": training["first_step_seconds"],
        "seconds": run.seconds,
        "devices": run.summary["environment"]["devices"],
    }


def _accuracy(runs: Sequence[FinishedRun], head: str) -> list[dict[str, Any] | None]:
    """The accuracy of each run, on test and on validation clips; None where it has no such head, or no clip with a label."""
    found: list[dict[str, Any] | None] = []
    for run in runs:
        test, valid = (run.summary[split].get(head, {"clips": 0}) for split in ("test", "valid"))
        if not test["clips"]:
            found.append(None)
            continue
        found.append(
            {
                "clips": test["clips"],
                "interval": test["top1_interval"],
                **{name: test[name] for name in MEASURES},
                "valid_top1": valid.get("top1"),
                "valid_clips": valid["clips"],
                "random_convolution": run.summary["baselines"][head]["random_convolution"],
            }
        )
    return found


def _pairs(runs: Sequence[FinishedRun], head: str) -> list[dict[str, Any]]:
    pairs = [_pair(runs[0], other, head) for other in runs[1:]]
    tested = [pair for pair in pairs if "p" in pair]
    for pair, adjusted in zip(tested, holm([pair["p"] for pair in tested]), strict=True):
        pair["p_adjusted"] = adjusted
    return pairs


def _pair(first: FinishedRun, second: FinishedRun, head: str) -> dict[str, Any]:
    """Two runs on the same clips, or why they cannot be tested against each other."""
    ours, theirs = ({row["clip"]: row for row in labelled(run, head)} for run in (first, second))
    names: dict[str, Any] = {"first": first.name, "second": second.name}
    relabelled = [
        clip for clip in ours.keys() & theirs.keys() if ours[clip][f"{head}_label"] != theirs[clip][f"{head}_label"]
    ]
    if ours.keys() != theirs.keys() or relabelled or not ours:
        counts = {
            "clips": [len(ours), len(theirs)],
            "shared": len(ours.keys() & theirs.keys()),
            "relabelled": len(relabelled),
        }
        return {**names, "not_tested": counts}
    right = {clip: (is_right(ours[clip], head), is_right(theirs[clip], head)) for clip in ours}
    only_first = [clip for clip, found in right.items() if found == (True, False)]
    only_second = [clip for clip, found in right.items() if found == (False, True)]
    return {
        **names,
        "clips": len(ours),
        "both_right": sum(all(found) for found in right.values()),
        "both_wrong": sum(not any(found) for found in right.values()),
        "only_first": [_answers(clip, ours, theirs, head) for clip in only_first],
        "only_second": [_answers(clip, ours, theirs, head) for clip in only_second],
        "p": mcnemar(len(only_first), len(only_second)),
    }


def _answers(clip: str, ours: Mapping[str, Any], theirs: Mapping[str, Any], head: str) -> dict[str, str]:
    return {
        "clip": clip,
        "signer": ours[clip]["signer"],
        "label": ours[clip][f"{head}_label"],
        "first": ours[clip][f"{head}_predicted"],
        "second": theirs[clip][f"{head}_predicted"],
    }

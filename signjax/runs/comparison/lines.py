"""What the terminal shows of a comparison, and the page."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from signjax.data.text_files import write_text
from signjax.data.visible import clips
from signjax.plans.kinds import shown
from signjax.report.template import template
from signjax.runs.lines import duration, table

_NAMED = 5
_CERTAIN = 0.05


def comparison_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """The lines for what `compare` found."""
    names = [run["name"] for run in found["runs"]]
    yield "settings that differ:" if found["settings"] else "settings: the same in all"
    if found["settings"]:
        rows = [[key, *map(shown, values)] for key, values in found["settings"].items()]
        yield from table(["", *names], rows)
    for head, of_head in found["heads"].items():
        yield f"{head}:"
        rows = [_accuracy(name, one) for name, one in zip(names, of_head["accuracy"], strict=True)]
        yield from table(["", "clips", "top-1", "95 % interval", "top-3", "class mean", "validation"], rows)
        for pair in of_head["pairs"]:
            yield verdict(pair)
            for who, key in (("first", "only_first"), ("second", "only_second")):
                if pair.get(key):
                    yield f"  only {pair[who]} is right: {_listed(pair[key])}"
    rows = [
        [run["name"], str(run["epochs"]), duration(run["seconds"]), _seconds(run), f"{run['parameters']:,}"]
        for run in found["runs"]
    ]
    yield "times:"
    yield from table(["", "epochs", "training", "first step", "parameters"], rows)
    devices = {", ".join(run["devices"]) for run in found["runs"]}
    if len(devices) > 1:
        yield f"the runs had different devices, so their times do not compare: {'; '.join(sorted(devices))}"


def _seconds(run: Mapping[str, Any]) -> str:
    return "" if run["first_step_seconds"] is None else f"{run['first_step_seconds']:.1f} s"


def _accuracy(name: str, one: Mapping[str, Any] | None) -> list[str]:
    if one is None:
        return [name, "0", *[""] * 5]
    low, high = one["interval"]
    valid = "" if one["valid_top1"] is None else f"{100 * one['valid_top1']:.1f}"
    shares = [f"{100 * one[key]:.1f}" for key in ("top1", "top3", "macro_top1")]
    return [name, str(one["clips"]), shares[0], f"{100 * low:.1f} to {100 * high:.1f}", *shares[1:], valid]


def verdict(pair: Mapping[str, Any]) -> str:
    """A sentence that says which of two runs is better, or why that cannot be told."""
    first, second = pair["first"], pair["second"]
    if "not_tested" in pair:
        why = pair["not_tested"]
        ours, theirs = why["clips"]
        reason = f"{ours} and {theirs} test clips, of which {why['shared']} are the same"
        if why["relabelled"]:
            reason += f", {why['relabelled']} with different labels"
        return f"{first} and {second} were tested on different clips ({reason}), so no paired test was made"
    one, other = len(pair["only_first"]), len(pair["only_second"])
    counts = f"of {clips(pair['clips'])}, {one} right only by {first}, {other} only by {second}"
    p = f"exact McNemar p = {_p(pair['p'])}"
    if pair["p_adjusted"] != pair["p"]:
        p += f", {_p(pair['p_adjusted'])} adjusted for the number of runs (Holm)"
    if pair["p_adjusted"] >= _CERTAIN:
        return f"{first} and {second}: no difference that chance does not explain ({counts}; {p})"
    better, worse = (first, second) if one > other else (second, first)
    return f"{better} is better than {worse} ({counts}; {p})"


def _p(value: float) -> str:
    return f"{value:.3f}" if value >= 0.001 else f"{value:.1g}"


def _listed(answers: Sequence[Mapping[str, str]]) -> str:
    more = f" and {len(answers) - _NAMED} more" if len(answers) > _NAMED else ""
    return "; ".join(one["clip"] for one in answers[:_NAMED]) + more


def write_comparison(path: Path, found: Mapping[str, Any]) -> None:
    """Writes the page of a comparison, in a single file."""
    verdicts = {head: [verdict(pair) for pair in of_head["pairs"]] for head, of_head in found["heads"].items()}
    html = template("comparison.html", "signjax.runs").render(found=found, verdicts=verdicts, shown=shown)
    write_text(path, html)

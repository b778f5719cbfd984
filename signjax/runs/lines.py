"""What the terminal shows of several runs: at most 80 columns, as far as names allow it."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from signjax.data.visible import clips

_WIDTH, _WIDEST_NAME = 80, 24
_WORST = 3


def percent(values: Mapping[str, Any]) -> str:
    """A mean in percent, with the standard deviation where there is one.

    >>> percent({"mean": 0.5, "std": 0.01})
    '50.0 ± 1.0'
    """
    return f"{100 * values['mean']:.1f}" + ("" if values["std"] is None else f" ± {100 * values['std']:.1f}")


def table(header: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> list[str]:
    """Aligned columns, the first `left` of them to the left and the others to the right.

    >>> table(["run", "top-1"], [["seed0", "9.1"], ["seed10", "81.0"]])
    ['run     top-1', 'seed0     9.1', 'seed10   81.0']
    """
    columns = []
    for place, cells in enumerate(zip(header, *rows, strict=True)):
        width = max(map(len, cells))
        columns.append([cell.ljust(width) if place < left else cell.rjust(width) for cell in cells])
    return ["  ".join(line).rstrip() for line in zip(*columns, strict=True)]


def duration(seconds: float) -> str:
    """Minutes, or seconds below two minutes."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


def aggregate_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """The lines for the content of `aggregate.json`."""
    for head, values in found["heads"].items():
        if not values["runs"]:
            yield f"{head}: no test clip has a label"
            continue
        top1 = values["measures"]["top1"]
        yield f"{head}: {values['runs']} {found['varied']}, {_clips(values)}, {values['classes']} classes"
        rows = [
            [
                run["name"],
                str(run["test"][head]["clips"]),
                f"{100 * run['test'][head]['top1']:.1f}",
                "{:.1f} to {:.1f}".format(*(100 * end for end in run["test"][head]["top1_interval"])),
                f"{100 * run['test'][head]['top3']:.1f}",
                str(run["epochs"]),
                duration(run["seconds"]),
            ]
            for run in found["runs"]
            if run["test"][head]["clips"]
        ]
        yield from table(["run", "clips", "top-1", "95 % interval", "top-3", "epochs", "training"], rows)
        yield f"top-1: {percent(top1)}, the lowest {100 * top1['lowest']:.1f} ({top1['lowest_run']})"
        if values["pooled"]:
            low, high = values["pooled"]["interval"]
            yield (
                f"the {values['pooled']['clips']} clips together, each tested once: top-1 {100 * values['pooled']['top1']:.1f} "
                f"({100 * low:.1f} to {100 * high:.1f})"
            )
        others = {"network alone": values["network_alone"], **values["baselines"]}
        listed = ", ".join(f"{name.replace('_', ' ')} {percent(one)}" for name, one in others.items())
        yield from _wrapped(f"beside it: {listed}")
        if values["adapted"]:
            told = f"adapted to unlabelled clips of new signers with 16 or more: top-1 {percent(values['adapted'])}"
            yield from _wrapped(f"{told}, the lowest {100 * values['adapted']['lowest']:.1f}")
        for what in ("class", "signer"):
            worst = [_one(entry) for entry in values[f"by_{what}"][:_WORST] if entry["top1"] < 1]
            if worst:
                yield from _wrapped(f"weakest by {what}: {'; '.join(worst)}")
    if found["missing"]:
        yield f"not finished, so not counted: {', '.join(found['missing'])}"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def _clips(values: Mapping[str, Any]) -> str:
    fewest, most = min(values["clips"]), max(values["clips"])
    return f"{fewest} test clips each" if fewest == most else f"{fewest} to {most} test clips each"


def _one(entry: Mapping[str, Any]) -> str:
    name = entry["name"] if len(entry["name"]) <= _WIDEST_NAME else f"{entry['name'][: _WIDEST_NAME - 1]}…"
    answers = "" if entry["answers"] == entry["clips"] else f", {entry['answers']} answers"
    return f"{name} {100 * entry['top1']:.0f} ({clips(entry['clips'])}{answers})"

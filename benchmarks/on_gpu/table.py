"""The tables of `benchmarks.on_gpu`, and their place in docs/performance.md, between two comments."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import startup, train_step
from benchmarks.interleaved import table_lines
from benchmarks.on_gpu.conditions import line
from benchmarks.on_gpu.schedule import Outcome

BEGIN = "<!-- on_gpu: python -m benchmarks.on_gpu --write replaces the lines from here to the next comment -->"
END = "<!-- on_gpu: end -->"

_NAMES = 3  # of failures with the same reason
_REASON = 160  # characters

Rows = list[dict[str, Any]]
Table = tuple[list[str], list[list[str]]]


def write_into(document: Path, conditions: Mapping[str, Any], written: str) -> None:
    """Puts tables between the markers of a document.

    Raises:
      ValueError: the figures are not those of a GPU at full size, or the markers are missing.
    """
    if conditions["tiny"] or conditions["platform"] != "gpu":
        raise ValueError(f"{document.name} takes only figures of a GPU at full size")
    document.write_text(between_markers(document.read_text(encoding="utf-8"), written), encoding="utf-8")


def between_markers(text: str, written: str) -> str:
    """The text of a document with `written` between the markers.

    Raises:
      ValueError: the document does not have both markers once, in this order.
    """
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"the document must have these two lines once, in this order:\n{BEGIN}\n{END}")
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n\n{written.strip()}\n\n{END}{rest.split(END)[1]}"


def tables(conditions: Mapping[str, Any], outcomes: Sequence[Outcome], budget: float, spent: float) -> str:
    """Everything between the markers: the conditions, the result of each part, and a table for each kind of part."""
    results = [[outcome.name, _cell(result(outcome)), f"{outcome.seconds:.0f}"] for outcome in outcomes]
    lines = [f"{line(conditions)}; {spent:.0f} of {budget:.0f} s.", "", *table_lines(["part", "result", "s"], results)]
    kinds: list[tuple[str, str, Callable[[Sequence[Outcome]], Table]]] = [
        ("A whole training step", "step", _steps),
        ("Start-up", "start-up", _startup),
        ("Recurrent layers, forward and backward pass", "recurrent layers", _recurrent_layers),
        ("Networks trained together", "members", _members),
        ("Tests", "tests", _tests),
    ]
    for title, prefix, write in kinds:
        header, rows = write([outcome for outcome in outcomes if outcome.name.startswith(prefix)])
        if rows:
            lines += ["", f"### {title}", "", *table_lines(header, rows)]
    return "\n".join(lines) + "\n"


def measured(outcome: Outcome) -> Rows:
    """The rows of a part without those that say what could not be measured."""
    return [row for row in outcome.rows if "failed" not in row]


def failures(outcome: Outcome) -> dict[str, str]:
    """What a part could not measure, and why."""
    return {row["name"]: row["failed"] for row in outcome.rows if "failed" in row}


def result(outcome: Outcome) -> str:
    """The result of a part, in one sentence."""
    sentence = f"{outcome.status}: {outcome.reason[:_REASON]}" if outcome.reason else outcome.status
    by_reason: dict[str, list[str]] = {}
    for name, why in failures(outcome).items():
        by_reason.setdefault(why, []).append(f"`{name}`")
    for why, names in by_reason.items():
        more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
        sentence += f"; without {', '.join(names[:_NAMES])}{more} ({why[:_REASON]})"
    return sentence


def _cell(text: str) -> str:
    """Text that cannot break a table."""
    return " ".join(text.split()).replace("|", "\\|")


def _kernels(row: Mapping[str, Any]) -> str:
    """How the recurrent layers of a row were computed."""
    return str(row.get("recurrences", "cuDNN" if row["device"] == "gpu" else "-"))


def _steps(outcomes: Sequence[Outcome]) -> Table:
    rows = [
        [row["precision"], str(row["batch"]), _kernels(row), *cells]
        for outcome in outcomes
        for row, cells in zip(measured(outcome), train_step.cells(measured(outcome)), strict=True)
    ]
    return ["precision", "batch", "recurrent layers", *train_step.HEADER], rows


def _startup(outcomes: Sequence[Outcome]) -> Table:
    return startup.HEADER, startup.cells([row for outcome in outcomes for row in measured(outcome)])


def _recurrent_layers(outcomes: Sequence[Outcome]) -> Table:
    rows = [row for outcome in outcomes for row in measured(outcome)]
    torch = {(row["cell"], row["precision"]): row["milliseconds"] for row in rows if row["name"].endswith(" torch")}

    def to_torch(row: Mapping[str, Any]) -> str:
        other = torch.get((row["cell"], row["precision"]))
        return "-" if other is None else f"{other / row['milliseconds']:.2f}x"

    sizes = ("batch", "frames", "features", "units")
    header = ["cell, name", "precision", "clips, frames, D, H", "runs as", "ms (median)", "quartiles, ms", "to PyTorch"]
    return header, [
        [
            row["name"],
            row["precision"],
            ", ".join(str(row[key]) for key in sizes),
            _kernels(row),
            f"{row['milliseconds']:.2f}",
            row["spread"],
            to_torch(row),
        ]
        for row in rows
    ]


def _members(outcomes: Sequence[Outcome]) -> Table:
    rows = [row for outcome in outcomes for row in measured(outcome)]
    alone = next((row["milliseconds"] for row in rows if row["members"] == 1), None)
    header = ["networks", "precision", "batch", "ms per step (median)", "quartiles, ms", "ms per network"]
    return [*header, "to one alone"], [
        [
            str(row["members"]),
            row["precision"],
            str(row["batch"]),
            f"{row['milliseconds']:.2f}",
            row["spread"],
            f"{row['milliseconds'] / row['members']:.2f}",
            "-" if alone is None else f"{alone * row['members'] / row['milliseconds']:.2f}x",
        ]
        for row in rows
    ]


def _tests(outcomes: Sequence[Outcome]) -> Table:
    rows = []
    for outcome in outcomes:
        count = Counter(row["outcome"] for row in outcome.rows if "outcome" in row)
        bad = count["failed"] + count["error"]
        if count:
            rows.append([outcome.name, str(count["passed"]), str(bad), str(count.total() - count["passed"] - bad)])
    return ["tests", "passed", "failed", "skipped or expected to fail"], rows

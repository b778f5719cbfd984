"""The mistakes of a run, from its predictions.

Shapes: C classes.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from signjax.data.csv_table import read_table
from signjax.data.visible import clips
from signjax.errors import InputError
from signjax.report.grade import grade

EVALUATED = ("valid", "test")
_ROWS = 12
_NAMED = 5

Row = dict[str, str]


@dataclass(frozen=True)
class Errors:
    """The mistakes of one head on the test split.

    Attributes:
      confusions: (true, predicted, clips), the most frequent first.
      classes: (class, clips, top-1, grade), the worst first.
      confident: (clip, true, predicted, probability) of wrong predictions, the most confident first.
    """

    confusions: list[tuple[str, str, int]]
    classes: list[tuple[str, int, float, str]]
    confident: list[tuple[str, str, str, float]]


def read_predictions(path: Path, summary: Mapping[str, Any]) -> list[Row]:
    """Reads `predictions.csv` and checks that it belongs to a summary.

    Args:
      path: the file.
      summary: the content of `summary.json`.

    Raises:
      InputError: the file is missing, or its clips are not those the summary counted.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file; make it again with --mode=evaluate")
    rows = read_table(path)
    problems = list(_disagreements(rows, summary))
    if problems:
        more = f"; and {len(problems) - _NAMED} more" if len(problems) > _NAMED else ""
        raise InputError(
            f"{path}: it is not of the same evaluation as summary.json: {'; '.join(problems[:_NAMED])}{more}. "
            "Make both again with --mode=evaluate"
        )
    return rows


def _disagreements(rows: Sequence[Row], summary: Mapping[str, Any]) -> Iterator[str]:
    """Yields what is wrong with the predictions; missing columns first, because nothing can be counted without them."""
    heads = summary["dataset"]["classes"]
    columns = ["split", *(f"{head}_{column}" for head in heads for column in ("label", "predicted", "rank"))]
    missing = [column for column in columns if rows and column not in rows[0]]
    if missing:
        yield f"it has no column {', '.join(map(repr, missing[:_NAMED]))}"
        return
    found = Counter(row["split"] for row in rows)
    for split in dict.fromkeys((*EVALUATED, *found)):
        expected = summary["split"]["sizes"][split] if split in EVALUATED else 0
        if found[split] != expected:
            yield f"expected {clips(expected)} of split {split}, found {found[split]}"
    for split in EVALUATED:
        for head, values in summary[split].items():
            labelled = sum(row["split"] == split and row[f"{head}_label"] != "" for row in rows)
            if labelled != values["clips"]:
                yield f"expected {clips(values['clips'])} of split {split} with a label for {head!r}, found {labelled}"


def _worst(rows: Iterable[Row], key: str, rank: str) -> list[tuple[str, int, float]]:
    right: dict[str, list[bool]] = defaultdict(list)
    for row in rows:
        if row[key]:
            right[row[key]].append(row[rank] == "1")
    table = [(name, len(found), sum(found) / len(found)) for name, found in right.items()]
    return sorted(table, key=lambda entry: (entry[2], -entry[1], entry[0]))


def find_errors(rows: Iterable[Row], head: str, good_from: float) -> Errors:
    """Finds the mistakes of a head among the rows that have a label; from the top-1 `good_from` on, a class is good."""
    labelled = [row for row in rows if row[f"{head}_label"]]
    # By rank, not by name: in a tie for first place the predicted class may be the true one, but it counts as wrong.
    wrong = [row for row in labelled if row[f"{head}_rank"] != "1"]
    pairs = Counter((row[f"{head}_label"], row[f"{head}_predicted"]) for row in wrong)
    confident = sorted(
        (
            (row["clip"], row[f"{head}_label"], row[f"{head}_predicted"], float(row[f"{head}_probability"]))
            for row in wrong
        ),
        key=lambda entry: (-entry[3], entry[0]),
    )
    return Errors(
        confusions=[(true, said, count) for (true, said), count in pairs.most_common(_ROWS)],
        classes=[
            (name, count, top1, grade(top1, count, good_from))
            for name, count, top1 in _worst(labelled, f"{head}_label", f"{head}_rank")[:_ROWS]
            if top1 < 1
        ],
        confident=confident[:_ROWS],
    )


def confusion_counts(rows: Iterable[Row], head: str) -> tuple[np.ndarray, list[str]]:
    """Counts (true, predicted) pairs: int (C, C), and the names of the C classes that occur."""
    pairs = [(row[f"{head}_label"], row[f"{head}_predicted"]) for row in rows if row[f"{head}_label"]]
    classes = sorted({name for pair in pairs for name in pair})
    index = {name: i for i, name in enumerate(classes)}
    counts = np.zeros((len(classes), len(classes)), np.int64)
    for true, said in pairs:
        counts[index[true], index[said]] += 1
    return counts, classes

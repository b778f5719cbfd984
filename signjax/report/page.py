"""`report.html`: a page about a run, in a single file that can be sent to somebody.

It is drawn from the files of the run folder, so it can be redrawn at any time. Its size is bounded: animations share
`animated.MOST_BYTES`, and matrices, maps and tables have a largest number of cells, points and rows.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from signjax.data.csv_table import read_table
from signjax.data.dataset import open_dataset
from signjax.data.text_files import write_text
from signjax.report.breakdown.animated import Animations, animate_some, pairs_of
from signjax.report.charts.bars import Bar, draw_bars
from signjax.report.charts.confusion_matrix import draw_confusion, fewer_classes
from signjax.report.charts.curves import draw_curves
from signjax.report.charts.reliability import bins_of, draw_reliability
from signjax.report.charts.scatter import Place, draw_map
from signjax.report.data_card import CARD
from signjax.report.error_analysis import Row, confusion_counts, find_errors, read_predictions
from signjax.report.figures import FIELD, MISSING
from signjax.report.grade import LEVELS, WORDS, grade, grade_of_head, worse
from signjax.report.plots import MOST_HEADS_APART, curves_of, draw_plots
from signjax.report.template import template

_QUARANTINE_ROWS = 20
# More findings than this are folded away.
_FINDINGS = 8
# Shared by the heads of a page.
_CELLS, _CLASSES, _POINTS = 3000, 600, 1000
# Every head gets at least this many.
_FEWEST_CELLS, _FEWEST_CLASSES, _FEWEST_POINTS = 200, 40, 40


def write_report(folder: Path, dataset_folder: Path, records: Sequence[dict[str, Any]]) -> None:
    """Draws the plots of a run and writes its `report.html`.

    Args:
      folder: the run folder, with `summary.json`, `config.json`, `predictions.csv` and `embedding.csv`.
      dataset_folder: the prepared data, for the animations and `quarantine.csv`.
      records: the records of `metrics.jsonl`, one per epoch.

    Raises:
      InputError: `predictions.csv` and `summary.json` come from different evaluations, or the data were damaged.
    """
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    rows = [row for row in read_predictions(folder / "predictions.csv", summary) if row["split"] == "test"]
    heads = [head for head, values in summary["test"].items() if values["clips"]]
    draw_plots(summary, rows, heads, records, folder / "plots")
    many = len(heads) > MOST_HEADS_APART
    animations = Animations(open_dataset(dataset_folder))
    pairs = {head: pairs_of(animations, rows, head, len(heads)) for head in heads}
    animate_some(animations, [row["clip"] for row in rows])
    embedding = read_table(folder / "embedding.csv")
    quarantine = read_table(dataset_folder / "quarantine.csv")
    selected = summary["training"]["selected_epoch"]
    html = template("page.html").render(
        summary=summary,
        verdict=summary["verdict"],
        most_findings=_FINDINGS,
        mark=LEVELS[summary["verdict"]["level"]],
        heads=heads,
        parts={head: _head(head, summary, rows, embedding, animations, len(heads)) for head in heads},
        pairs=pairs,
        many=many,
        means=_means(summary, heads) if many else {},
        above=sum(summary["test"][head]["top1_interval"][0] > summary["baselines"][head]["majority"] for head in heads),
        heads_chart=_heads_chart(summary, heads) if many else "",
        charts=[
            (curves.name, curves.title, draw_curves(curves.title, _epochs(records), curves.lines, selected))
            for curves in (curves_of(records) if records else ())
        ],
        above_training=_validation_above_training(records, selected),
        quarantine=quarantine[:_QUARANTINE_ROWS],
        quarantined=len(quarantine),
        card=CARD,
        config=json.loads((folder / "config.json").read_text(encoding="utf-8")),
        words=WORDS,
        animations=animations,
        stick=animations.stick,
        field=FIELD,
        unseen=MISSING,
    )
    write_text(folder / "report.html", html)


def _epochs(records: Sequence[dict[str, Any]]) -> list[int]:
    return [record["epoch"] for record in records]


def _means(summary: dict[str, Any], heads: Sequence[str]) -> dict[str, float]:
    """Means over heads of the top-1 accuracy of the model and of the baselines."""
    base = summary["baselines"]
    return {
        "top1": fmean(summary["test"][head]["top1"] for head in heads),
        **{name: fmean(base[head][name] for head in heads) for name in base[heads[0]]},
    }


def _head(
    head: str,
    summary: Mapping[str, Any],
    rows: Sequence[Row],
    embedding: Sequence[Row],
    animations: Animations,
    heads: int,
) -> dict[str, Any]:
    """What the page shows of one head."""
    rows = [row for row in rows if row[f"{head}_label"]]
    good_from = summary["verdict"]["good_from"]
    counts, classes = confusion_counts(rows, head)
    counts, drawn = fewer_classes(counts, classes, max(_CLASSES // heads, _FEWEST_CLASSES))
    matrix, hidden = draw_confusion(counts, drawn, max(_CELLS // heads, _FEWEST_CELLS))
    confidence = np.array([float(row[f"{head}_probability"]) for row in rows])
    right = np.array([row[f"{head}_rank"] == "1" for row in rows])
    places = _places(head, rows, embedding, animations, max(_POINTS // heads, _FEWEST_POINTS))
    own, word = grade_of_head(head, summary)
    return {
        "grade": own,
        "word": word,
        "class_mean": worse(own, grade(summary["test"][head]["macro_top1"], len(rows), good_from)),
        "errors": find_errors(rows, head, good_from),
        "confusion": matrix,
        "classes": len(classes),
        "classes_drawn": len(drawn),
        "cells_hidden": hidden,
        "reliability": draw_reliability(bins_of(confidence, right)),
        "groups": [
            (grouping["by"], draw_bars(f"Top-1 by {grouping['by']}", _bars(grouping, good_from)), grouping["more"])
            for grouping in summary["breakdown"][head]
        ],
        "map": draw_map(places),
        "on_map": len(places),
        "clips": len(rows),
    }


def _bars(grouping: Mapping[str, Any], good_from: float) -> list[Bar]:
    return [
        Bar(
            group["name"],
            group["top1"],
            group["interval"],
            group["clips"],
            grade(group["top1"], group["clips"], good_from),
        )
        for group in grouping["groups"]
    ]


def _heads_chart(summary: Mapping[str, Any], heads: Sequence[str]) -> str:
    """The top-1 accuracy of each head beside its baselines."""
    bars = []
    for head in heads:
        test, base = summary["test"][head], summary["baselines"][head]
        marks = {"M": base["majority"], "N": base["nearest_neighbour"], "C": base["random_convolution"]}
        own, _ = grade_of_head(head, summary)
        bars.append(Bar(head, test["top1"], test["top1_interval"], test["clips"], own, marks))
    return draw_bars("Top-1 on the test split", bars)


def _places(head: str, rows: Sequence[Row], embedding: Sequence[Row], animations: Animations, most: int) -> list[Place]:
    """The clips on the map of a head: all, or as many as fit, evenly spread."""
    where = {row["clip"]: row for row in embedding}
    step = max(1, -(-len(rows) // most))
    return [
        Place(
            float(where[row["clip"]][f"{head}_x"]),
            float(where[row["clip"]][f"{head}_y"]),
            row["clip"],
            row[f"{head}_label"],
            row[f"{head}_predicted"],
            animations.drawn(row["clip"]),
        )
        for row in rows[::step]
    ]


def _validation_above_training(records: Sequence[dict[str, Any]], selected: int) -> tuple[float, float] | None:
    """Validation and training top-1 in the selected epoch, as means over heads, where validation is above."""
    for record in records:
        if record["epoch"] == selected:
            trained = [value for name, value in record["train"].items() if name.startswith("top1/")]
            held_out = [values["top1"] for values in record["valid"].values() if "top1" in values]
            if trained and held_out and fmean(held_out) > fmean(trained):
                return fmean(held_out), fmean(trained)
    return None

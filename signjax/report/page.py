"""`report.html`: a page about a run, in a single file that can be sent to somebody.

It is drawn from the files of the run folder, so it can be redrawn at any time.
"""

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from signjax.data.csv_table import read_table
from signjax.data.text_files import write_text
from signjax.report.data_card import CARD
from signjax.report.error_analysis import confusion_counts, find_errors, read_predictions
from signjax.report.plots import MOST_HEADS_APART, file_names, plot_confusion, plot_curves, plot_heads
from signjax.report.template import template

_QUARANTINE_ROWS = 20


def write_report(folder: Path, dataset_folder: Path, records: Sequence[dict[str, Any]]) -> None:
    """Draws the plots of a run and writes its `report.html`.

    Args:
      folder: the run folder, with `summary.json`, `config.json` and `predictions.csv`.
      dataset_folder: the folder with `quarantine.csv`.
      records: the records of `metrics.jsonl`, one per epoch.

    Raises:
      InputError: `predictions.csv` and `summary.json` come from different evaluations.
    """
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    rows = [row for row in read_predictions(folder / "predictions.csv", summary) if row["split"] == "test"]
    plots = folder / "plots"
    plots.mkdir(exist_ok=True)
    pictures = plot_curves(records, summary["training"]["selected_epoch"], plots) if records else []
    heads = [head for head, values in summary["test"].items() if values["clips"]]
    confusions = {head: plots / f"confusion_{name}.png" for head, name in file_names(heads).items()}
    unwritten = {head: plot_confusion(*confusion_counts(rows, head), path) for head, path in confusions.items()}
    many = len(heads) > MOST_HEADS_APART
    if many:
        tested = {head: summary["test"][head] for head in heads}
        plot_heads(tested, summary["baselines"], plots / "heads.png")
    quarantine = read_table(dataset_folder / "quarantine.csv")
    html = template("page.html").render(
        summary=summary,
        heads=heads,
        errors={head: find_errors(rows, head) for head in heads},
        many=many,
        means=_means(summary, heads) if many else {},
        above=sum(summary["test"][head]["top1_interval"][0] > summary["baselines"][head]["majority"] for head in heads),
        pictures=[(path.stem.replace("_", " "), _as_data(path)) for path in pictures],
        heads_picture=_as_data(plots / "heads.png") if many else "",
        confusions={head: _as_data(path) for head, path in confusions.items()},
        unwritten=unwritten,
        quarantine=quarantine[:_QUARANTINE_ROWS],
        quarantined=len(quarantine),
        card=CARD,
        config=json.loads((folder / "config.json").read_text(encoding="utf-8")),
    )
    write_text(folder / "report.html", html)


def _means(summary: dict[str, Any], heads: Sequence[str]) -> dict[str, float]:
    """Means over heads of the top-1 accuracy of the model and of the baselines."""
    base = summary["baselines"]
    return {
        "top1": fmean(summary["test"][head]["top1"] for head in heads),
        **{name: fmean(base[head][name] for head in heads) for name in base[heads[0]]},
    }


def _as_data(path: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()

"""`report.html`: what a person sees of a run, in one file that can be sent to somebody.

It is drawn from the files of the run folder alone, so it can be made again at any time.
"""

import base64
import csv
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import jinja2

from signjax.report.data_card import CARD
from signjax.report.errors import confusion_counts, find_errors, read_predictions
from signjax.report.plots import MOST_HEADS_APART, plot_confusion, plot_curves, plot_heads

_QUARANTINE_ROWS = 20


def write_report(folder: Path, dataset_folder: Path, records: Sequence[dict[str, Any]]) -> None:
    """Draws the plots of a run and writes its `report.html`.

    Args:
      folder: the run folder, with `summary.json`, `config.json` and `predictions.csv`.
      dataset_folder: with `quarantine.csv`.
      records: of `metrics.jsonl`, one an epoch.
    """
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    plots = folder / "plots"
    plots.mkdir(exist_ok=True)
    pictures = plot_curves(records, summary["training"]["best_epoch"], plots)
    rows = read_predictions(folder / "predictions.csv", "test")
    heads = [head for head, values in summary["test"].items() if values["clips"]]
    confusions = {head: plots / f"confusion_{head}.png" for head in heads}
    for head, path in confusions.items():
        plot_confusion(*confusion_counts(rows, head), path)
    many = len(heads) > MOST_HEADS_APART
    if many:
        tested = {head: summary["test"][head] for head in heads}
        plot_heads(tested, summary["baselines"], plots / "heads.png")
    with (dataset_folder / "quarantine.csv").open(newline="", encoding="utf-8") as file:
        quarantine = list(csv.DictReader(file))
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("signjax.report", "."), autoescape=True, undefined=jinja2.StrictUndefined
    )
    html = environment.get_template("page.html").render(
        summary=summary,
        heads=heads,
        errors={head: find_errors(rows, head) for head in heads},
        many=many,
        means={
            "top1": fmean(summary["test"][head]["top1"] for head in heads),
            **{
                name: fmean(summary["baselines"][head][name] for head in heads)
                for name in ("majority", "nearest_neighbour")
            },
        },
        above=sum(summary["test"][head]["top1_interval"][0] > summary["baselines"][head]["majority"] for head in heads),
        pictures=[(path.stem.replace("_", " "), _as_data(path)) for path in pictures],
        heads_picture=_as_data(plots / "heads.png") if many else "",
        confusions={head: _as_data(path) for head, path in confusions.items()},
        quarantine=quarantine[:_QUARANTINE_ROWS],
        quarantined=len(quarantine),
        card=CARD,
        config=json.loads((folder / "config.json").read_text(encoding="utf-8")),
    )
    partial = folder / "report.partial"
    partial.write_text(html, encoding="utf-8")
    partial.replace(folder / "report.html")


def _as_data(path: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()

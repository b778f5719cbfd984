"""`aggregate.html`: a page about several runs, in a single file, with links to their own reports."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from signjax.data.text_files import write_text
from signjax.report.template import template

_ROWS_OPEN = 30  # of a table; the others are folded away


def write_page(path: Path, found: Mapping[str, Any]) -> None:
    """Draws the content of `aggregate.json`."""
    write_text(path, page(found))


def page(found: Mapping[str, Any]) -> str:
    """The page as HTML."""
    return template("aggregate.html", "signjax.runs").render(
        found=found,
        charts={head: dots(found, head) for head, values in found["heads"].items() if values["runs"]},
        same_data=len({run["dataset"] for run in found["runs"]}) == 1,
        warnings=_warnings(found),
        rows_open=_ROWS_OPEN,
    )


def dots(found: Mapping[str, Any], head: str) -> dict[str, Any]:
    """Where the marks of the chart of a head stand: a dot and an interval for each run, and lines for mean and baselines.

    Positions are in percent of the width.
    """
    values = found["heads"][head]
    tested = [run for run in found["runs"] if run["test"][head]["clips"]]
    lines = {name.replace("_", " "): 100 * one["mean"] for name, one in values["baselines"].items()}
    return {
        "rows": [
            {
                "name": run["name"],
                "top1": 100 * run["test"][head]["top1"],
                "low": 100 * run["test"][head]["top1_interval"][0],
                "high": 100 * run["test"][head]["top1_interval"][1],
            }
            for run in tested
        ],
        "mean": 100 * values["measures"]["top1"]["mean"],
        "lines": lines,
    }


def _warnings(found: Mapping[str, Any]) -> dict[str, list[str]]:
    """Warning -> the runs that have it."""
    listed: dict[str, list[str]] = {}
    for run in found["runs"]:
        for warning in run["warnings"]:
            listed.setdefault(warning, []).append(run["name"])
    return listed

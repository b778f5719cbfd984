"""Run folders as a training would leave them, from made-up answers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from signjax.data.csv_table import write_table
from signjax.data.text_files import write_json
from signjax.evaluation.metrics import wilson_interval
from signjax.settings import base, run_config
from signjax.settings.schema import flat

CLASSES = ("hello", "thanks")


def answers(right: Mapping[str, bool]) -> list[tuple[str, str, str, bool]]:
    """Clip, signer, class and whether the clip is named rightly; the clip `a3` is of signer `a`, and classes alternate."""
    return [(clip, clip[0], CLASSES[int(clip[1:]) % 2], found) for clip, found in right.items()]


def scores(right: Mapping[str, bool]) -> dict[str, Any]:
    found = list(right.values())
    share = float(np.mean(found))
    return {
        "clips": len(found),
        **dict.fromkeys(("top1", "top3", "top5", "macro_top1"), share),
        "top1_interval": list(wilson_interval(sum(found), len(found))),
    }


def make_run(folder: Path, right: Mapping[str, bool], changes: Mapping[str, object] | None = None) -> Path:
    """A finished run whose test clips were answered like this; its validation split is the clip `v0`, which is named rightly.

    Args:
      folder: the run folder.
      right: name of each test clip -> whether it was named rightly.
      changes: dotted key -> value, where the settings are not the base ones.
    """
    config = base.get_config()
    for key, value in (changes or {}).items():
        run_config.set_value(config, key, value)
    write_config(folder, config)
    rows = [[split, clip, signer, label, label if found else other(label), "0.9", 1 if found else 2, ""]
        for split, of_split in (("valid", {"v0": True}), ("test", right))
        for clip, signer, label, found in answers(of_split)
    ]  # fmt: skip
    header = [
        "split",
        "clip",
        "signer",
        *(f"gloss_{name}" for name in ("label", "predicted", "probability", "rank", "best")),
    ]
    write_table(folder / "predictions.csv", header, rows)
    test, valid = scores(right), scores({"v0": True})
    write_json(
        folder / "summary.json",
        {
            "verdict": {
                "notes": [],
                "heads": {"gloss": {}},
                "findings": [{"title": "few clips", "weakens": True, "head": "gloss"}],
            },
            "dataset": {"name": "made up", "digest": f"{sorted(right)}", "classes": {"gloss": 2}, "warnings": []},
            "split": {"rule": "made up", "sizes": {"train": 0, "valid": 1, "test": len(right)}},
            "model": {"parameters": 12},
            "training": {"epochs": 3, "seconds": 60.0, "first_step_seconds": 1.0, "refit": {"seconds": 30.0}},
            "valid": {"gloss": valid},
            "test": {"gloss": test},
            "baselines": {"gloss": {"majority": 0.5, "nearest_neighbour": 0.6, "random_convolution": 0.7}},
            "network": {"valid": {"gloss": valid}, "test": {"gloss": test}},
            "environment": {"devices": ["cpu"], "seed": flat(config.to_dict())["seed"]},
        },
    )
    (folder / "report.html").touch()
    return folder


def write_config(folder: Path, config: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / run_config.CONFIG_FILE, config.to_dict())
    write_json(folder / run_config.RUN_FILE, {})


def other(label: str) -> str:
    return CLASSES[1 - CLASSES.index(label)]

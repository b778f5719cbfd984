"""The clips of a finished run: those that its model learned from, and those that it was tested on."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from signjax.data.clip import Clip, ClipInfo
from signjax.data.dataset import Dataset, open_dataset


class Asked(NamedTuple):
    """A question to a peer.

    Attributes:
      dataset: of the run.
      train: int64, the labelled clips that the tested model learned from.
      test: int64, the labelled test clips.
    """

    dataset: Dataset
    train: np.ndarray
    test: np.ndarray

    @property
    def labels(self) -> np.ndarray:
        """int32 (clips of the dataset,): of the only head."""
        return self.dataset.labels[:, 0]


def read_summary(run: Path) -> dict[str, Any]:
    """The content of `summary.json`."""
    summary: dict[str, Any] = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    return summary


def learned_from(summary: dict[str, Any]) -> dict[str, Any]:
    """What the training clips of the tested model depend on: the data, and whether validation clips were learned from too."""
    return {"dataset": summary["dataset"]["digest"], "refit": summary["training"]["refit"] is not None}


def dataset_folder(run: Path) -> Path:
    """The prepared data of a run folder that has a config."""
    config = json.loads((run / "config.json").read_text(encoding="utf-8"))
    return Path(config["data"]["dataset"] or run / "dataset")


def prepared_clips(dataset: Dataset, rows: np.ndarray) -> list[Clip]:
    """Some clips of a prepared dataset, as a recogniser takes them."""
    return [Clip(ClipInfo(""), np.array(dataset.frames(i)), np.array(dataset.validity(i))) for i in rows]


def check_one_head(heads: Collection[str]) -> None:
    """Ends the process if there are several heads: the peers learn one, while the model learns all of them together."""
    if len(heads) > 1:
        raise SystemExit(f"peers learn one head, but the data have {len(heads)}; choose one with --config.data.heads")


def open_run(run: Path) -> Asked:
    """Opens the dataset of a finished run; a dataset that was replaced since ends the process."""
    summary, dataset = read_summary(run), open_dataset(dataset_folder(run))
    if dataset.digest != summary["dataset"]["digest"]:
        raise SystemExit(f"{dataset.folder}: the data are not those of the run in {run}; train again")
    splits = ["train", "valid"] if learned_from(summary)["refit"] else ["train"]
    train, test = np.concatenate([dataset.indices(split) for split in splits]), dataset.indices("test")
    labelled = dataset.labels[:, 0] >= 0
    return Asked(dataset, train[labelled[train]], test[labelled[test]])

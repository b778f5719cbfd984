"""From the answers of a run to its verdict."""

from collections.abc import Mapping, Sequence
from typing import Any

from signjax.data.dataset import Dataset
from signjax.evaluation.evaluate import Answers
from signjax.evaluation.judgement.findings import of_the_data
from signjax.evaluation.judgement.judge import judge
from signjax.evaluation.judgement.numbers import numbers_of


def judge_run(
    dataset: Dataset,
    test: Answers,
    scores: Mapping[str, Mapping[str, Any]],
    baselines: Mapping[str, Mapping[str, Any]],
    records: Sequence[Mapping[str, Any]],
    selected_epoch: int,
    network: Mapping[str, Mapping[str, Any]],
    notes: Sequence[str],
) -> dict[str, Any]:
    """The verdict, as `judge` returns it.

    Args:
      dataset: that was trained and tested on.
      test: the answers for the test clips.
      scores, baselines: split -> head -> metrics, and top-1 of each baseline; test scores also have their calibration.
      records: of `metrics.jsonl`, one per epoch.
      selected_epoch: whose weights are the model.
      network: head -> metrics of the network alone on the test split; empty where it answers alone.
      notes: other sentences that the reader must see.
    """
    selected = next((record for record in records if record["epoch"] == selected_epoch), None)
    numbers = numbers_of(dataset, test, scores, baselines, selected, network)
    return judge(numbers, of_the_data(dataset), notes)

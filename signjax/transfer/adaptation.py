"""The test for new signers of whom clips without labels are known beforehand.

Batch norm goes on with the signer's own clips until about half of its statistics are theirs; `neighbours` does the rest. Labels
are not used, but the tested clips are: this is another question than that of a signer of whom nothing is known, and its answer is
reported apart.

Source: Li et al. (2017), adaptive batch normalization.

Shapes: N clips.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import cycle, islice

import jax
import numpy as np

from signjax.data.batching.batch import Batch
from signjax.data.batching.collate import collate
from signjax.data.dataset import Dataset
from signjax.evaluation.evaluate import Answers, answers_for, joined
from signjax.model.factory import make_model
from signjax.plans.hybrid import HybridSettings
from signjax.predictor import Predictor
from signjax.training import parallel
from signjax.training.state import Variables
from signjax.training.step import make_statistics_step

_UPDATES = 7  # batch norm keeps 0.9 of its statistics at each, so 0.48 after all
FEWEST_CLIPS = 16  # of a signer; statistics of fewer say more about the signs than about the signer


def new_signers(dataset: Dataset, known: np.ndarray, asked: np.ndarray) -> dict[str, np.ndarray]:
    """Signer -> indices of their clips among `asked`, for those without a clip in `known` and with at least 16."""
    old = {dataset.clips[clip]["signer"] for clip in known} | {""}
    found: dict[str, list[int]] = {}
    for clip in asked.tolist():
        signer = dataset.clips[clip]["signer"]
        if signer not in old:
            found.setdefault(signer, []).append(clip)
    return {signer: np.array(clips) for signer, clips in sorted(found.items()) if len(clips) >= FEWEST_CLIPS}


def adapted_answers(
    dataset: Dataset,
    signers: Iterable[np.ndarray],
    predictor: Predictor,
    settings: HybridSettings,
    variables: Variables,
) -> Answers:
    """The answers for the clips of these signers, each by the model with batch statistics half of which are the signer's.

    Args:
      dataset: with the clips.
      signers: for each, indices of clips; at least one.
      predictor: of the model.
      settings: of the model.
      variables: of the model.
    """
    devices, found = predictor.devices, []
    still = make_model(replace(settings, dropout=0.0), predictor.spec, parallel.AXIS)
    step = parallel.map_statistics_step(make_statistics_step(still, predictor.spec, predictor.members), devices)
    for clips in signers:
        own = parallel.replicate(variables, devices)
        for batch in _batches(dataset, clips, predictor):
            own = {**own, "batch_stats": step(own, parallel.shard(batch, len(devices)))}
        answer = predictor.answer_with(jax.device_get(own))
        found.append(answers_for(dataset, clips, answer, predictor.batch_size, predictor.spec.buckets))
    return joined(found)


def _batches(dataset: Dataset, clips: np.ndarray, predictor: Predictor) -> Iterator[Batch]:
    """As many batches as there are updates, each of clips from all over the list: neighbours often show the same sign."""
    count = -(-len(clips) // predictor.batch_size)
    for start in islice(cycle(range(count)), _UPDATES):
        yield collate(dataset, clips[start::count], predictor.batch_size, predictor.spec.frames)

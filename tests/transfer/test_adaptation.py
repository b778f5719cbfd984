"""New signers of whom unlabelled clips are known."""

import dataclasses

import jax
import numpy as np
import pytest
from conftest import some_devices

from signjax.data.batching.collate import collate
from signjax.data.dataset import Dataset
from signjax.model.hybrid import Hybrid
from signjax.model.input_spec import make_input_spec
from signjax.plans.hybrid import HybridSettings
from signjax.plans.training import LossSettings
from signjax.predictor import Predictor
from signjax.training import parallel
from signjax.training.state import make_initializer
from signjax.training.step import make_statistics_step
from signjax.transfer import adaptation
from signjax.transfer.adaptation import adapted_answers, new_signers


@pytest.fixture(autouse=True)
def few_clips(monkeypatch):
    monkeypatch.setattr(adaptation, "FEWEST_CLIPS", 4)


def with_signers(dataset: Dataset, signers: list[str]) -> Dataset:
    named = [clip | {"signer": signers[number % len(signers)]} for number, clip in enumerate(dataset.clips)]
    return dataclasses.replace(dataset, clips=named)


def test_only_signers_without_a_known_clip_are_new(dataset):
    people = with_signers(dataset, ["Ana", "Ben", "", "Eve"])
    everything = np.arange(len(dataset))
    of = {name: everything[number::4] for number, name in enumerate(["Ana", "Ben", "", "Eve"])}
    found = new_signers(people, of["Ana"], everything)
    assert list(found) == ["Ben", "Eve"]
    np.testing.assert_array_equal(found["Ben"], of["Ben"])
    assert list(new_signers(people, of["Ana"], np.concatenate([of["Ben"], of["Eve"][:3]]))) == ["Ben"]
    assert not new_signers(people, everything, everything)


def test_half_of_the_statistics_become_the_signers_and_labels_are_not_used(dataset):
    devices = some_devices(2)
    spec = make_input_spec(dataset, (32,))
    settings = HybridSettings((6,), (3,), depth=1, units=4, heads=2, dropout=0.3)
    model = Hybrid(spec.classes, dataclasses.replace(settings, dropout=0.0), parallel.AXIS)
    variables = jax.device_get(jax.jit(make_initializer(model, spec.features, spec.frames))(0))
    predictor = Predictor(Hybrid(spec.classes, settings, parallel.AXIS), spec, LossSettings(), devices)
    step = parallel.map_statistics_step(make_statistics_step(model, spec), devices)
    asked = dataset.indices("test")
    clips = {"Ana": asked[::2], "Ben": asked[1::2]}

    def adapted(data: Dataset) -> dict[int, np.ndarray]:
        answers = adapted_answers(data, clips.values(), predictor, settings, variables)
        return dict(zip(answers.clips.tolist(), answers.logits["gloss"], strict=True))

    found = adapted(dataset)
    assert sorted(found) == sorted(asked.tolist())
    unlabelled = adapted(dataclasses.replace(dataset, labels=np.full_like(dataset.labels, -1)))
    for clip in asked.tolist():
        np.testing.assert_array_equal(found[clip], unlabelled[clip])

    # The same written out for one signer, whose clips are one batch.
    batch = collate(dataset, clips["Ana"], predictor.batch_size, spec.frames)
    placed = parallel.replicate(variables, devices)
    once = jax.device_get(step(placed, parallel.shard(batch, 2)))
    # One update keeps 0.9 of the statistics, seven keep 0.9 ** 7; the stem's inputs are the same at each.
    before, after = variables["batch_stats"]["stem_norm"]["mean"], once["stem_norm"]["mean"]
    own = (after - 0.9 * before) / 0.1
    state = placed
    for _ in range(7):
        state = {**state, "batch_stats": step(state, parallel.shard(batch, 2))}
    mean = np.asarray(state["batch_stats"]["stem_norm"]["mean"])
    np.testing.assert_allclose(mean, 0.9**7 * before + (1 - 0.9**7) * own, rtol=1e-3, atol=1e-4)
    answer = predictor.answer_with(jax.device_get(state))(batch)["gloss"]["logits"][: len(clips["Ana"])]
    np.testing.assert_allclose(np.stack([found[clip] for clip in clips["Ana"].tolist()]), answer, rtol=1e-4, atol=1e-4)
    assert not np.allclose(
        answer, predictor.answer_with(variables)(batch)["gloss"]["logits"][: len(clips["Ana"])], atol=1e-3
    )

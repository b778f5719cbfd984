import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from benchmarks.interleaved import Worker
from benchmarks.peers import recipe as recipes
from signjax.model.input_spec import make_input_spec, write_input_spec
from signjax.settings.schema import default_config

STEPS = 7


@pytest.fixture
def settings(dataset, tmp_path) -> dict:
    """For the recipe of as much of a finished run as is read."""
    config = default_config()
    config.data.dataset = str(dataset.folder)
    config.model.update({"filters": (8, 12), "units": 6, "heads": 2, "depth": 1})
    config.train.batch_size = 16
    summary = {"dataset": {"digest": dataset.digest}, "training": {"refit": None, "steps": STEPS}}
    (tmp_path / "config.json").write_text(json.dumps(config.to_dict()))
    (tmp_path / "summary.json").write_text(json.dumps(summary))
    write_input_spec(tmp_path, make_input_spec(dataset, (64,)))
    settings = {"run": str(tmp_path), "recipe": str(tmp_path / "recipe.npz"), "device": "cpu", "threads": 1}
    recipes.build(settings)
    return settings


def test_a_recipe_has_the_clips_and_the_steps_of_the_run(settings, dataset):
    recipe = recipes.read_recipe(settings)
    train, test = dataset.indices("train"), dataset.indices("test")
    np.testing.assert_array_equal(recipe.labels, dataset.labels[train, 0])
    np.testing.assert_array_equal(recipe.test_labels, dataset.labels[test, 0])
    features = make_input_spec(dataset, (64,)).features
    assert recipe.x.shape[::2] == (len(train), features) and recipe.x_test.shape[0] == len(test)
    assert recipe.network.inputs == features and tuple(recipe.network.filters) == (8, 12)
    rates, batches = zip(*recipe.batches(), strict=True)
    assert len(rates) == STEPS and max(rates) == np.float32(recipe.config["train"]["learning_rate"]) > rates[-1]
    assert all(len(np.unique(batch)) == 16 for batch in batches)


def test_the_inputs_are_standardised_and_zero_where_nothing_was_seen(settings, dataset):
    recipe = recipes.read_recipe(settings)
    position = recipe.x[:, :, : dataset.layout.width]
    assert np.isfinite(recipe.x).all() and abs(position.mean()) < 0.2 and 0.5 < position.std() < 1.5


def test_an_option_that_the_peers_lack_is_named(settings):
    run = Path(settings["run"])
    assert recipes.lacking(run) == ""
    config = json.loads((run / "config.json").read_text())
    config["train"]["members"] = 2
    (run / "config.json").write_text(json.dumps(config))
    assert recipes.lacking(run) == "its network has no train.members"
    config["train"] |= {"optimizer": "sgd", "optimizer_arguments": "momentum=0.9", "schedule": "plateau"}
    (run / "config.json").write_text(json.dumps(config))
    assert recipes.lacking(run) == (
        "its network has no train.members and no train.optimizer=sgd and no train.optimizer_arguments=momentum=0.9 and no "
        "train.schedule=plateau"
    )


@pytest.mark.parametrize("framework", ["torch", "keras"])
def test_a_peer_trains_by_the_recipe(settings, framework):
    if find_spec(framework) is None:
        pytest.skip(f"{framework} is not installed: pip install -r benchmarks/requirements.txt")
    with Worker(f"benchmarks.peers.{framework}_recipe:build", settings) as worker:
        assert 0.0 <= worker.facts["top1"] <= 1.0

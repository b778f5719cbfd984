"""A run that was not trained: random weights of a tiny network, and figures that nobody measured."""

import json
from pathlib import Path

import jax
import numpy as np

from signjax.data.csv_table import write_table
from signjax.data.dataset import Dataset
from signjax.data.text_files import write_json
from signjax.evaluation.fusion import Fusion, write_fusion
from signjax.model.factory import make_model
from signjax.model.input_spec import make_input_spec, write_input_spec
from signjax.random_convolution.classifier import fit_random_convolution
from signjax.settings import base, run_config
from signjax.settings.plans import take_apart
from signjax.training.checkpoint import Checkpoints
from signjax.training.state import TrainState, make_initializer

FRAMES = 16
SETTINGS = {
    "data.path": "/somewhere/clips",
    "data.layout": "/somewhere/mine.json",
    "data.max_frames": FRAMES,
    "model.filters": (6, 8),
    "model.kernels": (3, 3),
    "model.units": 4,
    "model.heads": 2,
    "model.depth": 1,
}


def random_like(path, leaf):
    """Values as they are in a network: variances and scales are positive."""
    random = np.random.default_rng(len(str(path)) + leaf.size)
    name = path[-1].key
    if name in ("variance", "scale"):
        return random.uniform(0.5, 1.5, leaf.shape).astype(np.float32)
    return (0.3 * random.normal(size=leaf.shape)).astype(np.float32)


def scores(top1: float, clips: int) -> dict:
    return {"clips": clips, "top1": top1, "top3": 1.0, "macro_top1": top1, "top1_interval": [top1 - 0.1, top1 + 0.1]}


def make_run(folder: Path, dataset: Dataset) -> None:
    """Makes the folder of the run."""
    folder.mkdir()
    config = base.get_config()
    for key, value in SETTINGS.items():
        run_config.set_value(config, key, value)
    write_json(folder / "config.json", json.loads(json.dumps(config.to_dict())))
    plans, spec = take_apart(config).training, make_input_spec(dataset, (FRAMES,))
    write_input_spec(folder, spec)
    initialize = make_initializer(make_model(plans.model, spec), spec.features, spec.frames)
    variables = jax.tree_util.tree_map_with_path(random_like, jax.eval_shape(initialize, 0))
    state = TrainState(np.int32(7), variables["params"], variables["batch_stats"], (), dict(variables))
    with Checkpoints(folder / "checkpoints") as checkpoints:
        checkpoints.save(state, {"selected_step": 7, "dataset": dataset.digest})
    write_json(folder / "run.json", {"dataset": dataset.digest, "model": "checkpoints"})
    classifier = fit_random_convolution(dataset, dataset.indices("train"), 0)
    write_fusion(folder, Fusion(classifier, {"gloss": (0.6, 0.4)}))
    write_results(folder, dataset)


def write_results(folder: Path, dataset: Dataset) -> None:
    """What evaluating would have written."""
    split = {"test": {"gloss": scores(0.5, 8)}, "valid": {"gloss": scores(0.25, 8)}}
    baselines = {"gloss": {"majority": 0.25, "nearest_neighbour": 0.5, "random_convolution": 0.75}}
    summary = {
        "verdict": {
            "notes": ["3 clips are not scored"],
            "heads": {"gloss": {}},
            "findings": [
                {"title": "Too few test clips to tell: 8 clips", "weakens": True, "head": "gloss"},
                {"title": "Training is above validation", "weakens": False, "head": "gloss"},
            ],
        },
        "dataset": {
            "name": "synthetic:corpus",
            "clips": 40,
            "signers": 5,
            "feasibility": {"gloss": {"sentence": "can be learned and tested"}},
            "warnings": [],
        },
        "split": {"rule": "signers held out", "sizes": {"train": 24, "valid": 8, "test": 8}},
        "training": {"refit": {}},
        **split,
        "baselines": baselines,
        "baselines_valid": baselines,
        "network": split,
        "fusion": {"gloss": {"network": 0.6, "random_convolution": 0.4}},
    }
    write_json(folder / "summary.json", summary)
    names = dataset.heads["gloss"]
    test = [dataset.clips[clip] for clip in dataset.indices("test")]
    rows = [
        ["test", clip["clip"], clip["signer"], names[number % 4], names[number % 2], "1" if number % 4 < 2 else "2"]
        for number, clip in enumerate(test)
    ]
    columns = ["split", "clip", "signer", "gloss_label", "gloss_predicted", "gloss_rank"]
    write_table(folder / "predictions.csv", columns, rows)

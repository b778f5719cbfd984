"""What PyTorch and Keras need to train signjax's network by the recipe of a finished run; see `benchmarks.time_to_accuracy`.

As in the run: clips learned from, inputs of the network, batch size, number of steps, learning rates, loss and moving average. Left
out: augmentation, masks (so clips are resampled to one length), and the random-convolution classifier that the network is fused
with.

Shapes: N training clips, M test clips, L frames, I inputs per frame.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.finished_run import Asked, open_run, read_summary
from benchmarks.peers.network import Network, base_network
from benchmarks.worker import Job
from signjax.random_convolution.features import common_length, resample

# Schedules whose learning rates are known before training.
_PLANNED = ("cosine", "one_cycle", "step", "constant")


@dataclass(frozen=True)
class Recipe:
    """A recipe.

    Attributes:
      x: float32 (N, L, I), the inputs for the training clips.
      labels: int64 (N,).
      x_test: float32 (M, L, I).
      test_labels: int64 (M,).
      rates: float32 (steps,), the learning rate of each.
      network: the sizes of the network.
      config: of the run: section -> key -> value.
    """

    x: np.ndarray
    labels: np.ndarray
    x_test: np.ndarray
    test_labels: np.ndarray
    rates: np.ndarray
    network: Network
    config: dict[str, Any]

    def batches(self) -> Iterator[tuple[float, np.ndarray]]:
        """The learning rate and the clips of each step: full batches, of a new permutation in each epoch."""
        random = np.random.default_rng(self.config["seed"])
        size = min(self.config["train"]["batch_size"], len(self.x))
        order = np.zeros(0, np.int64)
        for rate in self.rates:
            if len(order) < size:
                order = random.permutation(len(self.x))
            yield float(rate), order[:size]
            order = order[size:]

    def top1(self, logits: np.ndarray) -> float:
        """The share of test clips that logits (M, C) name rightly."""
        return float(np.mean(logits.argmax(1) == self.test_labels))


def lacking(run: Path) -> str:
    """Why the peers cannot train the network of a run; empty if they can."""
    train = _config(run)["train"]
    found = ["train.members"] if train.get("members", 1) > 1 else []
    for key, known in (("optimizer", ("adamw",)), ("optimizer_arguments", ("",)), ("schedule", _PLANNED)):
        if train.get(key, known[0]) not in known:
            found.append(f"train.{key}={train[key]}")
    return f"its network has no {' and no '.join(found)}" if found else ""


def read_recipe(settings: dict[str, Any]) -> Recipe:
    """The recipe in the file `recipe`, for the run in `run`."""
    config = _config(Path(settings["run"]))
    with np.load(settings["recipe"]) as arrays:
        network = base_network(arrays["x"].shape[2], int(arrays["classes"]), **config["model"])
        names = ("x", "labels", "x_test", "test_labels", "rates")
        return Recipe(**{name: arrays[name] for name in names}, network=network, config=config)


def build(settings: dict[str, Any]) -> Job:
    """Writes the recipe of the run in `run` to the file `recipe`. Of all that trains by it, only this loads jax."""
    import jax

    from signjax.settings.plans import take_apart
    from signjax.settings.run_config import of_run
    from signjax.training.optimizer import make_schedule

    run = Path(settings["run"])
    asked, training = open_run(run), read_summary(run)["training"]
    steps = (training["refit"] or training)["steps"]
    optimizer = replace(take_apart(of_run(run)).training.optimizer, total_steps=steps)
    labels = asked.labels.astype(np.int64)
    np.savez(
        settings["recipe"],
        x=_inputs(run, asked, asked.train),
        labels=labels[asked.train],
        x_test=_inputs(run, asked, asked.test),
        test_labels=labels[asked.test],
        rates=np.asarray(jax.vmap(make_schedule(optimizer))(np.arange(steps, dtype=np.float32))),
        classes=len(next(iter(asked.dataset.heads.values()))),
    )
    return Job({"steps": steps}, lambda _: None)


def _config(run: Path) -> dict[str, Any]:
    config: dict[str, Any] = json.loads((run / "config.json").read_text(encoding="utf-8"))
    return config


def _inputs(run: Path, asked: Asked, clips: np.ndarray) -> np.ndarray:
    """float32 (N, L, I): what signjax's network sees of clips that have all one length."""
    import jax.numpy as jnp

    from signjax.model.input_spec import read_input_spec
    from signjax.model.inputs import model_inputs

    dataset, length = asked.dataset, common_length(asked.dataset, asked.train)
    frames = resample(dataset, clips, length).transpose(2, 1, 0) * dataset.std + dataset.mean
    seen = jnp.ones((len(clips), length, len(dataset.layout.parts)), bool)
    lengths = jnp.full(len(clips), length, jnp.int32)
    return np.asarray(model_inputs(jnp.asarray(frames), lengths, seen, read_input_spec(run))[0])

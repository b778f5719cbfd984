"""Training epochs in Keras on TensorFlow on real clips, padded to one length; see `benchmarks.epoch`."""

from benchmarks.peers import keras_training  # isort: skip  (chooses the backend before keras is loaded)

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks.peers.clips import TrainingClips
from benchmarks.peers.network import base_network
from benchmarks.worker import Job


class Batches(keras.utils.PyDataset):
    """Batches for `fit`, in a new random order each epoch."""

    def __init__(self, clips: TrainingClips, batch: int, frames: int):
        super().__init__()
        self._clips, self._batch, self._frames = clips, batch, frames
        self.on_epoch_end()

    def __len__(self) -> int:
        return len(self._order)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        return self._clips.batch(self._order[index], self._frames, tight=False)

    def on_epoch_end(self) -> None:
        self._order = self._clips.order(self._batch, bucketed=False)


def build(settings: dict[str, Any]) -> Job:
    keras_training.set_up(settings)
    clips = TrainingClips(settings["folder"])
    batch, frames = settings["batch"], settings["frames"]
    network = base_network(clips.inputs, clips.classes)
    model = keras_training.compiled_model(network, frames, jit=settings["compiled"], steps_per_execution=1)
    batches = Batches(clips, batch, frames)

    def run(epochs: int) -> None:
        model.fit(batches, epochs=epochs, verbose=0, shuffle=False)

    run(1)
    version = f"{keras.__version__}, TensorFlow {tf.__version__}"
    facts = {"parameters": keras_training.parameter_count(model), "version": version, "clips": len(batches) * batch}
    return Job(facts, run)

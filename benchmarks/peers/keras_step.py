"""The training step of the hybrid in Keras on TensorFlow, on one batch that stays in memory; see `benchmarks.train_step`."""

from benchmarks.peers import keras_training  # isort: skip  (chooses the backend before keras is loaded)

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks.peers.network import network_of
from benchmarks.worker import Job


def build(settings: dict[str, Any]) -> Job:
    keras_training.set_up(settings)
    network, batch, frames = network_of(settings), settings["batch"], settings["frames"]
    model = keras_training.compiled_model(network, frames, jit=settings["compiled"], steps_per_execution=1)
    rng = np.random.default_rng(0)
    x = tf.constant(rng.normal(size=(batch, frames, network.inputs)).astype(np.float32))
    labels = tf.constant(rng.integers(network.classes, size=batch).astype(np.int32))
    # What `fit` calls for each step, without the rest of `fit`.
    model.make_train_function()
    step = model.train_function
    batches = iter(tf.data.Dataset.from_tensors((x, labels)).cache().repeat())

    def run(count: int) -> None:
        for _ in range(count):
            logs = step(batches)
        float(logs["loss"])

    run(2)
    version = f"{keras.__version__}, TensorFlow {tf.__version__}"
    return Job({"parameters": keras_training.parameter_count(model), "version": version}, run)

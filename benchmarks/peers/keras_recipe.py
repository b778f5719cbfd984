"""Trains the network in Keras on TensorFlow by the recipe of a finished run; see `benchmarks.time_to_accuracy`.

The decay of Keras's moving average is constant, while that of the recipe rises to it; batch-norm statistics are not averaged.
"""

from benchmarks.peers import keras_training  # isort: skip  (chooses the backend before keras is loaded)

from typing import Any

import keras
import tensorflow as tf
from ml_collections import ConfigDict

from benchmarks.peers.recipe import read_recipe
from benchmarks.worker import Job


def build(settings: dict[str, Any]) -> Job:
    """Trains and answers; the facts hold the result."""
    recipe = read_recipe(settings)
    keras_training.set_up(settings | {"precision": recipe.config["model"]["precision"]})
    model = keras_training.compiled_model(
        recipe.network, recipe.x.shape[1], jit=False, steps_per_execution=1, config=ConfigDict(recipe.config)
    )
    for rate, clips in recipe.batches():
        model.optimizer.learning_rate = rate
        model.train_on_batch(recipe.x[clips], recipe.labels[clips])
    model.optimizer.finalize_variable_values(model.trainable_variables)  # the moving average
    top1 = recipe.top1(model.predict(recipe.x_test, verbose=0))
    return Job({"top1": top1, "version": f"{keras.__version__}, TensorFlow {tf.__version__}"}, lambda _: None)

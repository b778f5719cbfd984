"""Training in Keras 3 on TensorFlow: the compiled model, its optimizer and its loss."""

from benchmarks.peers import keras_network  # isort: skip  (chooses the backend before keras is loaded)

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops
from ml_collections import ConfigDict

from benchmarks.peers.network import Network
from configs.base import get_config


def set_up(settings: dict[str, Any]) -> None:
    """Sets threads, seeds and the precision policy."""
    tf.config.threading.set_intra_op_parallelism_threads(settings["threads"])
    tf.config.threading.set_inter_op_parallelism_threads(settings["threads"])
    keras.utils.set_random_seed(0)
    if settings["precision"] == "bfloat16":
        keras.mixed_precision.set_global_policy("mixed_bfloat16")


def clip_losses(labels: Any, logits: Any, loss: ConfigDict) -> Any:
    """Focal plus cross-entropy loss of each clip, as in `signjax.training.losses`."""
    log_probability = ops.log_softmax(logits)
    log_true = ops.take_along_axis(log_probability, ops.reshape(labels, (-1, 1)), axis=1)[:, 0]
    smooth = loss.label_smoothing
    cross_entropy = -(1 - smooth) * log_true - smooth * ops.mean(log_probability, axis=1)
    focal = -((-ops.expm1(ops.minimum(log_true, -1e-7))) ** loss.focal_gamma) * log_true
    return loss.cross_entropy_weight * cross_entropy + loss.focal_weight * focal


def compiled_model(
    network: Network, frames: int | None, *, jit: bool, steps_per_execution: int, config: ConfigDict | None = None
) -> keras.Model:
    """The hybrid with AdamW, gradient clipping and the moving average of the weights, by default of the base configuration."""
    config = config or get_config()
    train = config.train

    def loss(labels: Any, logits: Any) -> Any:
        return clip_losses(labels, logits, config.loss)

    model = keras_network.hybrid(network, frames)
    optimizer = keras.optimizers.AdamW(
        train.learning_rate,
        weight_decay=train.weight_decay,
        global_clipnorm=train.clip_norm,
        use_ema=True,
        ema_momentum=train.average_decay,
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    model.compile(optimizer, loss, jit_compile=jit, steps_per_execution=steps_per_execution)
    return model


def parameter_count(model: keras.Model) -> int:
    return int(sum(np.prod(value.shape) for value in model.trainable_variables))

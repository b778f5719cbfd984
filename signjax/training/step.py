"""One training step and one evaluation step, for one device of several that share a batch.

Shapes: B clips on this device, T frames, F channels, P parts, C classes of a head.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

from signjax.augment import Augmentation, augment
from signjax.layers.dropout import row_keys
from signjax.model import Hybrid, model_inputs
from signjax.streams import stream_key
from signjax.training.losses import LossSettings, clip_losses
from signjax.training.state import TrainState, Variables

Batch = Mapping[str, Array]
Metrics = dict[str, Any]


@dataclass(frozen=True)
class InputSettings:
    """What the steps know of the data.

    Attributes:
      part_of_channel: int (F,).
      mean, std: float32 (F,), from training clips.
      mirror: as `Layout.mirror` gives it, or None where the layout cannot be mirrored.
    """

    part_of_channel: np.ndarray
    mean: np.ndarray
    std: np.ndarray
    mirror: tuple[np.ndarray, np.ndarray, np.ndarray] | None


def average_decay(step: Array, decay: float) -> Array:
    """Decay of the moving average: rises from 0.1 to `decay`, so that early weights are soon forgotten."""
    return jnp.minimum(decay, (1.0 + step) / (10.0 + step))


def make_train_step(
    model: Hybrid,
    optimizer: optax.GradientTransformation,
    schedule: optax.Schedule,
    loss_settings: LossSettings,
    inputs: InputSettings,
    augmentation: Augmentation,
    decay: float,
    seed: int,
) -> Callable[[TrainState, Batch], tuple[TrainState, Metrics]]:
    """A function (state, batch) -> (state, metrics), to be mapped over `model.axis_name`.

    Sums and counts are added over the devices before they are divided, so that any number of devices gives the same result.
    """

    def total(value: Any) -> Any:
        return value if model.axis_name is None else jax.lax.psum(value, model.axis_name)

    def step(state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
        row = batch["row"]
        keys = row_keys(stream_key(seed, state.step, "augment"), row)
        std = jnp.asarray(inputs.std)
        frames, length, valid = augment(
            batch["frames"], batch["length"], batch["valid"], keys, augmentation, inputs.mirror, std
        )
        x, mask = model_inputs(
            frames, length, valid, jnp.asarray(inputs.part_of_channel), jnp.asarray(inputs.mean), std
        )
        labels = {head: batch["labels"][:, column] for column, head in enumerate(model.classes)}
        counted = {head: (values >= 0) * batch["weight"] for head, values in labels.items()}
        counts = {head: jnp.maximum(total(values.sum()), 1.0) for head, values in counted.items()}

        def loss_of(params: Any) -> tuple[Array, tuple[Any, dict[str, Array]]]:
            logits, updated = model.apply(
                {"params": params, "batch_stats": state.batch_stats},
                x,
                mask,
                row,
                training=True,
                rngs={"dropout": stream_key(seed, state.step, "dropout")},
                mutable=["batch_stats"],
            )
            losses = {
                head: (clip_losses(logits[head], labels[head], loss_settings) * counted[head]).sum() / counts[head]
                for head in logits
            }
            return jnp.stack(list(losses.values())).mean(), (updated["batch_stats"], logits)

        (loss, (batch_stats, logits)), gradient = jax.value_and_grad(loss_of, has_aux=True)(state.params)
        # Each device's loss is its share of the batch's, so shares and their gradients add up.
        loss, gradient = total(loss), total(gradient)
        updates, opt_state = optimizer.update(gradient, state.opt_state, state.params)
        params = optax.apply_updates(state.params, updates)
        keep = average_decay(state.step, decay)
        average = jax.tree.map(
            lambda old, new: keep * old + (1.0 - keep) * new,
            state.average,
            {"params": params, "batch_stats": batch_stats},
        )
        metrics = {
            "loss": loss,
            "learning_rate": schedule(state.step),
            "gradient_norm": optax.tree.norm(gradient),
            "update_norm": optax.tree.norm(updates),
            "parameter_norm": optax.tree.norm(params),
        }
        for head in logits:
            right = (logits[head].argmax(1) == labels[head]) * counted[head]
            metrics[f"top1/{head}"] = total(right.sum()) / counts[head]
        new_state = TrainState(
            step=state.step + 1, params=params, batch_stats=batch_stats, opt_state=opt_state, average=average
        )
        return new_state, metrics

    return step


def make_eval_step(
    model: Hybrid, loss_settings: LossSettings, inputs: InputSettings
) -> Callable[[Variables, Batch], dict[str, dict[str, Array]]]:
    """A function (variables, batch) -> {head: {`logits` (B, C), `loss` (B,)}}, without augmentation or dropout."""

    def step(variables: Variables, batch: Batch) -> dict[str, dict[str, Array]]:
        x, mask = model_inputs(
            batch["frames"],
            batch["length"],
            batch["valid"],
            jnp.asarray(inputs.part_of_channel),
            jnp.asarray(inputs.mean),
            jnp.asarray(inputs.std),
        )
        logits: Any = model.apply(variables, x, mask, batch["row"], training=False)
        return {
            head: {"logits": logits[head], "loss": clip_losses(logits[head], batch["labels"][:, column], loss_settings)}
            for column, head in enumerate(model.classes)
        }

    return step

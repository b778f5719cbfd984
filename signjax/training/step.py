"""One training step and one evaluation step, for one device of several that share a batch.

Shapes: B clips on this device, T frames, F channels, P parts, C classes of a head.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Integer

from signjax.augment import Augmentation, Channels, augment
from signjax.data.batching.batch import Batch
from signjax.model.factory import Model
from signjax.model.input_spec import InputSpec
from signjax.model.inputs import model_inputs
from signjax.rng.per_clip import row_keys
from signjax.rng.streams import stream_key
from signjax.training.losses import LossSettings, clip_losses
from signjax.training.members import each_member, pooled, right
from signjax.training.optimizer import applied_rate
from signjax.training.records.epoch_metrics import SKIPPED
from signjax.training.state import TrainState, Variables

Metrics = dict[str, Any]


def average_decay(step: Array, decay: Float[Array, ""] | float) -> Array:
    """Decay of the moving average: rises from 0.1 to `decay`, so that early weights are soon forgotten."""
    done = step.astype(jnp.float32)
    return jnp.minimum(decay, (1.0 + done) / (10.0 + done))


def make_train_step(
    model: Model,
    optimizer: optax.GradientTransformationExtraArgs,
    schedule: optax.Schedule,
    loss_settings: LossSettings,
    spec: InputSpec,
    augmentation: Augmentation,
    decay: Float[Array, ""] | float,
    seed: Integer[Array, ""] | int,
    accumulate: int = 1,
    axis_name: str | None = None,
    class_weights: Mapping[str, np.ndarray] = MappingProxyType({}),
) -> Callable[..., tuple[TrainState, Metrics]]:
    """A function (state, batch, member=None) -> (state, metrics), to be mapped over `axis_name`, which the model knows too.

    Sums and counts are added over the devices before they are divided, so that any number of devices gives the same result.
    With `accumulate` above 1 a device's clips go through the network in that many parts, one after another; the gradient is
    that of the whole batch, but batch norm sees each part separately. Of several networks that are trained together, the step
    trains one, whose number is `member`. A head with class weights (C,) has each clip's loss multiplied by that of its class.
    """

    def total(tree: Any) -> Any:
        """What all devices hold, added up: as one array, which the cores of a CPU add up several times as fast as many."""
        if axis_name is None:
            return tree
        values, restore = ravel_pytree(tree)
        return restore(jax.lax.psum(values, axis_name))

    channels = Channels(spec.layout, spec.std, spec.within, spec.cleaning.centre)

    def step(state: TrainState, batch: Batch, member: Any = None) -> tuple[TrainState, Metrics]:
        keys = row_keys(stream_key(seed, state.step, "augment", member), batch.row)
        with jax.named_scope("augment"):
            clips = augment(batch.frames, batch.length, batch.valid, keys, augmentation, channels)
        with jax.named_scope("inputs"):
            x, mask = model_inputs(clips.frames, clips.length, clips.valid, spec, clips.undisturbed)
        labels = {head: batch.labels[:, column] for column, head in enumerate(model.classes)}
        counted = {head: jnp.where(values >= 0, batch.weight, 0.0) for head, values in labels.items()}
        counts_here = {head: values.sum() for head, values in counted.items()}

        def loss_of(params: Any, batch_stats: Any, part: Any) -> tuple[Array, tuple[Any, dict[str, Array]]]:
            x, mask, row, labels, counted = part
            logits, updated = model.apply(
                {"params": params, "batch_stats": batch_stats},
                x,
                mask,
                row,
                training=True,
                rngs={"dropout": stream_key(seed, state.step, "dropout", member)},
                mutable=["batch_stats"],
            )
            right_here = {
                head: jnp.where(logits[head].argmax(1) == labels[head], counted[head], 0.0).sum() for head in logits
            }
            # Devices wait for one another at every sum. Counts alone would be added up as the step begins, when the devices are
            # furthest apart; so they are added up with the right answers.
            right, counts = total((right_here, counts_here))
            counts = {head: jnp.maximum(count, 1.0) for head, count in counts.items()}
            losses = [
                (clip_losses(logits[head], labels[head], loss_settings, class_weights.get(head)) * counted[head]).sum()
                / counts[head]
                for head in model.classes
            ]
            top1 = {head: right[head] / counts[head] for head in model.classes}
            return jnp.stack(losses).mean(), (updated["batch_stats"], top1)

        part = (x, mask, batch.row, labels, counted)
        batch_stats, (loss, top1, gradient) = _in_parts(loss_of, state.params, state.batch_stats, part, accumulate)
        # Each device's loss is its share of the batch's, so shares and their gradients add up.
        loss, gradient = total((loss, gradient))
        with jax.named_scope("optimizer"):
            updates, opt_state = optimizer.update(gradient, state.opt_state, state.params, value=loss)
            params = optax.apply_updates(state.params, updates)
        keep = average_decay(state.step, decay)
        with jax.named_scope("average"):
            average = jax.tree.map(
                lambda old, new: keep * old + (1.0 - keep) * new,
                state.average,
                {"params": params, "batch_stats": batch_stats},
            )
        metrics = {
            "loss": loss,
            "learning_rate": applied_rate(schedule(state.step.astype(jnp.float32)), opt_state),
            "gradient_norm": optax.tree.norm(gradient),
            "update_norm": optax.tree.norm(updates),
            "parameter_norm": optax.tree.norm(params),
        }
        metrics |= {f"top1/{head}": share for head, share in top1.items()}
        new_state = TrainState(
            step=state.step + 1,
            params=params,
            batch_stats=batch_stats,
            opt_state=opt_state,
            average=average,
        )
        return new_state, metrics

    return step


def skip_not_finite(step: Callable[..., tuple[TrainState, Metrics]]) -> Callable[..., tuple[TrainState, Metrics]]:
    """The same step, which changes nothing but the step counter where loss, gradient or update are not finite.

    Its metrics have `skipped`, 1 for such a step and else 0.
    """

    def guarded(state: TrainState, batch: Batch, member: Any = None) -> tuple[TrainState, Metrics]:
        new, metrics = step(state, batch, member)
        finite = jnp.isfinite(jnp.stack([metrics["loss"], metrics["gradient_norm"], metrics["update_norm"]])).all()
        kept = jax.tree.map(lambda after, before: jnp.where(finite, after, before), new, state)
        return kept.replace(step=new.step), metrics | {SKIPPED: 1.0 - finite.astype(jnp.float32)}

    return guarded


def _in_parts(loss_of: Any, params: Any, batch_stats: Any, batch: Any, parts: int) -> tuple[Any, Any]:
    """The batch statistics after, and the sums of loss, share of right answers and gradient, of a batch in `parts` equal parts."""
    gradient_of = jax.value_and_grad(loss_of, has_aux=True)

    def run(batch_stats: Any, part: Any) -> tuple[Any, Any]:
        (loss, (batch_stats, top1)), gradient = gradient_of(params, batch_stats, part)
        return batch_stats, (loss, top1, gradient)

    if parts == 1:
        return run(batch_stats, batch)
    split = jax.tree.map(lambda value: value.reshape(parts, -1, *value.shape[1:]), batch)
    first = jax.tree.map(lambda value: value[0], split)
    zeros = jax.tree.map(lambda like: jnp.zeros(like.shape, like.dtype), jax.eval_shape(run, batch_stats, first)[1])

    def add(carry: tuple[Any, Any], part: Any) -> tuple[tuple[Any, Any], None]:
        batch_stats, sums = carry
        batch_stats, more = run(batch_stats, part)
        return (batch_stats, jax.tree.map(jnp.add, sums, more)), None

    return jax.lax.scan(add, (batch_stats, zeros), split)[0]


def make_eval_step(
    model: Model, loss_settings: LossSettings, spec: InputSpec, members: int = 1
) -> Callable[[Variables, Batch], dict[str, dict[str, Array]]]:
    """A function (variables, batch) -> {head: {`logits` (B, C), `loss` (B,)}}, without augmentation or dropout.

    Several members answer together, and each head then also has `members` (B, M): whether each of them alone is right.
    """

    def step(variables: Variables, batch: Batch) -> dict[str, dict[str, Array]]:
        x, mask = model_inputs(batch.frames, batch.length, batch.valid, spec)

        def answer(_: Any, variables: Variables) -> Any:
            return model.apply(variables, x, mask, batch.row, training=False)

        answers = each_member(answer, members)(variables)
        results = {}
        for column, head in enumerate(model.classes):
            labels = batch.labels[:, column]
            logits = answers[head] if members == 1 else pooled(answers[head])
            results[head] = {"logits": logits, "loss": clip_losses(logits, labels, loss_settings)}
            if members > 1:
                results[head]["members"] = right(answers[head], labels)
        return results

    return step


def make_statistics_step(model: Model, spec: InputSpec, members: int = 1) -> Callable[[Variables, Batch], Any]:
    """A function (variables, batch) -> batch statistics after one more batch, for a model without dropout."""

    def step(variables: Variables, batch: Batch) -> Any:
        x, mask = model_inputs(batch.frames, batch.length, batch.valid, spec)

        def of_one(_: Any, variables: Variables) -> Any:
            changed: Any = model.apply(variables, x, mask, batch.row, training=True, mutable=["batch_stats"])[1]
            return changed["batch_stats"]

        return each_member(of_one, members)(variables)

    return step

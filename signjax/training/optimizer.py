"""The optimizer: AdamW with clipped gradients, a warm-up and a cosine."""

from typing import Any

import jax
import optax

from signjax.plans.training import OptimizerSettings


def make_schedule(settings: OptimizerSettings) -> optax.Schedule:
    """Step -> learning rate.

    Source: cosine decay, Loshchilov & Hutter (2017).
    """
    return optax.warmup_cosine_decay_schedule(
        init_value=0.0,
        peak_value=settings.learning_rate,
        warmup_steps=int(settings.warmup_fraction * settings.total_steps),
        decay_steps=settings.total_steps,
        end_value=settings.learning_rate * settings.final_fraction,
    )


def make_optimizer(settings: OptimizerSettings) -> optax.GradientTransformation:
    """Clip, then AdamW (Loshchilov & Hutter, 2019), which does not decay biases and scales."""

    def is_decayed(params: Any) -> Any:
        return jax.tree.map(lambda value: value.ndim > 1, params)

    return optax.chain(
        optax.clip_by_global_norm(settings.clip_norm),
        _promoting(optax.adamw(make_schedule(settings), weight_decay=settings.weight_decay, mask=is_decayed)),
    )


def _promoting(optimizer: optax.GradientTransformation) -> optax.GradientTransformation:
    """The same optimizer in standard dtype promotion: optax raises floats to integer powers, which strict promotion refuses."""

    def update(updates: Any, state: Any, params: Any = None) -> tuple[Any, Any]:
        with jax.numpy_dtype_promotion("standard"):
            return optimizer.update(updates, state, params)

    return optax.GradientTransformation(optimizer.init, update)

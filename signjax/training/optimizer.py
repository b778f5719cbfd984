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
        optax.adamw(make_schedule(settings), weight_decay=settings.weight_decay, mask=is_decayed),
    )

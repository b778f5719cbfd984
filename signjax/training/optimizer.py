"""The optimizer: AdamW with clipped gradients, a warm-up and a cosine."""

from dataclasses import dataclass
from typing import Any

import jax
import optax


@dataclass(frozen=True)
class OptimizerSettings:
    """What the optimizer needs; durations are in steps.

    Attributes:
      learning_rate: peak.
      warmup_steps: linear rise from zero.
      decay_steps: length of warm-up and cosine together; after it the rate stays at its final value.
      final_fraction: final rate, as a fraction of the peak.
      weight_decay: decoupled, on matrices and kernels alone.
      clip_norm: largest global norm of a gradient.
    """

    learning_rate: float
    warmup_steps: int
    decay_steps: int
    final_fraction: float
    weight_decay: float
    clip_norm: float


def make_schedule(settings: OptimizerSettings) -> optax.Schedule:
    """Step -> learning rate.

    Source: cosine decay, Loshchilov & Hutter (2017).
    """
    return optax.warmup_cosine_decay_schedule(
        init_value=0.0,
        peak_value=settings.learning_rate,
        warmup_steps=settings.warmup_steps,
        decay_steps=max(settings.decay_steps, settings.warmup_steps + 1),
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

"""The optimizer and its learning-rate schedule, by name: clipped gradients, decoupled weight decay of matrices and kernels."""

from collections import Counter
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array
from optax.contrib import MuonDimensionNumbers, ReduceLROnPlateauState, muon, reduce_on_plateau

from signjax.plans.optimizer_arguments import read_arguments
from signjax.plans.training import LoopSettings, OptimizerSettings

# One-cycle begins at this part of the peak, as in optax and in the paper's code.
_RISE = 25.0

# The loss of single batches goes up and down, so a plateau is judged by means over windows: this many without a lower one.
_WINDOWS = 4

# Optimizers multiply by the learning rate and turn the direction around: by this rate, they give the direction as it is.
_DIRECTION = -1.0


def make_schedule(settings: OptimizerSettings) -> optax.Schedule:
    """Step -> learning rate. That of `plateau` is the one before reductions, which depend on the loss; see `applied_rate`.

    Source: cosine decay, Loshchilov & Hutter (2017); one-cycle, Smith & Topin (2017).
    """
    share = _share_of_peak(settings)

    def promoted(step: Any) -> Any:
        with jax.numpy_dtype_promotion("standard"):  # optax compares the step, which may be a float, with integers
            return settings.learning_rate * share(step)

    return promoted


def make_optimizer(settings: OptimizerSettings) -> optax.GradientTransformationExtraArgs:
    """Clip, then the optimizer; its update needs the loss of the batch as `value` where the schedule is `plateau`.

    Source: AdamW, Loshchilov & Hutter (2019); Lion, Chen et al. (2023); Muon, Jordan et al. (2024).
    """
    parts = [optax.clip_by_global_norm(settings.clip_norm), _promoting(_named(settings))]
    if settings.schedule == "plateau":
        parts.append(_promoting(_plateau(settings)))
    return optax.chain(*parts)


def applied_rate(rate: Array, opt_state: optax.OptState) -> Array:
    """The learning rate of an update: that of the schedule, times what a plateau has left of it in the state after the update."""
    parts = jax.tree.leaves(opt_state, is_leaf=lambda part: isinstance(part, ReduceLROnPlateauState))
    left = [part.scale for part in parts if isinstance(part, ReduceLROnPlateauState)]
    return rate * left[0] if left else rate


def _share_of_peak(settings: OptimizerSettings) -> optax.Schedule:
    """Step -> learning rate, as a share of its peak; so the peak can be an argument of a compiled program."""
    peak, steps, final = 1.0, settings.total_steps, settings.final_fraction
    warmup = int(settings.warmup_fraction * steps)
    if settings.schedule == "cosine":
        return optax.warmup_cosine_decay_schedule(0.0, peak, warmup, decay_steps=steps, end_value=peak * final)
    if settings.schedule == "one_cycle":
        fall = 1 / (_RISE * final) if final else float("inf")  # by which optax divides the first value to get the last
        return optax.cosine_onecycle_schedule(steps, peak, settings.warmup_fraction, _RISE, fall)
    risen = optax.join_schedules([optax.linear_schedule(0.0, peak, warmup), optax.constant_schedule(peak)], [warmup])
    if settings.schedule == "step":
        reductions = Counter(round(share * steps) for share in settings.decay_at)
        factors = {step: settings.decay_factor**count for step, count in reductions.items()}
        stairs = optax.piecewise_constant_schedule(1.0, factors)
        return lambda step: risen(step) * stairs(step)
    return risen


def _named(settings: OptimizerSettings) -> optax.GradientTransformation:
    """The optimizer by its name, with its arguments, weight decay and schedule."""
    name, schedule, decay = settings.optimizer, make_schedule(settings), settings.weight_decay
    arguments: dict[str, Any] = read_arguments(name, settings.optimizer_arguments)
    if name == "adamw":
        return optax.adamw(schedule, weight_decay=decay, mask=_is_decayed, **arguments)
    if name == "lion":
        return optax.lion(schedule, weight_decay=decay, mask=_is_decayed, **arguments)
    # optax's SGD has no decay, and its Muon cannot spare the biases that it leaves to Adam.
    if name == "sgd":
        direction = optax.sgd(_DIRECTION, **arguments)
    else:
        direction = muon(_DIRECTION, muon_weight_dimension_numbers=_as_matrices, **arguments)
    return optax.chain(direction, optax.add_decayed_weights(decay, _is_decayed), optax.scale_by_learning_rate(schedule))


def _is_decayed(params: Any) -> Any:
    """Whether each parameter is decayed: matrices and kernels are, biases and scales are not."""
    return jax.tree.map(lambda value: value.ndim > 1, params)


def _as_matrices(params: Any) -> Any:
    """For each parameter which axes Muon takes for the rows and columns of a matrix, or None, which leaves it to Adam.

    A convolution kernel (k, in, out) maps the k * in values under it to `out` features, so it is one matrix (k * in, out). The
    last layers, named `head_*`, are left to Adam as the authors of Muon advise. The matrices of an LSTM's or GRU's gates, and of
    attention's queries, keys and values, are orthogonalized as they are stored: side by side, as one.
    """

    def axes_of(path: Any, value: Any) -> MuonDimensionNumbers | None:
        if _is_of_head(path):
            return None
        if value.ndim == 2:
            return MuonDimensionNumbers(0, 1)
        return MuonDimensionNumbers((0, 1), 2) if value.ndim == 3 else None

    return jax.tree_util.tree_map_with_path(axes_of, params)


def _plateau(settings: OptimizerSettings) -> optax.GradientTransformationExtraArgs:
    """Reduces updates when means of the loss over windows of steps no longer fall."""
    window = max(1, round(settings.plateau_fraction * settings.total_steps / _WINDOWS))
    plateau = reduce_on_plateau(
        settings.decay_factor, patience=_WINDOWS, accumulation_size=window, min_scale=settings.final_fraction
    )

    def update(updates: Any, state: Any, params: Any = None, **others: Any) -> tuple[Any, Any]:
        # A run that is resumed with fewer epochs has smaller windows; optax would never see the end of one that is longer by then.
        state = state._replace(count=jnp.minimum(state.count, window - 1))
        return plateau.update(updates, state, params, **others)

    return optax.GradientTransformationExtraArgs(plateau.init, update)


def _promoting(optimizer: optax.GradientTransformation) -> optax.GradientTransformationExtraArgs:
    """The same optimizer in standard dtype promotion: optax raises floats to integer powers, which strict promotion refuses."""
    inner = optax.with_extra_args_support(optimizer)

    def update(updates: Any, state: Any, params: Any = None, **others: Any) -> tuple[Any, Any]:
        with jax.numpy_dtype_promotion("standard"):
            return inner.update(updates, state, params, **others)

    return optax.GradientTransformationExtraArgs(inner.init, update)


def with_frozen_body(
    optimizer: optax.GradientTransformation, loop: LoopSettings, settings: OptimizerSettings
) -> optax.GradientTransformation:
    """The optimizer for the parameters that are trained: all, the heads alone, or the heads first."""
    if loop.freeze:
        return heads_alone(optimizer)
    if loop.freeze_fraction:
        return heads_first(optimizer, round(loop.freeze_fraction * settings.total_steps))
    return optimizer


def heads_alone(optimizer: optax.GradientTransformation) -> optax.GradientTransformation:
    """The same optimizer for the parameters named `head_*`; all others keep their values, and have no state."""

    def labels(params: Any) -> Any:
        return jax.tree.map(lambda in_head: "trained" if in_head else "frozen", _in_heads(params))

    return optax.partition({"trained": optimizer, "frozen": optax.set_to_zero()}, labels)


def heads_first(optimizer: optax.GradientTransformation, steps: int) -> optax.GradientTransformationExtraArgs:
    """The same optimizer, but in the first `steps` steps only parameters named `head_*` change.

    What it knows of the gradients is gathered for all parameters from the first step, so the first update of the others has its
    usual size.
    """

    def still(updates: Any, state: Any, params: Any = None) -> tuple[Any, Any]:
        begun = state >= steps
        held = jax.tree.map(
            lambda update, in_head: update if in_head else jnp.where(begun, update, 0.0), updates, _in_heads(updates)
        )
        return held, state + 1

    return optax.chain(optimizer, optax.GradientTransformation(lambda _: jnp.zeros((), jnp.int32), still))


def _in_heads(params: Any) -> Any:
    """For each parameter whether it is one of the last layers, named `head_*`."""
    return jax.tree_util.tree_map_with_path(lambda path, _: _is_of_head(path), params)


def _is_of_head(path: Any) -> bool:
    return any(str(getattr(key, "key", "")).startswith("head_") for key in path)

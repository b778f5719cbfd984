"""Settings whose values are arguments of the compiled programs, so that other values of them run the same program.

A change or a term whose setting is 0 is left out of a program; so whether a setting is 0 is compiled in, and only other values are
arguments. Everything else of a plan is compiled in, above all what shapes and durations depend on.
"""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np

from signjax.plans.augmentation import Augmentation
from signjax.plans.training import LossSettings
from signjax.settings.plans import TrainingPlans

# The values of some fields of a dataclass of settings, by name.
Values = Mapping[str, Any]

_LOSSES = tuple(field.name for field in fields(LossSettings) if isinstance(field.default, float))
_AUGMENTATION = tuple(field.name for field in fields(Augmentation))
_OPTIMIZER = ("learning_rate", "weight_decay", "clip_norm", "average_decay")


def arguments_of(plans: TrainingPlans) -> dict[str, Any]:
    """What the compiled training step of these plans is given beside its state and its batches."""
    return {
        "seed": np.uint32(plans.seed),
        "losses": loss_arguments(plans.losses),
        "augmentation": _values(plans.augmentation, _AUGMENTATION),
        "optimizer": _values(plans.optimizer, _OPTIMIZER),
    }


def with_arguments(plans: TrainingPlans, given: Mapping[str, Any]) -> TrainingPlans:
    """The plans with values as `arguments_of` names them, which may be traced."""
    stages = {
        stage: replace(getattr(plans, stage), **given[stage]) for stage in ("losses", "augmentation", "optimizer")
    }
    return replace(plans, seed=given["seed"], **stages)


def loss_arguments(losses: LossSettings) -> Values:
    """The values of the loss that its programs are given."""
    return _values(losses, _LOSSES)


def _values(settings: object, names: tuple[str, ...]) -> Values:
    given = {name: getattr(settings, name) for name in names}
    return {name: np.float32(value) for name, value in given.items() if value}

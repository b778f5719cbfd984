"""The settings of the loss, the optimizer and the training loop."""

from dataclasses import dataclass

from signjax.plans.kinds import RATE, number, whole
from signjax.plans.setting import setting

_LOSS_WEIGHT = number(0, 1000)
# 100 epochs of a minute are two hours; 100000 are ten weeks.
_EPOCHS = whole(1, 100_000)


@dataclass(frozen=True)
class LossSettings:
    """Weights of the two terms of the loss, and their parameters."""

    cross_entropy_weight: float = setting(0.5, "Weight of the cross-entropy in the loss.", _LOSS_WEIGHT)
    focal_weight: float = setting(0.5, "Weight of the focal loss in the loss.", _LOSS_WEIGHT)
    focal_gamma: float = setting(
        2.0,
        "Focusing exponent of the focal loss. Larger values discount clips that are already classified correctly more.",
        number(0, 100),  # beyond it, only clips that are entirely wrong count
    )
    label_smoothing: float = setting(
        0.1, "Share of the target that the cross-entropy spreads over all classes. Larger is less confident.", RATE
    )


@dataclass(frozen=True)
class OptimizerSettings:
    """AdamW and its learning-rate schedule. Durations are in epochs; `steps_per_epoch` turns them into steps."""

    learning_rate: float = setting(
        3e-4,
        "Peak learning rate of AdamW.",
        number(0, 10, above=True),  # AdamW moves each weight by about the rate: 10 is beyond all of them
    )
    warmup_epochs: int = setting(
        3,
        "Length of the linear rise of the learning rate from 0. Must be less than train.decay_epochs.",
        whole(0, 100_000),
        unit="epochs",
    )
    decay_epochs: int = setting(
        60,
        "Epoch, warm-up included, in which the cosine schedule reaches the final learning rate, which stays from then on.",
        _EPOCHS,
        unit="epochs",
    )
    final_fraction: float = setting(0.05, "Final learning rate, as a fraction of the peak.", number(0, 1))
    weight_decay: float = setting(
        0.05,
        "Decoupled weight decay on matrices and kernels; biases and scales are not decayed. Larger values keep weights smaller.",
        number(0, 100),  # times the learning rate is the share that a step takes off
    )
    clip_norm: float = setting(
        1.0,
        "Largest global norm of the gradient; a larger gradient is scaled down to it.",
        number(0, 1e6, above=True),
    )
    average_decay: float = setting(
        0.998,
        "Decay per step of the moving average of the weights, which is what is evaluated. Larger values average over more steps.",
        RATE,
    )
    steps_per_epoch: int = 1

    @property
    def warmup_steps(self) -> int:
        """The length of the linear rise."""
        return self.warmup_epochs * self.steps_per_epoch

    @property
    def decay_steps(self) -> int:
        """The length of warm-up and cosine together."""
        return self.decay_epochs * self.steps_per_epoch


@dataclass(frozen=True)
class LoopSettings:
    """How long to train, and how often to write a checkpoint."""

    epochs: int = setting(
        500, "Most epochs of training. Early stopping usually ends it before.", _EPOCHS, unit="epochs", may_change=True
    )
    patience: int = setting(
        20,
        "Epochs without a better validation result after which training stops.",
        _EPOCHS,
        unit="epochs",
        may_change=True,
    )
    checkpoint_epochs: int = setting(
        5,
        "Maximum number of epochs between two checkpoints; the best epoch always has one. Larger values lose more to an "
        "interruption.",
        _EPOCHS,
        unit="epochs",
        may_change=True,
    )

"""The settings of the loss, the optimizer and the training loop."""

from dataclasses import dataclass

from signjax.plans.kinds import RATE, local_path, number, one_of, shares, text, whole, yes_no
from signjax.plans.optimizer_arguments import ARGUMENTS
from signjax.plans.setting import setting

_LOSS_WEIGHT = number(0, 1000)
# 100 epochs of a minute are two hours; 100000 are ten weeks.
_EPOCHS = whole(1, 100_000)

# The automatic number of epochs: small data sets need steps, and more where there are many classes; large ones need passes.
LEAST_STEPS, STEPS_PER_CLASS, MOST_STEPS = 2000, 100, 4000
LEAST_EPOCHS, MOST_EPOCHS = 25, 500

# How much a clip of a rare class counts in the loss.
CLASS_WEIGHTS = ("none", "balanced", "inverse_sqrt", "effective_number")

# With fewer clips, a single one counts for more than a point of accuracy, so no epoch is chosen by them.
LEAST_TO_CHOOSE = 100


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
    class_weights: str = setting(
        "none",
        "How much a training clip counts in the loss, by the number n of training clips of its class: none (all alike), balanced "
        "(1 / n, so that each class counts the same), inverse_sqrt (1 / sqrt(n), half-way), effective_number (as balanced where n "
        "is far below 1000, more alike above). On average a clip counts 1.",
        one_of(CLASS_WEIGHTS),
    )


@dataclass(frozen=True)
class OptimizerSettings:
    """The optimizer and its learning-rate schedule over `total_steps`, which a run knows when it has its data."""

    learning_rate: float = setting(
        1e-3,
        "Peak learning rate. The default suits adamw, and muon with consistent_rms=0.2; lion usually needs a third to a tenth of "
        "it, sgd and muon without that argument ten times as much or more.",
        number(0, 10, above=True),  # AdamW moves each weight by about the rate: 10 is beyond all of them
    )
    warmup_fraction: float = setting(
        0.05,
        "Share of all steps in which the learning rate rises to its peak: from 0, or with schedule one_cycle, for which 0.3 is "
        "usual, from 1/25 of the peak.",
        RATE,
    )
    final_fraction: float = setting(
        0.05,
        "Final learning rate of the schedules cosine and one_cycle, and the lowest of plateau, as a fraction of the peak.",
        number(0, 1),
    )
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
    optimizer: str = setting(
        "adamw",
        "Optimizer, by its name in optax. muon orthogonalizes the updates of matrices and convolution kernels; the last layers, "
        "biases and scales are updated by Adam.",
        one_of(tuple(ARGUMENTS)),
    )
    optimizer_arguments: str = setting(
        "",
        "Arguments of the optimizer, with optax's names: "
        + "; ".join(f"{name} has {', '.join(known)}" for name, known in ARGUMENTS.items())
        + ".",
        text("arguments such as b1=0.9, b2=0.98"),
        automatic="optax's defaults",
    )
    schedule: str = setting(
        "cosine",
        "What the learning rate does after its peak. cosine, one_cycle: it falls along a cosine to train.final_fraction. step: it "
        "is multiplied by train.decay_factor at each of train.decay_at. plateau: it is multiplied by train.decay_factor whenever "
        "the training loss has not fallen for train.plateau_fraction, but never gets below train.final_fraction. constant: it "
        "stays.",
        one_of(("cosine", "one_cycle", "step", "plateau", "constant")),
    )
    decay_factor: float = setting(
        0.1,
        "Factor by which the schedules step and plateau reduce the learning rate. Smaller values reduce it more.",
        number(0, 1, above=True, below=True),
    )
    decay_at: tuple[float, ...] = setting(
        (0.5, 0.75),
        "When the schedule step reduces the learning rate, as shares of all steps. Larger values reduce it later.",
        shares(32),
    )
    plateau_fraction: float = setting(
        0.05,
        "Share of all steps without a lower training loss after which the schedule plateau reduces the learning rate. Larger "
        "values wait longer.",
        number(0, 1, above=True, below=True),
    )
    total_steps: int = 1


@dataclass(frozen=True)
class LoopSettings:
    """How long to train, which weights to keep, and how often to write a checkpoint."""

    epochs: int = setting(
        0,
        "Epochs of training. The schedule of the learning rate ends with them.",
        whole(0, 100_000),
        unit="epochs",
        may_change=True,
        automatic=f"as many as have {STEPS_PER_CLASS} steps for each class of the largest head, at least {LEAST_STEPS} steps and "
        f"at most {MOST_STEPS}, but never fewer than {LEAST_EPOCHS} epochs or more than {MOST_EPOCHS}",
    )
    steps: int = setting(
        0,
        "Duration of the training in steps instead of in epochs, rounded up to whole epochs; with 0, train.epochs counts.",
        whole(0, 10**9),
        unit="steps",
        may_change=True,
    )
    clips: int = setting(
        0,
        "Duration of the training in training clips instead of in epochs, each counted as often as it is seen, rounded up to whole "
        "epochs; with 0, train.epochs counts.",
        whole(0, 10**12),
        unit="clips",
        may_change=True,
    )
    patience: int = setting(
        0,
        "Epochs without a better validation result after which training stops; the best epoch is then the model. With 0, training "
        "goes on to the end of the schedule, and its last moving average is the model. Needs a validation split of at least "
        f"{LEAST_TO_CHOOSE} clips.",
        whole(0, 100_000),
        unit="epochs",
        may_change=True,
    )
    refit: str = setting(
        "auto",
        "Whether a second model is trained for as many steps on the training and the validation clips together. It is the one that "
        "is tested and predicts; validation results are of the first.",
        one_of(("auto", "yes", "no")),
        may_change=True,
        automatic="yes, except where train.patience is set",
    )
    fuse: bool = setting(
        True,
        "Whether the answers of the network are fused with those of a random-convolution classifier, which learns from the same "
        "clips. Each counts for as much as the validation clips say.",
        yes_no(),
        may_change=True,
    )
    adapt: bool = setting(
        False,
        "Whether new signers are tested once more, as if clips of theirs, without labels, were known beforehand: batch norm then "
        "goes on with their own clips and, with train.fuse, clips that are alike are answered alike. Reported apart, as 'adapted'. "
        "When predicting: whether the clips are answered in this way, those of each signer together.",
        yes_no(),
        may_change=True,
    )
    members: int = setting(
        1,
        "Networks that are trained together on the same batches, from different random numbers. They answer as one model, with the "
        "mean of their log-probabilities. Time and the size of checkpoints grow with their number.",
        whole(1, 64),  # each is trained as long as one alone
    )
    init_from: str = setting(
        "",
        "Folder of another run, or of an exported model, that this one begins with, instead of random weights. Classes that it "
        "knows by the same name keep their weights; new classes, and arrays of other shapes, begin anew. The run lists what was "
        "taken and what was not.",
        local_path(),
    )
    freeze: bool = setting(
        False,
        "Whether only the heads are trained, the last layers that name the classes, as after train.init_from. Batch norm still "
        "follows the clips.",
        yes_no(),
    )
    checkpoint_epochs: int = setting(
        5,
        "Maximum number of epochs between two checkpoints; with train.patience, the best epoch always has one. Larger values lose "
        "more to an interruption.",
        _EPOCHS,
        unit="epochs",
        may_change=True,
    )
    checkpoint_minutes: float = setting(
        5.0,
        "Maximum time between two checkpoints, which may lie within an epoch. Larger values lose more to an interruption; with 0, "
        "each step has one.",
        number(0, 1e6),
        unit="minutes",
        may_change=True,
    )
    not_finite: str = setting(
        "stop",
        "What happens when loss, gradient or update of a step are not finite: stop ends the run, names the clips, and keeps what "
        "--mode=replay needs; skip leaves the step out and counts it (`skipped` in metrics.jsonl).",
        one_of(("stop", "skip")),
        may_change=True,
    )
    freeze_fraction: float = setting(
        0.0,
        "Share of all steps, from the first, in which only the heads are trained, as after train.init_from with new classes; then "
        "all is. Larger values keep more of the other run's model. With train.freeze, it is all steps.",
        RATE,
    )

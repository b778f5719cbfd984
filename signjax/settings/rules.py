"""For each key of the config, the values that mean something.

Upper ends are far beyond what anybody has used, and still stop a slip of the hand before it costs hours or all memory.
"""

from signjax.data.batching.epoch_plan import RUN
from signjax.data.cleaning import handedness
from signjax.data.cleaning.clean import ROTATIONS
from signjax.data.labels.feasibility import RARE_CLASSES
from signjax.data.labels.modes import LABEL_MODES
from signjax.data.layout.registry import BUILT_IN
from signjax.data.sources.registry import SOURCES
from signjax.data.splits.leaks import DUPLICATES
from signjax.data.splits.split import RULES as SPLIT_RULES
from signjax.settings.kinds import (
    Kind,
    layout_name,
    number,
    one_of,
    text,
    whole,
    whole_numbers,
    yes_no,
)

PRECISIONS = ("float32", "bfloat16")

# A rate of 1 would drop everything, smooth every target away, or never move an average.
_SHARE = number(0, 1, below=True)
_SPLIT_SHARE = number(0, 1, above=True, below=True)
# 100 epochs of a minute are two hours; 100000 are ten weeks.
_EPOCHS = whole(1, 100_000)
_STANDARD_DEVIATIONS = number(0, 10)  # more of it leaves nothing of the signal
_LOSS_WEIGHT = number(0, 1000)

RULES: dict[str, Kind] = {
    "seed": whole(0, 2**32 - 1),  # what a key of jax holds without 64-bit numbers
    "data.source": one_of(tuple(SOURCES)),
    "data.path": text(),
    "data.labels": text(),
    "data.layout": layout_name(("auto", "generic", *BUILT_IN)),
    "data.label_mode": one_of(LABEL_MODES),
    "data.heads": text(),
    "data.split": one_of(SPLIT_RULES),
    "data.folds": whole(2, 1000),  # each fold is a training run
    "data.fold": whole(0, 100_000),  # also counts signers or groups, which leave_one_out takes one by one
    "data.held_out": text(),
    "data.valid_fraction": _SPLIT_SHARE,
    "data.test_fraction": _SPLIT_SHARE,
    "data.rare_classes": one_of(RARE_CLASSES),
    "data.duplicates": one_of(DUPLICATES),
    "data.strict": yes_no(),
    "data.shortest_clip": whole(1, 100_000),
    "data.longest_clip": whole(1, 1_000_000),  # 11 hours at 25 frames a second
    "data.handedness": one_of(handedness.MODES),
    "data.trim": yes_no(),
    "data.longest_gap": whole(0, 100_000),
    "data.centre": yes_no(),
    "data.hand_shapes": yes_no(),
    "data.rotations": one_of(ROTATIONS),
    "data.workers": whole(0, 1024),  # each is a process with memory of its own; no machine has more cores to give
    "data.max_frames": whole(8, 100_000),  # attention compares each frame with each other
    "data.dataset": text(),
    "synthetic.signs": whole(2, 1000),  # the vocabulary has 3072 signs, and drawing the last ones takes long
    "synthetic.signers": whole(3, 10_000),  # three splits need three
    "synthetic.takes": whole(1, 1000),
    "augment.mirror": _SHARE,
    "augment.fastest": number(0.1, 10),
    "augment.slowest": number(0.1, 10),
    "augment.crop": _SHARE,
    "augment.posture": _STANDARD_DEVIATIONS,
    "augment.noise": _STANDARD_DEVIATIONS,
    "augment.part_dropout": _SHARE,
    "augment.frame_dropout": _SHARE,
    "model.filters": whole_numbers(1, 8192, 8),  # time is halved between stages: after 8, of 128 frames one is left
    "model.kernels": whole_numbers(1, 1023, 8, odd=True),  # an even one has no middle
    "model.depth": whole(1, 64),
    "model.units": whole(1, 8192),
    "model.heads": whole(1, 1024),
    "model.dropout": _SHARE,
    "model.depthwise": yes_no(),
    "model.channel_attention": yes_no(),
    "model.stochastic_depth": _SHARE,
    "model.rotary": yes_no(),
    "model.recurrent_dropout": _SHARE,
    "model.recurrent_norm": yes_no(),
    "model.precision": one_of(PRECISIONS),
    "model.remat": yes_no(),
    "loss.cross_entropy_weight": _LOSS_WEIGHT,
    "loss.focal_weight": _LOSS_WEIGHT,
    "loss.focal_gamma": number(0, 100),  # a power: beyond it, only clips that are entirely wrong count
    "loss.label_smoothing": _SHARE,
    "train.epochs": _EPOCHS,
    "train.patience": _EPOCHS,
    "train.batch_size": whole(1, 65_536),
    "train.accumulate": whole(1, 4096),
    "train.buckets": whole(1, 64),  # each is a compilation of about a minute
    "train.steps_per_dispatch": whole(0, RUN),  # batches of one size come in runs of that many
    "train.resident_gib": number(0, 100_000),
    "train.learning_rate": number(
        0, 10, above=True
    ),  # AdamW moves each weight by about the rate: 10 is beyond all of them
    "train.warmup_epochs": whole(0, 100_000),
    "train.decay_epochs": _EPOCHS,
    "train.final_fraction": number(0, 1),
    "train.weight_decay": number(0, 100),  # times the learning rate is the share that a step takes off
    "train.clip_norm": number(0, 1e6, above=True),
    "train.average_decay": _SHARE,
    "train.checkpoint_epochs": _EPOCHS,
}

"""Takes apart the keys of the config that decide how to train, in one place for each stage."""

from dataclasses import fields

import jax
import numpy as np
from ml_collections import ConfigDict

from signjax.augment import Augmentation
from signjax.data.batching.epoch_plan import RUN, choose_buckets, padded_frames
from signjax.data.batching.excerpts import Pace, draw_excerpts
from signjax.data.dataset import Dataset
from signjax.training.input.device_dataset import resident_bytes
from signjax.training.loop import LoopSettings
from signjax.training.losses import LossSettings
from signjax.training.optimizer import OptimizerSettings

# Fewer clips keep a core busy with overheads.
_FEWEST_CLIPS_OF_A_CORE = 8

# Epochs by which buckets are chosen, and batches of each size that an epoch has on average.
_DRAWN_EPOCHS, _FEWEST_BATCHES = 8, 4


def augmentation(config: ConfigDict) -> Augmentation:
    """What may happen to the frames that are shown of a training clip."""
    return Augmentation(**{field.name: config.augment[field.name] for field in fields(Augmentation)})


def losses(config: ConfigDict) -> LossSettings:
    """The weights of the loss."""
    return LossSettings(**config.loss.to_dict())


def optimizer(config: ConfigDict, steps_per_epoch: int) -> OptimizerSettings:
    """Durations are turned from epochs into steps here, once."""
    train = config.train
    return OptimizerSettings(
        learning_rate=train.learning_rate,
        warmup_steps=train.warmup_epochs * steps_per_epoch,
        decay_steps=train.decay_epochs * steps_per_epoch,
        final_fraction=train.final_fraction,
        weight_decay=train.weight_decay,
        clip_norm=train.clip_norm,
    )


def loop(config: ConfigDict) -> LoopSettings:
    """How long to train."""
    return LoopSettings(config.train.epochs, config.train.patience, config.train.checkpoint_epochs)


def devices(config: ConfigDict) -> list[jax.Device]:
    """The devices that share a batch: all, but of a CPU's (one a core) only as many as each get a useful share of it."""
    found = jax.local_devices()
    if found[0].platform != "cpu":
        return found
    return found[: cpu_devices(config.train.batch_size // config.train.accumulate, len(found))]


def cpu_devices(batch_size: int, cores: int) -> int:
    """Into how many equal shares of at least 8 clips a batch goes, one a core at most."""
    return max(
        (n for n in range(1, cores + 1) if batch_size % n == 0 and batch_size // n >= _FEWEST_CLIPS_OF_A_CORE),
        default=1,
    )


def step_bytes(config: ConfigDict, cores: int) -> int:
    """About how many bytes of temporary memory a device allocates for a training step on a CPU of so many cores.

    Fitted to what XLA said of the base model with 8 to 32 clips on a device, and with more depth, features and units: at most a
    fifth more. Nothing depends on it but the choice of heaps.
    """
    batch = config.train.batch_size // config.train.accumulate
    clips = batch // cpu_devices(batch, cores)
    features = sum(width / 2**stage for stage, width in enumerate(config.model.filters))
    values = (10 + 6 * config.model.depth) * features + 28 * config.model.units
    return int(4 * clips * config.data.max_frames * values)


def pace(config: ConfigDict) -> Pace:
    """How clips are cut and played in training."""
    return Pace(config.augment.crop, config.augment.fastest, config.augment.slowest)


def buckets(config: ConfigDict, lengths: np.ndarray) -> tuple[int, ...]:
    """The numbers of frames that batches are padded to, for training clips of so many frames each.

    Chosen by what a few epochs draw. Each bucket holds four batches an epoch or more, on average: so every epoch has a batch of
    every size, and all compilations are made in the first. The last bucket holds whatever can be drawn.
    """
    most = padded_frames(int(np.ceil(lengths.max() * max(1.0, config.augment.slowest))), config.data.max_frames)
    played = [draw_excerpts(lengths, pace(config), most, config.seed, epoch).played for epoch in range(_DRAWN_EPOCHS)]
    least = _FEWEST_BATCHES * _DRAWN_EPOCHS * config.train.batch_size
    return choose_buckets(np.append(np.concatenate(played), most), most, config.train.buckets, least)


def steps_per_dispatch(config: ConfigDict, devices: list[jax.Device]) -> int:
    """Training steps that the devices run before they report."""
    if config.train.steps_per_dispatch:
        return int(config.train.steps_per_dispatch)
    return 1 if devices[0].platform == "cpu" else RUN


def fits_on_devices(config: ConfigDict, dataset: Dataset, devices: list[jax.Device]) -> bool:
    """Whether the dataset stays on the devices; those of a CPU share its memory."""
    if len(dataset.features) > np.iinfo(np.int32).max:  # frames are counted in int32 there
        return False
    copies = len(devices) if devices[0].platform == "cpu" else 1
    return copies * resident_bytes(dataset) <= config.train.resident_gib * 2**30

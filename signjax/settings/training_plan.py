"""Derives the quantities of training from the plans, the data and the devices."""

import jax
import numpy as np

from signjax.data.batching.epoch_plan import RUN, choose_buckets, padded_frames
from signjax.data.batching.excerpts import draw_excerpts
from signjax.data.batching.settings import BatchSettings
from signjax.data.dataset import Dataset
from signjax.plans.training import (
    LEAST_EPOCHS,
    LEAST_STEPS,
    LEAST_TO_CHOOSE,
    MOST_EPOCHS,
    MOST_STEPS,
    STEPS_PER_CLASS,
    LoopSettings,
    LossSettings,
)
from signjax.runtime import processes
from signjax.settings.plans import TrainingPlans
from signjax.training.class_weights import class_weights
from signjax.training.input.device_dataset import resident_bytes

# With fewer clips, a core is mostly busy with overhead.
_FEWEST_CLIPS_OF_A_CORE = 8

# Epochs that are sampled to choose buckets, and the average number of batches of each size in an epoch.
_DRAWN_EPOCHS, _FEWEST_BATCHES = 8, 4


def devices(batches: BatchSettings) -> list[jax.Device]:
    """The devices of this process that share a batch: all GPUs, but only as many CPU cores as get a useful share of it."""
    found = jax.local_devices()
    if found[0].platform != "cpu":
        return found
    share = batches.batch_size // batches.accumulate // processes.process_count()
    return found[: cpu_devices(share, len(found))]


def cpu_devices(batch_size: int, cores: int) -> int:
    """The number of equal shares of at least 8 clips that a batch is divided into, at most one per core."""
    return max(
        (n for n in range(1, cores + 1) if batch_size % n == 0 and batch_size // n >= _FEWEST_CLIPS_OF_A_CORE),
        default=1,
    )


def step_bytes(plans: TrainingPlans, cores: int) -> int:
    """The approximate temporary memory, in bytes, that a device allocates for a training step on a CPU with `cores` cores.

    Fitted to XLA's figures for the base model with 8 to 32 clips per device, and with more depth, features and units; at most a
    fifth too high. Only the choice of heaps depends on it.
    """
    batch = plans.batches.batch_size // plans.batches.accumulate
    clips = batch // cpu_devices(batch, cores)
    features = sum(width / 2**stage for stage, width in enumerate(plans.model.filters))
    values = (10 + 6 * plans.model.depth) * features + 28 * plans.model.units
    return int(4 * clips * plans.batches.max_frames * values)


def buckets(plans: TrainingPlans, lengths: np.ndarray) -> tuple[int, ...]:
    """The numbers of frames that batches are padded to, for training clips of the given lengths.

    Chosen from the excerpts of a few epochs. Each bucket has four or more batches per epoch on average, so that every epoch has a
    batch of every size and all compilations happen in the first. The last bucket holds the longest possible excerpt.
    """
    longest = int(np.ceil(lengths.max() * max(1.0, plans.pace.slowest)))
    most = padded_frames(longest, plans.batches.max_frames)
    played = [draw_excerpts(lengths, plans.pace, most, plans.seed, epoch).played for epoch in range(_DRAWN_EPOCHS)]
    least = _FEWEST_BATCHES * _DRAWN_EPOCHS * plans.batches.batch_size
    return choose_buckets(np.append(np.concatenate(played), most), most, plans.batches.buckets, least)


def epochs(loop: LoopSettings, steps_per_epoch: int, batch_size: int, classes: int) -> int:
    """Epochs of training: as the config says, or as many as small data sets need steps and large ones need passes.

    `classes` are those of the head with the most.
    """
    steps = loop.steps or -(-loop.clips // batch_size)
    if steps:
        return -(-steps // steps_per_epoch)
    needed = min(max(LEAST_STEPS, STEPS_PER_CLASS * classes), MOST_STEPS)
    return loop.epochs or min(max(-(-needed // steps_per_epoch), LEAST_EPOCHS), MOST_EPOCHS)


def chooses(loop: LoopSettings, labelled: int) -> bool:
    """Whether the best epoch is chosen, by a validation split with so many labelled clips."""
    return loop.patience > 0 and labelled >= LEAST_TO_CHOOSE


def refits(loop: LoopSettings) -> bool:
    """Whether a second model is trained on training and validation clips together.

    Its epochs cannot be chosen by validation, so it fits a schedule that is run to its end.
    """
    return loop.refit == "yes" or (loop.refit == "auto" and loop.patience == 0)


def selection(loop: LoopSettings, labelled: int, *, refits: bool) -> str:
    """Which weights are the model, and why; `labelled` is the number of validation clips with a label."""
    if chooses(loop, labelled):
        chosen = f"the epoch with the best validation result ({labelled} clips); training ends {loop.patience} epochs after it"
    else:
        chosen = "the last moving average, when the schedule is complete"
        if loop.patience:
            chosen += (
                f"; config.train.patience={loop.patience} is not followed: {labelled} validation clips are too few to choose by "
                f"({LEAST_TO_CHOOSE} are needed)"
            )
    return f"{chosen}, of a second training that includes the validation clips" if refits else chosen


def weights_of_classes(losses: LossSettings, dataset: Dataset, train: np.ndarray) -> dict[str, np.ndarray]:
    """Head -> the weights of its classes in the loss, from the training clips alone; without heads whose classes count alike."""
    found = {}
    for column, (head, classes) in enumerate(dataset.heads.items()):
        labels = dataset.labels[train, column]
        weights = class_weights(np.bincount(labels[labels >= 0], minlength=len(classes)), losses.class_weights)
        if weights is not None:
            found[head] = weights
    return found


def steps_per_dispatch(batches: BatchSettings, devices: list[jax.Device]) -> int:
    """Training steps that the devices run before they report."""
    if batches.steps_per_dispatch:
        return batches.steps_per_dispatch
    return 1 if devices[0].platform == "cpu" else RUN


def fits_on_devices(batches: BatchSettings, dataset: Dataset, devices: list[jax.Device]) -> bool:
    """Whether the dataset stays on the devices; those of a CPU share its memory."""
    if len(dataset.features) > np.iinfo(np.int32).max:  # frames are indexed in int32 there
        return False
    copies = len(devices) if devices[0].platform == "cpu" else 1
    return copies * resident_bytes(dataset) <= batches.resident_gib * 2**30

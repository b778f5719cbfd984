"""The settings of batches: how large they are, how many frames they show, and how they reach the device."""

from dataclasses import dataclass

from signjax.data.batching.epoch_plan import RUN
from signjax.plans.kinds import number, whole
from signjax.plans.setting import setting


@dataclass(frozen=True)
class BatchSettings:
    """How clips are put into batches, and batches onto the device."""

    max_frames: int = setting(
        64,
        "Maximum number of frames that the model sees of a clip; longer clips are subsampled evenly. Larger values are slower.",
        whole(8, 100_000),  # attention compares each frame with every other
        unit="frames",
        key="data.max_frames",
    )
    batch_size: int = setting(
        16,
        "Clips per step, over all devices; a multiple of their number. Larger batches are faster per clip and need more memory.",
        whole(1, 65_536),
        unit="clips",
    )
    accumulate: int = setting(
        1,
        "Parts in which a batch goes through the network, one after another; must divide train.batch_size. "
        "More parts need less memory. Batch normalization sees each part separately.",
        whole(1, 4096),
    )
    buckets: int = setting(
        4,
        "Maximum number of different lengths that batches are padded to. More lengths waste less on padding; each costs a "
        "compilation at the start.",
        whole(1, 64),  # a compilation takes about a minute
    )
    steps_per_dispatch: int = setting(
        0,
        "Training steps that the device runs without waiting for the host. More hide the host's overhead.",
        whole(0, RUN),  # batches of equal length come in runs of at most that many
        unit="steps",
        automatic=f"1 on a CPU, {RUN} on other devices",
        may_change=True,
    )
    resident_gib: float = setting(
        2.0,
        "Largest dataset that is kept in device memory; a larger one is read from disk as needed.",
        number(0, 100_000),
        unit="GiB",
        may_change=True,
    )

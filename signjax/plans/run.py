"""The settings of a run as a whole."""

from dataclasses import dataclass

from signjax.plans.kinds import local_path, whole
from signjax.plans.setting import setting


@dataclass(frozen=True)
class RunSettings:
    """What every stage shares: the seed, where the prepared data lie, and how many processes read clips."""

    seed: int = setting(
        0,
        "Seed of every random stream: splits, initial weights, order of clips, dropout, augmentation and the synthetic corpus.",
        whole(0, 2**32 - 1),  # what a key of jax holds without 64-bit numbers
        key="seed",
    )
    workers: int = setting(
        0,
        "Processes that read clips. More are faster, up to the number of CPU cores, and need more memory.",
        whole(0, 1024),  # each is a process with its own memory; no machine has more cores to give
        unit="processes",
        automatic="one per CPU core",
        key="data.workers",
        may_change=True,
    )
    dataset: str = setting(
        "",
        "Folder of the prepared data.",
        local_path(),
        automatic="`dataset` in the run folder",
        key="data.dataset",
        may_change=True,
    )

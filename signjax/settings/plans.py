"""Splits a config into one frozen plan per stage; nothing below the pipeline sees the config.

This does not load jax, which preparing data does not need.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from signjax.data.batching.excerpts import Pace
from signjax.data.batching.settings import BatchSettings
from signjax.data.cleaning.clean import Cleaning
from signjax.data.preparation.recipe import Recipe
from signjax.data.splits.rules import Rule
from signjax.data.synthetic.corpus import CorpusSize
from signjax.data.synthetic.hamnosys_corpus import StringCorpus, find_strings
from signjax.plans.augmentation import Augmentation
from signjax.plans.hybrid import HybridSettings
from signjax.plans.logging import LoggingSettings
from signjax.plans.run import RunSettings
from signjax.plans.setting import make
from signjax.plans.training import LoopSettings, LossSettings, OptimizerSettings
from signjax.runtime.jax_setup import cores
from signjax.settings.schema import STAGES, flat


@dataclass(frozen=True)
class TrainingPlans:
    """The plans of training, one per stage."""

    seed: int
    batches: BatchSettings
    pace: Pace
    augmentation: Augmentation
    model: HybridSettings
    losses: LossSettings
    optimizer: OptimizerSettings
    loop: LoopSettings


@dataclass(frozen=True)
class Plans:
    """A config, split into plans.

    Attributes:
      run: seeds, folder of the prepared data, number of processes.
      data: the clips as the config names them; `recipe` has the files that a run reads.
      training: the stages after preparation.
      logging: the service that also receives the metrics.
    """

    run: RunSettings
    data: Recipe
    training: TrainingPlans
    logging: LoggingSettings

    def recipe(self, workdir: Path) -> Recipe:
        """The recipe for `prepare`; a synthetic corpus is in the run folder, or beside the dataset folder that is named.

        Raises:
          InputError: there is no label table with the strings for source synthetic_hamnosys.
        """
        data = self.data
        corpus = f"{Path(self.run.dataset)}.corpus" if self.run.dataset else str(workdir / "corpus")
        if data.source == "synthetic_hamnosys":
            # Path and labels name the strings; the clips that sign them go into the run folder, their labels next to them.
            strings = StringCorpus(find_strings(data.path, data.labels), data.corpus.signers)
            return replace(data, path=corpus, labels="", corpus=strings)
        return replace(data, path=corpus) if data.source == "synthetic" else data

    @property
    def workers(self) -> int:
        """The number of processes that read clips."""
        return self.run.workers or cores()

    def dataset_folder(self, workdir: Path) -> Path:
        """The folder of the prepared data."""
        return Path(self.run.dataset) if self.run.dataset else workdir / "dataset"


def take_apart(config: ConfigDict) -> Plans:
    """The plans of a config that has been checked."""
    values = flat(config.to_dict())

    def of(stage: type, **others: Any) -> Any:
        return make(stage, STAGES[stage], values, **others)

    run: RunSettings = of(RunSettings)
    seed = run.data_seed or run.seed
    return Plans(
        run=run,
        data=of(Recipe, cleaning=of(Cleaning), rule=of(Rule, seed=seed), corpus=of(CorpusSize), seed=seed),
        training=TrainingPlans(
            seed=run.seed,
            batches=of(BatchSettings),
            pace=of(Pace),
            augmentation=of(Augmentation),
            model=of(HybridSettings),
            losses=of(LossSettings),
            optimizer=of(OptimizerSettings),
            loop=of(LoopSettings),
        ),
        logging=of(LoggingSettings),
    )

"""Training epochs of signjax on a dataset folder, as its training loop runs them; see `benchmarks.epoch`."""

from itertools import count
from pathlib import Path
from typing import Any

import jax

from benchmarks.peers.signjax_step import plans_for
from benchmarks.worker import Job
from signjax.data.batching.collate import prefetch
from signjax.data.dataset import open_dataset
from signjax.trainer import Trainer
from signjax.training.state import parameter_count


def build(settings: dict[str, Any]) -> Job:
    plans = plans_for({**settings, "augmented": True})
    trainer = Trainer(plans, open_dataset(Path(settings["folder"])))
    state, epochs = trainer.fresh_state(), count(1)
    parameters = parameter_count(state.params)

    def run(wanted: int) -> None:
        nonlocal state
        for _ in range(wanted):
            for work in prefetch(trainer.epochs_of().dispatches(next(epochs))):
                state, metrics = trainer.dispatch(state, work)
        jax.block_until_ready(metrics)

    run(1)
    facts = {"parameters": parameters, "version": jax.__version__, "buckets": trainer.buckets}
    return Job({**facts, "clips": trainer.steps_per_epoch * plans.batches.batch_size}, run)

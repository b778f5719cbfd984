"""Training steps of signjax, as its training loop dispatches them; see `benchmarks.train_step` and `benchmarks.epoch`."""

import os
from collections.abc import Iterator
from itertools import count
from typing import Any

import jax

from benchmarks.peers.made_up import made_up_dataset
from benchmarks.peers.recurrences import prefer_scans, running
from benchmarks.worker import Job
from configs.base import get_config
from signjax.data.batching.collate import prefetch
from signjax.runtime.jax_setup import configure_jax, cores
from signjax.settings.plans import TrainingPlans, take_apart
from signjax.settings.training_plan import step_bytes
from signjax.trainer import Trainer
from signjax.training.state import TrainState, parameter_count

# No augmentation.
STILL = {
    "mirror": 0.0, "fastest": 1.0, "slowest": 1.0, "crop": 0.0, "posture": 0.0, "noise": 0.0, "part_dropout": 0.0,
    "frame_dropout": 0.0,
}  # fmt: skip

# Steps in an epoch of made-up clips; on a GPU a dispatch has as many, so that an epoch is one dispatch.
_EPOCH_STEPS = 8


def plans_for(settings: dict[str, Any]) -> TrainingPlans:
    """The plans of the base configuration at the measured size; `keys` overrides others by their dotted path.

    Must be called before jax starts, because it sets up jax as `launch.py` does. `plain` leaves out what is done for speed alone.
    """
    if settings.get("plain"):
        os.environ["SIGNJAX_PLAIN"] = "1"
    config = get_config()
    config.data.max_frames = settings["frames"]
    config.train.batch_size = settings["batch"]
    config.model.precision = settings["precision"]
    config.update_from_flattened_dict(settings.get("keys", {}))
    if not settings.get("augmented"):
        config.augment.update(STILL)
    plans = take_apart(config).training
    configure_jax(step_bytes(plans, cores()))
    return plans


def forever(trainer: Trainer) -> Iterator[Any]:
    """The dispatches of successive epochs, prefetched as in training."""
    return prefetch(dispatch for epoch in count(1) for dispatch in trainer.epochs_of().dispatches(epoch))


def made_up_trainer(settings: dict[str, Any]) -> Trainer:
    """A trainer on random clips that all have the same length."""
    clips = settings.get("clips", _EPOCH_STEPS * settings["batch"])
    return Trainer(plans_for(settings), made_up_dataset(clips, settings["frames"], settings.get("channels")))


def compiled(trainer: Trainer, state: TrainState) -> Any:
    """The compiled program of a dispatch, for inspecting its operations and its memory."""
    frames, batches, steps = next(trainer.epochs_of().dispatches(1))
    program: Any = trainer.program(frames)
    return program.lower(state, trainer.resident, batches, steps).compile()


def device_memory() -> int:
    """The peak memory of the first device, in bytes."""
    return int((jax.local_devices()[0].memory_stats() or {})["peak_bytes_in_use"])


def build(settings: dict[str, Any]) -> Job:
    """Steps on clips that all have the same length.

    With `augmented`, all augmentations of the base configuration run in the step; with `analysed`, the facts include the memory
    that the compiled step requests on all devices together. With `scans`, the recurrent layers are scans on a GPU too.
    """
    if settings.get("scans"):
        prefer_scans()
    trainer = made_up_trainer(settings)
    state, feed = trainer.fresh_state(), forever(trainer)
    facts = {
        "parameters": parameter_count(state.params),
        "version": jax.__version__,
        "devices": len(trainer.devices),
        "recurrences": running(trainer.plans.model.units, settings["precision"]),
    }
    if settings.get("analysed"):
        memory = compiled(trainer, state).memory_analysis()
        wanted = memory.temp_size_in_bytes + memory.argument_size_in_bytes
        facts["step_bytes"] = wanted * len(trainer.devices)

    def run(steps: int) -> None:
        nonlocal state
        done = 0
        while done < steps:
            work = next(feed)
            state, metrics = trainer.dispatch(state, work)
            done += work.steps
        jax.block_until_ready(metrics)

    run(3)
    return Job(facts, run, device_memory if settings["device"] == "gpu" else None)

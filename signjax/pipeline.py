"""Runs the stages of each mode.

Modules that load jax are imported where they are used: `prepare` does not need them, so running it again takes only a moment.
"""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from ml_collections import ConfigDict

from signjax.data import locks
from signjax.data.dataset import Dataset, open_dataset, read_info
from signjax.data.folders import target_of
from signjax.data.preparation import self_check
from signjax.data.preparation.prepare import Expected, data_facts, prepare_locked, read_shard
from signjax.data.preparation.reading.shards import Shard
from signjax.data.preparation.recipe import Recipe, fingerprints
from signjax.data.preparation.self_check import RereadClip
from signjax.data.text_files import write_json
from signjax.data.workers import Workers
from signjax.errors import InputError
from signjax.plans.logging import LoggingSettings
from signjax.prediction.calibration.record import read_calibration
from signjax.prediction.predict import predict
from signjax.report.dataset_lines import dataset_name, describe
from signjax.runtime import processes
from signjax.runtime.jax_setup import configure_jax, cores, describe_devices
from signjax.runtime.output import silent
from signjax.runtime.signals import interruptible
from signjax.settings import run_config
from signjax.settings.plans import Plans, TrainingPlans, take_apart
from signjax.tracking.tracker import Tracker, tracking

if TYPE_CHECKING:
    from signjax.trainer import Trainer

Say = Callable[[str], None]

_CONFIG = run_config.CONFIG_FILE
# Written when training begins: the digest of the data that the checkpoints belong to, and where those of the model are.
_RUN = run_config.RUN_FILE


def run(config: ConfigDict, workdir: str | None, mode: str, say: Say, shard: Shard | None = None) -> None:
    """Runs a mode.

    Args:
      config: the settings.
      workdir: the run folder; None for the default one.
      mode: what to do.
      say: prints a line.
      shard: the mode `prepare` reads this share of the clips, and makes no dataset; None for all.

    Raises:
      InputError: the user's input cannot be used; the message says what to do.
    """
    started = time.monotonic()
    run_config.check(config, mode)
    folder = run_config.run_folder(config, workdir)
    if mode in ("evaluate", "predict", "replay"):
        run_config.check_trained(folder, mode)
    if mode in ("train", "replay") and read_calibration(folder):
        raise InputError(
            f"{folder}: the folder has a calibrated model, which is not trained further. Train the run that it came from and "
            "calibrate again, or choose another --workdir"
        )
    if mode in ("evaluate", "replay"):
        config = run_config.for_evaluation(folder, config)
    if shard:
        plans = take_apart(config)
        with Workers(plans.workers) as workers:
            read_shard(plans.recipe(folder), plans.dataset_folder(folder), shard, say, workers)
        return
    if not processes.is_chief():
        _follow(take_apart(config), folder)
        return
    with locks.inner_lock(folder, say) as lock:
        lock.require()
        if mode == "predict":
            for line in run_config.without_effect(folder, config):
                say(f"warning: {line}; predicting uses the settings of the run")
            predict(take_apart(config), folder, say)
        else:
            resolved = json.loads(json.dumps(config.to_dict()))
            _run(take_apart(config), resolved, folder, mode, say, started)


def _run(plans: Plans, resolved: dict[str, Any], folder: Path, mode: str, say: Say, started: float) -> None:
    """Prepares the data and, unless the mode is `prepare`, trains or loads a trained model, and evaluates it."""
    run_config.check_same(resolved, folder)
    recipe, data = plans.recipe(folder), target_of(plans.dataset_folder(folder))
    with (
        tracking(plans.logging if mode == "train" else LoggingSettings(), folder, resolved, say) as tracker,
        Workers(plans.workers) as workers,
        ThreadPoolExecutor(1) as background,
        locks.sibling_lock(data, say) as lock,
    ):
        if mode != "prepare":
            background.submit(import_module, "signjax.trainer")  # while this process waits for the workers
        dataset = prepare_locked(recipe, data, lock, say, workers, _trained_on(folder))
        self_check.check_dataset(dataset, recipe, self_check.reread_clips(dataset, recipe, turn=0))
        # Not earlier: modes that need a run must not find the settings of one whose data cannot be used.
        write_json(folder / _CONFIG, resolved)
        for line in describe(dataset):
            say(line)
        data_card = workers.begin(_draw_data_card, dataset.folder, dataset_name(dataset), folder)
        processes.tell("prepared", dataset.digest)
        trainer = None if mode == "prepare" else _make_trainer(_for_mode(plans.training, mode), dataset, say, tracker)
        say(f"data card: {data_card()}")
        if trainer is None:
            return
        say(describe_devices())
        if mode == "replay":
            from signjax.replay import replay

            replay(trainer, folder, say)
            return
        if mode == "train":
            facts = data_facts(dataset.folder)
            write_json(folder / _RUN, {"dataset": dataset.digest, "model": trainer.model_checkpoints, "data": facts})
        fit = trainer.train(folder, say) if mode == "train" else trainer.saved(folder, say)
        if processes.several():
            interruptible()  # jax had the signal until here
        from signjax.assessment import evaluate

        clips = _check_given(trainer, recipe, say)
        notes = [] if clips else [f"the self-check was skipped, because files in {recipe.path} changed during the run"]
        tracker.summarise(evaluate(trainer, folder, fit, clips, notes, say))
        say(f"report: {folder / 'report.html'} ({time.monotonic() - started:.0f} s in all)")


def _follow(plans: Plans, folder: Path) -> None:
    """The part of a process that does not write: waits until the data are prepared, and computes its share of every batch.

    Where the run folder is on a disk of this machine alone, the data are prepared here as well.

    Raises:
      InputError: the data here are others than those of the first process.
    """
    digest = processes.hear("prepared")
    recipe, data = plans.recipe(folder), target_of(plans.dataset_folder(folder))
    # One process speaks for all.
    with Workers(plans.workers) as workers, locks.sibling_lock(data, silent) as lock:
        dataset = prepare_locked(recipe, data, lock, silent, workers)
        if dataset.digest != digest:
            raise InputError(
                f"{data}: process {processes.index()} has other data (digest {dataset.digest[:12]}) than the first process (digest "
                f"{digest[:12]}). All processes need the same files and settings"
            )
        _make_trainer(plans.training, dataset, silent).train(folder, silent)
    processes.hear("finished")


def _check_given(trainer: "Trainer", recipe: Recipe, say: Say) -> list[RereadClip]:
    """Compares the model's inputs with the source; returns the clips read for this, none if the source has changed.

    Raises:
      InputError: they differ.
    """
    from signjax.training.input.batch_stream import whole_batch

    dataset = trainer.dataset
    if fingerprints(recipe)[0] != dataset.info["fingerprint"]:
        return []
    clips = self_check.reread_clips(dataset, recipe, turn=1)
    self_check.check_dataset(dataset, recipe, clips)
    given = whole_batch(dataset, trainer.data, np.array([clip.index for clip in clips]), trainer.frames)
    self_check.check_given(dataset, clips, given, trainer.frames)
    say(f"self-check: {len(clips)} clips and their labels, read again from the source, equal the model's inputs")
    return clips


def _make_trainer(plans: TrainingPlans, dataset: Dataset, say: Say, tracker: Tracker | None = None) -> "Trainer":
    """Sets up jax for this machine, and creates the trainer, whose epochs the tracker receives."""
    from signjax.settings.training_plan import step_bytes
    from signjax.trainer import Trainer

    configure_jax(step_bytes(plans, cores()), say)
    return Trainer(plans, dataset, say, tracker.after_epoch if tracker else None)


def _for_mode(plans: TrainingPlans, mode: str) -> TrainingPlans:
    """The plans; those for a replay stop at each step."""
    return replace(plans, batches=replace(plans.batches, steps_per_dispatch=1)) if mode == "replay" else plans


def _trained_on(folder: Path) -> Expected | None:
    """The data that the model in this run folder was trained on; None before training."""
    if not (folder / _RUN).is_file():
        return None
    told = run_config.read_object(folder / _RUN)
    return Expected(str(told.get("dataset")), folder, told.get("data", {}))


def _draw_data_card(dataset: Path, name: str, folder: Path) -> Path:
    """Creates the data card, unless there already is one for these data."""
    from signjax.report.data_card import CARD, is_card_of, write_data_card

    card = folder / CARD
    if not is_card_of(card, str(read_info(dataset)["digest"])):
        write_data_card(open_dataset(dataset), name, card)
    return card

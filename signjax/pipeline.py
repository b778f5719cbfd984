"""Modes to stages: the one place where the rooms meet."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from importlib import metadata
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from signjax import settings
from signjax.data import batches
from signjax.data.clip import Clip, Rejected
from signjax.data.dataset import Dataset, in_memory, open_dataset
from signjax.data.prepare import clips_of, fault_of, prepare, write_quarantine
from signjax.data.splits import SPLITS
from signjax.devices import describe_devices
from signjax.errors import InputError
from signjax.evaluation.baselines import baselines
from signjax.evaluation.calibration import expected_calibration_error, probabilities
from signjax.evaluation.evaluate import Answer, Answers, answers_for, mean_over_heads
from signjax.evaluation.predict import write_predictions, write_unlabelled
from signjax.report.page import write_report
from signjax.training import parallel
from signjax.training.loop import Outcome, Validation, saved_outcome, train
from signjax.training.optimizer import make_optimizer, make_schedule
from signjax.training.state import TrainState, Variables, make_state, parameter_count
from signjax.training.step import make_eval_step, make_train_step

Say = Callable[[str], None]

# Clips that are evaluated at once; it changes nothing but speed and memory.
_EVAL_BATCH = 64
_PACKAGES = ("jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy")


def run(config: ConfigDict, workdir: str | None, mode: str, say: Say) -> None:
    """Runs a mode.

    Raises:
      InputError: what the user gave cannot be used; the message says what to do.
    """
    started = time.monotonic()
    settings.check(config)
    folder = Path(workdir) if workdir else settings.default_workdir(config)
    if mode == "predict":
        _predict(config, folder, say)
        return
    resolved = json.loads(json.dumps(config.to_dict()))
    _check_same_config(resolved, folder, must_exist=mode == "evaluate")
    dataset = prepare(settings.recipe(config, folder), settings.dataset_folder(config, folder), say)
    # Only now: a run whose data cannot be used leaves no folder that would hold the next try to its settings.
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(resolved, indent=1), encoding="utf-8")
    _describe(dataset, say)
    if mode == "prepare":
        return
    say(describe_devices())
    trainer = _Trainer(config, dataset)
    if mode == "train":
        outcome = trainer.train(folder, say)
    else:
        outcome = saved_outcome(folder, trainer.fresh_state(), settings.loop(config), dataset.digest)
    _evaluate(trainer, folder, outcome, say)
    say(f"report: {folder / 'report.html'} ({time.monotonic() - started:.0f} s in all)")


class _Trainer:
    """A model, its steps and its data, made once for a run."""

    def __init__(self, config: ConfigDict, dataset: Dataset):
        self.config, self.dataset = config, dataset
        self.devices = settings.devices()
        self.frames = batches.padded_frames(dataset, config.data.max_frames)
        self.model = settings.model(config, dataset)
        self._clips = dataset.indices("train")
        self._batch_size: int = config.train.batch_size
        parallel.check_batch_size(self._batch_size, len(self.devices))
        self._steps_per_epoch = batches.steps_per_epoch(len(self._clips), self._batch_size)
        self._optimizer_settings = settings.optimizer(config, self._steps_per_epoch)
        eval_step = make_eval_step(self.model, settings.losses(config), settings.inputs(dataset))
        self._eval_step = parallel.map_eval_step(eval_step, self.devices)
        self.eval_batch = -(-_EVAL_BATCH // len(self.devices)) * len(self.devices)

    def fresh_state(self) -> TrainState:
        """The state before the first step."""
        features = 2 * self.dataset.layout.width + len(self.dataset.layout.parts)
        optimizer = make_optimizer(self._optimizer_settings)
        state = make_state(self.model, optimizer, features, self.frames, self.config.seed)
        return parallel.replicate(state, self.devices)

    def answer_with(self, variables: Variables) -> Answer:
        """A function from a batch to what the model says of it."""
        return lambda batch: parallel.unshard(self._eval_step(variables, parallel.shard(batch, len(self.devices))))

    def answers(self, variables: Variables, split: str) -> Answers:
        """What the model says of a split."""
        clips = self.dataset.indices(split)
        return answers_for(self.dataset, clips, self.answer_with(variables), self.eval_batch, self.frames)

    def train(self, folder: Path, say: Say) -> Outcome:
        """Trains or resumes."""
        config = self.config
        step = make_train_step(
            self.model,
            make_optimizer(self._optimizer_settings),
            make_schedule(self._optimizer_settings),
            settings.losses(config),
            settings.inputs(self.dataset),
            settings.augmentation(config),
            config.train.average_decay,
            config.seed,
        )
        state = self.fresh_state()
        say(
            f"model: {parameter_count(state):,} parameters, {self.frames} frames, batch {self._batch_size}, "
            f"{self._steps_per_epoch} steps an epoch"
        )

        def validate(variables: Variables) -> Validation:
            scores = self.answers(variables, "valid").scores()
            return Validation(mean_over_heads(scores, "top1"), mean_over_heads(scores, "loss"), scores)

        return train(
            state=state,
            train_step=parallel.map_train_step(step, self.devices),
            batch_at=lambda at: batches.batch_at(
                self.dataset, self._clips, at, self._batch_size, self.frames, config.seed
            ),
            steps_per_epoch=self._steps_per_epoch,
            batch_size=self._batch_size,
            validate=validate,
            settings=settings.loop(config),
            workdir=folder,
            dataset_digest=self.dataset.digest,
            devices=len(self.devices),
            say=say,
        )


def _check_same_config(now: dict[str, Any], folder: Path, *, must_exist: bool) -> None:
    """Checks that a run that is there has the same configuration.

    Raises:
      InputError: naming the keys that differ and may not.
    """
    path = folder / "config.json"
    if path.is_file():
        before = settings.flat(json.loads(path.read_text(encoding="utf-8")))
        after = settings.flat(now)
        differing = [
            f"{key} was {before.get(key)!r}, is {after.get(key)!r}"
            for key in sorted(before.keys() | after.keys())
            if before.get(key) != after.get(key) and key not in settings.MAY_CHANGE
        ]
        if differing:
            raise InputError(
                f"{folder}: holds a run with another configuration: {'; '.join(differing)}. "
                "Choose another --workdir, or give the same values"
            )
    elif must_exist:
        raise InputError(f"{folder}: no run here to evaluate; train first, or name its folder with --workdir")


def _describe(dataset: Dataset, say: Say) -> None:
    """What the data are, and what was left out."""
    heads = ", ".join(f"{head} ({len(classes)} classes)" for head, classes in dataset.heads.items())
    signers = len({clip["signer"] for clip in dataset.clips} - {""})
    sizes = ", ".join(f"{len(dataset.indices(split))} {split}" for split in SPLITS)
    say(f"data: {len(dataset)} clips, {signers or 'unknown'} signers, heads: {heads}; {sizes}")
    say(f"split: {dataset.info['split_rule']}")
    excluded = dataset.info["excluded"]
    if excluded:
        reasons = ", ".join(f"{count} {reason}" for reason, count in excluded.items())
        say(f"quarantine: {sum(excluded.values())} left out ({reasons}); see {dataset.folder / 'quarantine.csv'}")


def _evaluate(trainer: _Trainer, folder: Path, outcome: Outcome, say: Say) -> None:
    """Evaluates the selected checkpoint and writes predictions, summary and report."""
    dataset = trainer.dataset
    variables = outcome.best_variables
    answers = {split: trainer.answers(variables, split) for split in ("valid", "test")}
    write_predictions(folder / "predictions.csv", dataset, answers)
    scores = {split: answer.scores() for split, answer in answers.items()}
    for head, values in scores["test"].items():
        labelled = answers["test"].labels[head] >= 0
        if labelled.any():
            shares = probabilities(answers["test"].logits[head][labelled])
            right = shares.argmax(1) == answers["test"].labels[head][labelled]
            values["calibration_error"] = expected_calibration_error(shares.max(1), right)
    summary = {
        "dataset": _dataset_summary(trainer),
        "split": {
            "rule": dataset.info["split_rule"],
            "sizes": {split: len(dataset.indices(split)) for split in SPLITS},
            # open_dataset stops a run in which a group straddles, so what is counted here is what was checked there.
            "groups_shared": _shared(dataset, "group"),
            "signers_shared": _shared(dataset, "signer"),
        },
        "model": {"parameters": parameter_count(trainer.fresh_state()), "frames": trainer.frames},
        "training": {
            "epochs": outcome.epochs,
            "steps": outcome.steps,
            "seconds": round(outcome.seconds, 1),
            "best_epoch": outcome.best_epoch,
            "stopped_by": outcome.stopped_by,
            "first_step_seconds": outcome.first_step_seconds,
        },
        **scores,
        "baselines": baselines(dataset, dataset.indices("train"), dataset.indices("test")),
        "environment": _environment(trainer),
    }
    partial = folder / "summary.partial"
    partial.write_text(json.dumps(summary, indent=1, ensure_ascii=False), encoding="utf-8")
    partial.replace(folder / "summary.json")
    write_report(folder, dataset.folder)
    for head, values in scores["test"].items():
        if values["clips"]:
            low, high = values["top1_interval"]
            base = summary["baselines"][head]
            say(
                f"test {head}: top-1 {values['top1']:.3f} [{low:.3f}, {high:.3f}], top-3 {values['top3']:.3f}, top-5 "
                f"{values['top5']:.3f}, {values['clips']} clips; nearest neighbour {base['nearest_neighbour']:.3f}, "
                f"majority {base['majority']:.3f}"
            )


def _dataset_summary(trainer: _Trainer) -> dict[str, Any]:
    dataset = trainer.dataset
    path = Path(dataset.info["recipe"]["path"])
    return {
        "name": f"{trainer.config.data.source}:{path.name}",
        "digest": dataset.digest,
        "clips": len(dataset),
        "classes": {head: len(classes) for head, classes in dataset.heads.items()},
        "signers": len({clip["signer"] for clip in dataset.clips} - {""}),
        "excluded": dataset.info["excluded"],
        "exact_copies": dataset.info["exact_copies"],
        "blank_clips": dataset.info["blank_clips"],
    }


def _shared(dataset: Dataset, column: str) -> int:
    """How many values of a column of clips.csv occur in more than one split."""
    splits: dict[str, set[str]] = {}
    for clip in dataset.clips:
        if clip[column]:
            splits.setdefault(clip[column], set()).add(clip["split"])
    return sum(len(found) > 1 for found in splits.values())


def _environment(trainer: _Trainer) -> dict[str, Any]:
    root = Path(__file__).resolve().parent.parent
    try:
        answer = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, check=False
        )
        commit = answer.stdout.strip() or None
    except OSError:
        commit = None  # no git on this machine
    return {
        "versions": {name: metadata.version(name) for name in _PACKAGES},
        "devices": [device.device_kind for device in trainer.devices],
        "git_commit": commit,
        "seed": trainer.config.seed,
    }


def _predict(config: ConfigDict, folder: Path, say: Say) -> None:
    """Names the signs of unlabelled clips with the best checkpoint of a run."""
    if not (folder / "config.json").is_file():
        raise InputError(f"{folder}: no run here to predict with; name its folder with --workdir")
    if not config.data.path:
        raise InputError("mode predict: --config.data.path must name the clips, and --config.data.source their form")
    run_config = ConfigDict(json.loads((folder / "config.json").read_text(encoding="utf-8")))
    trained_on = open_dataset(settings.dataset_folder(run_config, folder))
    trainer = _Trainer(run_config, trained_on)
    say(describe_devices())
    outcome = saved_outcome(folder, trainer.fresh_state(), settings.loop(run_config), trained_on.digest)
    answer = trainer.answer_with(outcome.best_variables)
    path = Path(config.data.path)
    source = "signavatars" if config.data.source == "synthetic" else config.data.source
    rejected: list[Rejected] = []
    named: list[tuple[str, str]] = []
    logits: dict[str, list[np.ndarray]] = {head: [] for head in trained_on.heads}

    def usable() -> Iterator[Clip]:
        for item in clips_of(source, path, "", labelled=False):
            fault = item if isinstance(item, Rejected) else fault_of(item, trained_on.layout, config.data.longest_clip)
            if fault is not None:
                rejected.append(fault)
            elif isinstance(item, Clip):
                yield item

    clips = usable()
    while chunk := list(islice(clips, trainer.eval_batch)):
        some = in_memory(chunk, trained_on)
        answers = answers_for(some, np.arange(len(some)), answer, trainer.eval_batch, trainer.frames)
        named += [(clip.name, clip.source) for clip in chunk]
        for head, values in answers.logits.items():
            logits[head].append(values)
    if rejected:
        write_quarantine(folder / "predict_quarantine.csv", rejected)
        say(f"quarantine: {len(rejected)} clips left out; see {folder / 'predict_quarantine.csv'}")
    if not named:
        raise InputError(f"{path}: no clip can be used; for example {rejected[0].source}: {rejected[0].detail}")
    out = folder / "predicted.csv"
    write_unlabelled(out, named, {head: np.concatenate(values) for head, values in logits.items()}, trained_on.heads)
    say(f"predict: {len(named)} clips, written to {out}")

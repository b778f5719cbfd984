"""Modes to stages: the one place where the rooms meet.

Whatever loads jax is imported where it is used: `prepare` needs none of it, and a second run of it takes a moment only.
"""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from ml_collections import ConfigDict

from signjax import settings
from signjax.data import corpora
from signjax.data.cleaning import Cleaned, clean
from signjax.data.clip import Clip, Rejected
from signjax.data.dataset import Dataset, in_memory, open_dataset
from signjax.data.feasibility_report import lines
from signjax.data.prepare import prepare
from signjax.data.quarantine import write_quarantine
from signjax.data.sources import catalogue
from signjax.data.sources.item import Request
from signjax.data.splits import SPLITS
from signjax.data.workers import Workers
from signjax.devices import configure_jax, cores, describe_devices
from signjax.errors import InputError

if TYPE_CHECKING:
    from signjax.trainer import Trainer
    from signjax.training.loop import Outcome

Say = Callable[[str], None]


def run(config: ConfigDict, workdir: str | None, mode: str, say: Say) -> None:
    """Runs a mode.

    Raises:
      InputError: what the user gave cannot be used; the message says what to do.
    """
    started = time.monotonic()
    settings.check(config, mode)
    folder = Path(workdir) if workdir else settings.default_workdir(config)
    if mode == "predict":
        _predict(config, folder, say)
        return
    resolved = json.loads(json.dumps(config.to_dict()))
    _check_same_config(resolved, folder, must_exist=mode == "evaluate")
    with Workers(settings.workers(config)) as workers, ThreadPoolExecutor(1) as beside:
        if mode != "prepare":
            beside.submit(import_module, "signjax.trainer")  # while workers keep this process waiting
        dataset = prepare(settings.recipe(config, folder), settings.dataset_folder(config, folder), say, workers)
        # Only now: a run whose data cannot be used leaves no folder that would hold the next try to its settings.
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_text(json.dumps(resolved, indent=1), encoding="utf-8")
        _describe(dataset, say)
        data_card = workers.begin(_draw_data_card, dataset.folder, _name(dataset), folder)
    trainer = None if mode == "prepare" else _make_trainer(config, dataset)
    say(f"data card: {data_card()}")
    if trainer is None:
        return
    say(describe_devices())
    outcome = trainer.train(folder, say) if mode == "train" else trainer.saved_outcome(folder)
    _evaluate(trainer, folder, outcome, say)
    say(f"report: {folder / 'report.html'} ({time.monotonic() - started:.0f} s in all)")


def _make_trainer(config: ConfigDict, dataset: Dataset) -> "Trainer":
    """Loads jax, set up for this machine, and puts the trainer together."""
    from signjax import training_settings
    from signjax.trainer import Trainer

    configure_jax(training_settings.step_bytes(config, cores()))
    return Trainer(config, dataset)


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


def _name(dataset: Dataset) -> str:
    """What the data are called in reports: their source and the last part of its path."""
    return f"{dataset.info['recipe']['source']}:{Path(dataset.info['recipe']['path']).name}"


def _describe(dataset: Dataset, say: Say) -> None:
    """What the data are, and what was left out."""
    heads = ", ".join(f"{head} ({len(classes)} classes)" for head, classes in dataset.heads.items())
    signers = len({clip["signer"] for clip in dataset.clips} - {""})
    sizes = ", ".join(f"{len(dataset.indices(split))} {split}" for split in SPLITS)
    say(f"data: {len(dataset)} clips, {signers or 'unknown'} signers, heads: {heads}; {sizes}")
    say(f"split: {dataset.info['split_rule']}")
    for line in lines(dataset.info["feasibility"]):
        say(line)
    for line in _cleaned(dataset):
        say(line)
    excluded = dataset.info["excluded"]
    if excluded:
        reasons = ", ".join(f"{count} {reason}" for reason, count in excluded.items())
        say(f"quarantine: {sum(excluded.values())} left out ({reasons}); see {dataset.folder / 'quarantine.csv'}")


def _draw_data_card(dataset: Path, name: str, folder: Path) -> Path:
    """Draws the data card, where there is none yet of these data."""
    from signjax.report.data_card import CARD, write_data_card

    card = folder / CARD
    if not card.is_file() or card.stat().st_mtime_ns < (dataset / "dataset.json").stat().st_mtime_ns:
        write_data_card(open_dataset(dataset), name, card)
    return card


def _cleaned(dataset: Dataset) -> Iterator[str]:
    """What was done to the clips, and what they have in common; nothing where there is nothing to say."""
    info = dataset.info
    copies, near = info["exact_copies"], info["near_duplicates"]
    if copies or near:
        yield (
            f"duplicates: {copies} exact and {near} near pairs, kept on one side of the split; "
            f"see {dataset.folder / 'duplicates.csv'}"
        )
    if info["blank_clips"]:
        yield f"blank: {info['blank_clips']} clips in which every value is the same"
    said = [
        f"{info[what]['frames']} {frames} of {info[what]['clips']} clips {done}"
        for what, frames, done in (("trimmed", "idle frames", "cut off"), ("filled", "frames", "filled in"))
        if info[what]["clips"]
    ]
    if info["mirrored"]:
        said.append(f"{info['mirrored']} left-handed clips mirrored")
    if said:
        yield f"cleaned: {', '.join(said)}; see {dataset.folder / 'clips.csv'}"


def _evaluate(trainer: "Trainer", folder: Path, outcome: "Outcome", say: Say) -> None:
    """Evaluates the selected checkpoint and writes predictions, summary and report."""
    from signjax.evaluation.baselines import baselines
    from signjax.evaluation.calibration import expected_calibration_error, probabilities
    from signjax.evaluation.predict import write_predictions
    from signjax.report.page import write_report
    from signjax.report.summary import make_summary
    from signjax.training.log import read_log
    from signjax.training.state import parameter_count

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
    summary = make_summary(
        name=_name(dataset),
        dataset=dataset,
        model={"parameters": parameter_count(outcome.best_variables["params"]), "frames": trainer.frames},
        training=outcome.facts(),
        scores=scores,
        baselines=baselines(dataset, dataset.indices("train"), dataset.indices("test")),
        devices=[device.device_kind for device in trainer.devices],
        seed=trainer.config.seed,
    )
    partial = folder / "summary.partial"
    partial.write_text(json.dumps(summary, indent=1, ensure_ascii=False), encoding="utf-8")
    partial.replace(folder / "summary.json")
    write_report(folder, dataset.folder, read_log(folder / "metrics.jsonl"))
    for head, values in scores["test"].items():
        if values["clips"]:
            low, high = values["top1_interval"]
            base = summary["baselines"][head]
            say(
                f"test {head}: top-1 {values['top1']:.3f} [{low:.3f}, {high:.3f}], top-3 {values['top3']:.3f}, top-5 "
                f"{values['top5']:.3f}, {values['clips']} clips; nearest neighbour {base['nearest_neighbour']:.3f}, "
                f"majority {base['majority']:.3f}"
            )


def _predict(config: ConfigDict, folder: Path, say: Say) -> None:
    """Names the signs of unlabelled clips with the best checkpoint of a run."""
    from signjax.evaluation.evaluate import answers_for
    from signjax.evaluation.predict import write_unlabelled

    if not (folder / "config.json").is_file():
        raise InputError(f"{folder}: no run here to predict with; name its folder with --workdir")
    if not config.data.path:
        raise InputError("mode predict: --config.data.path must name the clips, and --config.data.source their form")
    run_config = settings.of_run(folder)
    trained_on = open_dataset(settings.dataset_folder(run_config, folder))
    trainer = _make_trainer(run_config, trained_on)
    say(describe_devices())
    answer = trainer.answer_with(trainer.saved_outcome(folder).best_variables)
    path = Path(config.data.path)
    source = "signavatars" if config.data.source in corpora.SOURCES else config.data.source
    request = Request(path, layout=run_config.data.layout, labelled=False)
    rejected: list[Rejected] = []
    named: list[tuple[str, str]] = []
    logits: dict[str, list[np.ndarray]] = {head: [] for head in trained_on.heads}

    cleaning = settings.cleaning(run_config)

    def usable() -> Iterator[Clip]:
        for item in catalogue.read(source, request):
            found = item if isinstance(item, Rejected) else clean(item, trained_on.source_layout, cleaning)
            if isinstance(found, Cleaned):
                yield found.clip
            else:
                rejected.append(found)

    clips = usable()
    while chunk := list(islice(clips, trainer.eval_batch)):
        some = in_memory(chunk, trained_on)
        answers = answers_for(some, np.arange(len(some)), answer, trainer.eval_batch, trainer.buckets)
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

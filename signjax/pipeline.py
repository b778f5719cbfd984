"""Runs the stages of each mode.

Modules that load jax are imported where they are used: `prepare` does not need them, so running it again takes only a moment.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from ml_collections import ConfigDict

from signjax.data import locks
from signjax.data.cleaning.clean import clean
from signjax.data.cleaning.faults import unseen
from signjax.data.clip import Clip, Rejected, Request
from signjax.data.dataset import Dataset, in_memory, open_dataset, read_info
from signjax.data.folders import target_of
from signjax.data.layout.parts import Layout
from signjax.data.preparation import self_check
from signjax.data.preparation.prepare import Expected, prepare_locked
from signjax.data.preparation.quarantine import write_quarantine
from signjax.data.preparation.recipe import Recipe, fingerprints
from signjax.data.preparation.self_check import RereadClip
from signjax.data.sources import registry as source_registry
from signjax.data.synthetic import registry as synthetic_registry
from signjax.data.text_files import write_json
from signjax.data.workers import Workers
from signjax.errors import InputError
from signjax.report.dataset_lines import dataset_name, describe
from signjax.runtime.jax_setup import configure_jax, cores, describe_devices
from signjax.settings import run_config
from signjax.settings.plans import Plans, TrainingPlans, take_apart

if TYPE_CHECKING:
    from signjax.model.input_spec import InputSpec
    from signjax.predictor import Predictor
    from signjax.trainer import Fit, Trainer

Say = Callable[[str], None]

_CONFIG = run_config.CONFIG_FILE
# Written when training begins: the digest of the data that the checkpoints belong to, and where those of the model are.
_RUN = run_config.RUN_FILE


def run(config: ConfigDict, workdir: str | None, mode: str, say: Say) -> None:
    """Runs a mode.

    Raises:
      InputError: the user's input cannot be used; the message says what to do.
    """
    started = time.monotonic()
    run_config.check(config, mode)
    folder = run_config.run_folder(config, workdir)
    if mode in ("evaluate", "predict"):
        run_config.check_trained(folder, mode)
    if mode == "evaluate":
        config = run_config.for_evaluation(folder, config)
    with locks.inner_lock(folder, say) as lock:
        lock.require()
        if mode == "predict":
            _predict(take_apart(config), folder, say)
        else:
            resolved = json.loads(json.dumps(config.to_dict()))
            _run(take_apart(config), resolved, folder, mode, say, started)


def _run(plans: Plans, resolved: dict[str, Any], folder: Path, mode: str, say: Say, started: float) -> None:
    """Prepares the data and, unless the mode is `prepare`, trains or loads a trained model, and evaluates it."""
    run_config.check_same(resolved, folder)
    recipe, data = plans.recipe(folder), target_of(plans.dataset_folder(folder))
    with Workers(plans.workers) as workers, ThreadPoolExecutor(1) as background, locks.sibling_lock(data, say) as lock:
        if mode != "prepare":
            background.submit(import_module, "signjax.trainer")  # while this process waits for the workers
        dataset = prepare_locked(recipe, data, lock, say, workers, _trained_on(folder))
        self_check.check_dataset(dataset, recipe, self_check.reread_clips(dataset, recipe, turn=0))
        # Not earlier: modes that need a run must not find the settings of one whose data cannot be used.
        write_json(folder / _CONFIG, resolved)
        for line in describe(dataset):
            say(line)
        data_card = workers.begin(_draw_data_card, dataset.folder, dataset_name(dataset), folder)
        trainer = None if mode == "prepare" else _make_trainer(plans.training, dataset)
        say(f"data card: {data_card()}")
        if trainer is None:
            return
        say(describe_devices())
        if mode == "train":
            write_json(folder / _RUN, {"dataset": dataset.digest, "model": trainer.model_checkpoints})
        fit = trainer.train(folder, say) if mode == "train" else trainer.saved(folder)
        clips = _check_given(trainer, recipe, say)
        notes = [] if clips else [f"the self-check was skipped, because files in {recipe.path} changed during the run"]
        _evaluate(trainer, folder, fit, clips, notes, say)
        say(f"report: {folder / 'report.html'} ({time.monotonic() - started:.0f} s in all)")


def _check_given(trainer: "Trainer", recipe: Recipe, say: Say) -> list[RereadClip]:
    """Compares the model's inputs with the source; returns the clips read for this, none if the source has changed.

    Raises:
      InputError: they differ.
    """
    dataset = trainer.dataset
    if fingerprints(recipe)[0] != dataset.info["fingerprint"]:
        return []
    clips = self_check.reread_clips(dataset, recipe, turn=1)
    self_check.check_dataset(dataset, recipe, clips)
    given = trainer.given(np.array([clip.index for clip in clips]))
    self_check.check_given(dataset, clips, given, trainer.frames)
    say(f"self-check: {len(clips)} clips and their labels, read again from the source, equal the model's inputs")
    return clips


def _make_trainer(plans: TrainingPlans, dataset: Dataset) -> "Trainer":
    """Sets up jax for this machine, and creates the trainer."""
    from signjax.settings.training_plan import step_bytes
    from signjax.trainer import Trainer

    configure_jax(step_bytes(plans, cores()))
    return Trainer(plans, dataset)


def _trained_on(folder: Path) -> Expected | None:
    """The data that the model in this run folder was trained on; None before training."""
    if not (folder / _RUN).is_file():
        return None
    return Expected(str(run_config.read_object(folder / _RUN).get("dataset")), folder)


def _model_of(folder: Path) -> str:
    """Where a run's model has its checkpoints, relative to the run folder."""
    run = run_config.read_object(folder / _RUN) if (folder / _RUN).is_file() else {}
    return str(run.get("model", "checkpoints"))


def _draw_data_card(dataset: Path, name: str, folder: Path) -> Path:
    """Creates the data card, unless there already is one for these data."""
    from signjax.report.data_card import CARD, is_card_of, write_data_card

    card = folder / CARD
    if not is_card_of(card, str(read_info(dataset)["digest"])):
        write_data_card(open_dataset(dataset), name, card)
    return card


def _evaluate(
    trainer: "Trainer", folder: Path, fit: "Fit", clips: Sequence[RereadClip], notes: Sequence[str], say: Say
) -> None:
    """Tests the model, validates the first fit, and writes predictions, summary and report.

    `clips` are for the self-check, `notes` are earlier warnings.
    """
    from signjax.evaluation.baselines import baselines_of_splits
    from signjax.evaluation.calibration import calibration
    from signjax.evaluation.members_alone import members_alone, members_line
    from signjax.evaluation.predict import write_predictions
    from signjax.evaluation.verdict import result_line, warnings_for
    from signjax.report.page import write_report
    from signjax.report.summary import make_summary
    from signjax.training.log import read_log
    from signjax.training.state import parameter_count

    dataset = trainer.dataset
    answers = {
        "valid": trainer.answers(fit.first.variables, "valid"),
        "test": trainer.answers(fit.model.variables, "test"),
    }
    scores = {split: answer.scores() for split, answer in answers.items()}
    for head, values in scores["test"].items():
        values.update(calibration(answers["test"].logits[head], answers["test"].labels[head]))
    baselines = baselines_of_splits(
        dataset,
        {"valid": dataset.indices("train"), "test": trainer.model_clips},
        {split: answer.clips for split, answer in answers.items()},
        trainer.plans.seed,
    )
    members = members_alone(answers["test"])
    warnings = [*notes, *warnings_for(scores, baselines)]
    summary = make_summary(
        name=dataset_name(dataset),
        dataset=dataset,
        model={"parameters": parameter_count(fit.model.variables["params"]), "frames": trainer.frames},
        training=fit.facts(),
        scores=scores,
        members=members,
        baselines=baselines,
        warnings=warnings,
        devices=[device.device_kind for device in trainer.devices],
        seed=trainer.plans.seed,
    )
    # A run that ends in between must not leave the predictions of one evaluation with the summary of another.
    for name in ("summary.json", "report.html"):
        (folder / name).unlink(missing_ok=True)
    write_predictions(folder / "predictions.csv", dataset, answers)
    self_check.check_predictions(folder / "predictions.csv", dataset, clips)
    write_json(folder / "summary.json", summary)
    write_report(folder, dataset.folder, read_log(folder / "metrics.jsonl"))
    for warning in warnings:
        say(f"warning: {warning}")
    for head, values in scores["test"].items():
        if values["clips"]:
            say(result_line(head, values, baselines["test"][head]))
    if members:
        say(members_line(members, scores["test"]))


def _predict(plans: Plans, folder: Path, say: Say) -> None:
    """Predicts the signs of unlabelled clips with the model of a run; of the run, only its folder is needed."""
    from signjax.evaluation.evaluate import answers_for
    from signjax.evaluation.predict import write_unlabelled
    from signjax.model.input_spec import read_input_spec

    if not plans.data.path:
        raise InputError("mode predict: set --config.data.path to the clips, and --config.data.source to their format")
    of_run, spec = take_apart(run_config.of_run(folder)), read_input_spec(folder)
    predictor = _make_predictor(of_run.training, spec)
    say(describe_devices())
    answer = predictor.answer_with(predictor.load_variables(folder / _model_of(folder)))
    path = Path(plans.data.path)
    source = "signavatars" if plans.data.source in synthetic_registry.SOURCES else plans.data.source
    rejected: list[Rejected] = []
    named: list[tuple[str, str]] = []
    logits: dict[str, list[np.ndarray]] = {head: [] for head in spec.heads}

    def read_usable(request: Request) -> Iterator[Clip]:
        for item in source_registry.read(source, request):
            found = item if isinstance(item, Rejected) else clean(item, source_layout, spec.cleaning)
            if isinstance(found, Rejected):
                rejected.append(found)
            elif found.unseen and not spec.no_sign:
                rejected.append(unseen(found.clip.name, found.clip.file, len(found.clip.frames)))
            else:
                yield found.clip

    with _layout_for_sources(of_run.data.layout, spec.source_layout) as layout:
        request = Request(path, layout=layout, labelled=False)
        source_layout = source_registry.layout_like(source, request, spec.source_layout)
        clips = read_usable(request)
        while chunk := list(islice(clips, predictor.batch_size)):
            some = in_memory(chunk, spec.layout, spec.heads, spec.statistics)
            answers = answers_for(some, np.arange(len(some)), answer, predictor.batch_size, spec.buckets)
            named += [(clip.name, clip.file) for clip in chunk]
            for head, values in answers.logits.items():
                logits[head].append(values)
    if rejected:
        write_quarantine(folder / "predict_quarantine.csv", rejected)
        say(f"quarantine: {len(rejected)} clips left out; see {folder / 'predict_quarantine.csv'}")
    if not named:
        raise InputError(f"{path}: none of the clips can be used; for example {rejected[0].file}: {rejected[0].detail}")
    out = folder / "predicted.csv"
    write_unlabelled(out, named, {head: np.concatenate(values) for head, values in logits.items()}, spec.heads)
    say(f"predict: {len(named)} clips, written to {out}")


def _make_predictor(plans: TrainingPlans, spec: "InputSpec") -> "Predictor":
    """Sets up jax for this machine, and loads the model of a run."""
    from signjax.model.factory import make_model
    from signjax.predictor import Predictor
    from signjax.settings import training_plan
    from signjax.training import parallel

    configure_jax(training_plan.step_bytes(plans, cores()))
    model = make_model(plans.model, spec, parallel.AXIS)
    return Predictor(model, spec, plans.losses, training_plan.devices(plans.batches), plans.loop.members)


@contextmanager
def _layout_for_sources(name: str, layout: Layout) -> Iterator[str]:
    """The layout for sources: `config.data.layout`, but a JSON file is written again, because the original may be gone."""
    if not name.endswith(".json"):
        yield name
        return
    with TemporaryDirectory() as folder:
        path = Path(folder) / Path(name).name
        write_json(path, layout.description())
        yield str(path)

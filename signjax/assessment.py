"""A trained model validated, fused, tested and judged, and what came of it written into the run folder."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from signjax.data.preparation import self_check
from signjax.data.preparation.self_check import RereadClip
from signjax.data.text_files import write_json
from signjax.evaluation.baselines import baselines
from signjax.evaluation.breakdown import breakdown
from signjax.evaluation.calibration import calibration_of
from signjax.evaluation.embedding import write_embedding
from signjax.evaluation.evaluate import Answers
from signjax.evaluation.fusion import Fusion, fuse, read_fusion, weigh, write_fusion
from signjax.evaluation.judgement.judge import verdict_lines
from signjax.evaluation.judgement.run import judge_run
from signjax.evaluation.members_alone import members_alone, members_line
from signjax.evaluation.open_set import write_open_set
from signjax.evaluation.predict import write_predictions
from signjax.evaluation.result_lines import adapted_line, result_line
from signjax.live.open_set import calibrate
from signjax.prediction.calibration.record import read_calibration
from signjax.random_convolution.classifier import fit_on_splits
from signjax.report.dataset_lines import dataset_name
from signjax.report.page import write_report
from signjax.report.summary import make_summary
from signjax.trainer import Trainer
from signjax.training.records.log import read_log
from signjax.training.records.outcome import Fit
from signjax.training.state import parameter_count
from signjax.transfer.adaptation import adapted_answers, new_signers
from signjax.transfer.neighbours import settle_signers

Say = Callable[[str], None]


def evaluate(
    trainer: Trainer, folder: Path, fit: Fit, clips: Sequence[RereadClip], notes: Sequence[str], say: Say
) -> dict[str, Any]:
    """Validates the first fit, fuses the model with a random-convolution classifier, tests it, and writes what came of it.

    Returns the content of `summary.json`.

    `clips` are for the self-check, `notes` are earlier warnings.
    """
    dataset, calibration_of_model = trainer.dataset, read_calibration(folder)
    scored = {split: dataset.indices(split) for split in ("valid", "test")}
    if calibration_of_model:
        scored = {split: calibration_of_model.unused(dataset, clips) for split, clips in scored.items()}
        notes = [*notes, calibration_of_model.note(len(dataset.indices("test")) - len(scored["test"]))]
    network = {
        "valid": trainer.answers(fit.first.variables, scored["valid"]),
        "test": trainer.answers(fit.model.variables, scored["test"]),
    }
    learned_from = {"valid": dataset.indices("train"), "test": trainer.model_clips}
    classifiers = fit_on_splits(dataset, learned_from, trainer.plans.seed, mirror=trainer.mirrors)
    other = {split: classifiers[split].log_probabilities(dataset, network[split].clips) for split in network}
    base = {split: baselines(dataset, learned_from[split], network[split].clips, other[split]) for split in network}
    fusion = Fusion(classifiers["test"], weigh(network["valid"], other["valid"])) if trainer.plans.loop.fuse else None
    if fusion and calibration_of_model:
        fusion = read_fusion(folder) or fusion
        other["test"] = fusion.classifier.log_probabilities(dataset, scored["test"])
    answers = {
        split: fuse(answer, other[split], fusion.weights) if fusion else answer for split, answer in network.items()
    }
    alone = {split: answer.scores() for split, answer in network.items()}
    scores = {split: answer.scores() for split, answer in answers.items()}
    for head, values in scores["test"].items():
        values.update(calibration_of(head, answers["test"], answers["valid"]))
    members = members_alone(network["test"])
    adapted = _adapted(trainer, fit, fusion) if trainer.plans.loop.adapt and not calibration_of_model else None
    records, facts = read_log(folder / "metrics.jsonl"), fit.facts()
    verdict = judge_run(
        dataset, answers["test"], scores, base, records, facts["selected_epoch"], alone["test"] if fusion else {}, notes
    )
    summary = make_summary(
        name=dataset_name(dataset),
        dataset=dataset,
        model={
            "parameters": parameter_count(fit.model.variables["params"]),
            "frames": trainer.frames,
            "median_frames": int(np.median(dataset.lengths[dataset.indices("train")])),
        },
        verdict=verdict,
        breakdown={head: breakdown(dataset, answers["test"], head) for head in dataset.heads},
        training=facts,
        scores=scores,
        members=members,
        adapted=adapted.scores() if adapted else {},
        baselines=base,
        network=alone,
        weights=fusion.weights if fusion else {},
        devices=[device.device_kind for device in trainer.devices],
        seed=trainer.plans.seed,
    )
    summary["split"]["sizes"] |= {split: len(clips) for split, clips in scored.items()}
    # A run that ends in between must not leave the predictions of one evaluation with the summary of another.
    for name in ("summary.json", "report.html"):
        (folder / name).unlink(missing_ok=True)
    write_fusion(folder, fusion)
    write_open_set(folder, calibrate(trainer, fit, network["valid"], learned_from, other["valid"] if fusion else None))
    write_predictions(folder / "predictions.csv", dataset, answers)
    self_check.check_predictions(folder / "predictions.csv", dataset, clips)
    write_embedding(folder / "embedding.csv", dataset, answers["test"])
    write_json(folder / "summary.json", summary)
    write_report(folder, dataset.folder, records)
    for note in notes:
        say(f"warning: {note}")
    for line in verdict_lines(verdict):
        say(line)
    for head, values in scores["test"].items():
        if values["clips"]:
            say(result_line(head, values, base["test"][head], alone["test"][head]["top1"] if fusion else None))
    if adapted:
        say(adapted_line(adapted.scores()))
    if members:
        say(members_line(members, alone["test"]))
    return summary


def _adapted(trainer: Trainer, fit: Fit, fusion: Fusion | None) -> Answers | None:
    """The adapted answers for the test clips of new signers who have sixteen or more; None if nobody has."""
    dataset = trainer.dataset
    signers = list(new_signers(dataset, trainer.model_clips, dataset.indices("test")).values())
    if not signers:
        return None
    answers = adapted_answers(dataset, signers, trainer.predictor, trainer.plans.model, fit.model.variables)
    return settle_signers(fusion.fuse(dataset, answers), dataset, fusion.classifier, signers) if fusion else answers

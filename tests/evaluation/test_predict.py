import dataclasses
import json

import numpy as np
from nasty import CLASSES, HEADS

from signjax.data.csv_table import read_table, write_table
from signjax.evaluation.evaluate import Answers, answers_for, mean_over_heads
from signjax.evaluation.predict import unlabelled_header, unlabelled_rows, write_predictions


def renamed(dataset):
    """The dataset with the nasty heads, each of the nasty classes, and every clip labelled at random."""
    rng = np.random.default_rng(0)
    labels = rng.integers(-1, len(CLASSES), (len(dataset), len(HEADS))).astype(np.int32)
    clips = [{**clip, "clip": f"-{clip['clip']}\n", "signer": f"={clip['signer']}"} for clip in dataset.clips]
    return dataclasses.replace(dataset, heads=dict.fromkeys(HEADS, CLASSES), labels=labels, clips=clips)


def some_answers(dataset, split: str) -> Answers:
    clips = dataset.indices(split)
    rng = np.random.default_rng(1)
    logits = {head: rng.normal(size=(len(clips), len(classes))) for head, classes in dataset.heads.items()}
    labels = {head: dataset.labels[clips, column] for column, head in enumerate(dataset.heads)}
    return Answers(clips, logits, {head: np.ones(len(clips)) for head in dataset.heads}, labels)


def test_every_head_and_class_is_read_back_whatever_it_is_called(dataset, tmp_path):
    dataset = renamed(dataset)
    answers = {split: some_answers(dataset, split) for split in ("valid", "test")}
    write_predictions(tmp_path / "predictions.csv", dataset, answers)
    rows = read_table(tmp_path / "predictions.csv")
    assert len(rows[0]) == 3 + 5 * len(HEADS)
    clips = np.concatenate([answer.clips for answer in answers.values()])
    for row, index in zip(rows, clips, strict=True):
        assert (row["clip"], row["signer"]) == (dataset.clips[index]["clip"], dataset.clips[index]["signer"])
        for head, code in zip(HEADS, dataset.labels[index], strict=True):
            assert row[f"{head}_label"] == (CLASSES[code] if code >= 0 else "")
    test = [row for row in rows if row["split"] == "test"]
    for head, logits in answers["test"].logits.items():
        assert [row[f"{head}_predicted"] for row in test] == [CLASSES[best] for best in logits.argmax(1)]


def test_unlabelled_clips_are_read_back_too(dataset, tmp_path):
    logits = {head: np.eye(len(CLASSES)) for head in HEADS}
    clips = [(f"@{i}", "=a.npy") for i in range(len(CLASSES))]
    rows = unlabelled_rows(clips, logits, dict.fromkeys(HEADS, CLASSES))
    write_table(tmp_path / "predicted.csv", unlabelled_header(HEADS), rows)
    rows = read_table(tmp_path / "predicted.csv")
    assert [(row["clip"], row["source"]) for row in rows] == clips
    assert all([row[f"{head}_predicted"] for row in rows] == list(CLASSES) for head in HEADS)


def test_a_split_without_a_clip_has_answers_and_scores(dataset):
    def answer(_):
        raise AssertionError("there is no batch to answer")

    answers = answers_for(dataset, np.zeros(0, np.int64), answer, 4, (32,))
    assert answers.logits["gloss"].shape == (0, 4)
    scores = answers.scores()
    assert scores == {"gloss": {"clips": 0}}
    assert np.isnan(mean_over_heads(scores, "top1"))
    assert json.dumps(scores)

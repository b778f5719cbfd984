import dataclasses
import html
import json
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from nasty import CLASSES, HEADS

from signjax import assessment
from signjax.data.csv_table import read_table
from signjax.data.visible import visible
from signjax.errors import InputError
from signjax.evaluation.evaluate import Answers
from signjax.random_convolution import classifier as random_convolution
from signjax.report.page import write_report


@pytest.fixture(autouse=True)
def few_features(monkeypatch):
    """The baseline takes longer than all the rest of an evaluation."""
    monkeypatch.setattr(random_convolution, "_FEATURES", 1_680)


def named(dataset, heads, classes, labelled=("train", "valid", "test")):
    """The dataset with other heads; in some splits, every clip is labelled in turn."""
    labels = np.repeat(np.arange(len(dataset), dtype=np.int32)[:, None] % len(classes), len(heads), 1)
    for split in {"train", "valid", "test"} - set(labelled):
        labels[dataset.indices(split)] = -1
    return dataclasses.replace(dataset, heads=dict.fromkeys(heads, tuple(classes)), labels=labels)


def evaluate(dataset, folder: Path, said: list[str], *, fuse=False, notes=()) -> None:
    """The evaluation stage of a network with random outputs."""

    def answers(_, clips: np.ndarray) -> Answers:
        rng = np.random.default_rng(0)
        logits = {head: rng.normal(size=(len(clips), len(classes))) for head, classes in dataset.heads.items()}
        labels = {head: dataset.labels[clips, column] for column, head in enumerate(dataset.heads)}
        return Answers(clips, logits, {head: np.ones(len(clips)) for head in dataset.heads}, labels)

    trainer = SimpleNamespace(
        dataset=dataset,
        answers=answers,
        frames=32,
        devices=[],
        plans=SimpleNamespace(seed=0, loop=SimpleNamespace(fuse=fuse, adapt=False)),
        model_clips=dataset.indices("train"),
        mirrors=False,
    )
    facts = {
        "epochs": 1,
        "steps": 5,
        "seconds": 1.0,
        "selected_epoch": 1,
        "best_epoch": 1,
        "stopped_by": "epochs",
        "refit": None,
    }
    outcome = SimpleNamespace(variables={"params": {}})
    fit = SimpleNamespace(first=outcome, refit=None, model=outcome, facts=lambda: facts)
    (folder / "config.json").write_text('{"data": {"heads": "</script>"}}')
    assessment.evaluate(trainer, folder, fit, [], notes, said.append)


def test_the_page_and_all_files_hold_every_name(dataset, tmp_path):
    said: list[str] = []
    evaluate(named(dataset, HEADS, CLASSES), tmp_path, said, fuse=True)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    text = html.unescape(page)
    assert all(visible(head) in text for head in HEADS)
    # Every class that occurs in the test split is in the picture of its head, or listed beside it.
    assert all(visible(name) in text for name in ("two\nlines", "long " * 60 + "a", "\x00nul\x1b[31m"))
    assert "<script>" not in page and "\x00" not in page
    assert len(list((tmp_path / "plots").glob("confusion_*.png"))) == len(HEADS)
    summary = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    for key in ("valid", "test", "baselines", "baselines_valid", "fusion"):
        assert list(summary[key]) == list(HEADS)
    assert {row["gloss_label"] for row in read_table(tmp_path / "predictions.csv")} <= set(CLASSES)
    assert all(line.isprintable() for line in said)


def test_warnings_come_before_the_numbers_and_at_the_top_of_the_page(dataset, tmp_path):
    warned = dataclasses.replace(dataset, info=dataset.info | {"warnings": ["2 clips lie"]})
    said: list[str] = []
    evaluate(warned, tmp_path, said, notes=["1 clip was not scored"])
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["baselines_valid"]["gloss"].keys() == summary["baselines"]["gloss"].keys()
    assert summary["dataset"]["warnings"] == ["2 clips lie"]
    numbers = next(place for place, line in enumerate(said) if line.startswith("test gloss: top-1 "))
    assert said[0] == "warning: 1 clip was not scored" and said[1] == "verdict: too few clips to tell"
    assert said[2] == "  ! Too few test clips to tell: 8 clips" and said[3].startswith(
        "  ! Below the random convolution"
    )
    assert numbers == len(said) - 1 and "8 clips (too few to tell)" in said[numbers]
    assert summary["verdict"]["notes"] == ["1 clip was not scored"]
    page = (tmp_path / "report.html").read_text()
    after_title = re.sub(r"\s+", " ", page[page.index("</h1>") + 5 :])
    assert after_title.startswith(' <section class="verdict few" aria-label="verdict"> <p class="word">')
    findings = ("Too few clips to tell</p>", "Too few test clips to tell: 8 clips</b>", '<b class="title">Below the ')
    places = [page.index(text) for text in (*findings, "<li>2 clips lie.</li>", "Split:")]
    assert places == sorted(places)


@pytest.mark.parametrize("labelled", [("train", "test"), ("train", "valid"), ("train",)])
def test_splits_without_a_label_have_a_report(dataset, tmp_path, labelled):
    said: list[str] = []
    evaluate(named(dataset, ("gloss",), dataset.heads["gloss"], labelled), tmp_path, said)
    summary = json.loads((tmp_path / "summary.json").read_text())
    for split, key in (("valid", "baselines_valid"), ("test", "baselines")):
        assert bool(summary[split]["gloss"]["clips"]) == bool(summary[key]) == (split in labelled)
    for split, name in (("valid", "validation"), ("test", "test")):
        assert any(f"No {name} clip has a label" in line for line in said) == (split not in labelled)
    assert (tmp_path / "report.html").is_file()


def test_predictions_of_another_evaluation_are_not_reported(dataset, evaluated, tmp_path):
    shutil.copytree(evaluated[0], tmp_path, dirs_exist_ok=True)
    lines = (tmp_path / "predictions.csv").read_text().splitlines(keepends=True)
    (tmp_path / "predictions.csv").write_text("".join(lines[:-1]))
    with pytest.raises(InputError, match=r"expected 8 clips of split test, found 7.*--mode=evaluate"):
        write_report(tmp_path, dataset.folder, [])
    (tmp_path / "predictions.csv").write_text("".join([*lines, lines[-1].replace("test,", "train,", 1)]))
    with pytest.raises(InputError, match="expected 0 clips of split train, found 1"):
        write_report(tmp_path, dataset.folder, [])
    (tmp_path / "predictions.csv").write_text("".join(lines).replace("gloss_rank", "sign_rank"))
    with pytest.raises(InputError, match="no column 'gloss_rank'"):
        write_report(tmp_path, dataset.folder, [])
    (tmp_path / "predictions.csv").unlink()
    with pytest.raises(InputError, match="no such file"):
        write_report(tmp_path, dataset.folder, [])


def test_an_evaluation_that_fails_leaves_no_summary_of_the_last(dataset, evaluated, tmp_path, monkeypatch):
    shutil.copytree(evaluated[0], tmp_path, dirs_exist_ok=True)
    assert (tmp_path / "summary.json").exists() and (tmp_path / "report.html").exists()
    monkeypatch.setattr(assessment, "write_predictions", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        evaluate(dataset, tmp_path, [])
    assert not (tmp_path / "summary.json").exists() and not (tmp_path / "report.html").exists()


@pytest.fixture(scope="module")
def evaluated(dataset, tmp_path_factory) -> tuple[Path, list[str]]:
    """The folder of an evaluation, and what was said."""
    folder, said = tmp_path_factory.mktemp("evaluated"), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(random_convolution, "_FEATURES", 1_680)
        evaluate(dataset, folder, said)
    return folder, said


def test_the_page_holds_its_charts_and_fetches_nothing(evaluated):
    page = (evaluated[0] / "report.html").read_text()
    for kind in ("confusion", "reliability", "map", "bars"):
        assert re.search(rf'<svg viewBox="[^"]+" class="chart {kind}" role="img" aria-label="[^"]+"', page)
    assert "There are no curves" in page and "src=" not in page and "http" not in page and "<img" not in page
    figures = json.loads(re.search(r"const figures = (\[.*\]);", page).group(1))
    assert len(figures) >= 8 and all({"frames", "radius", "data"} == figure.keys() for figure in figures)
    assert page.count("<canvas") > page.count('class="pair"') > 0


def records(trained: float, held_out: float) -> list[dict]:
    """Of a run whose first epoch is selected."""
    valid = {"gloss": {"loss": 1.0, "top1": held_out, "top3": 1.0, "top5": 1.0}}
    return [
        {"epoch": 1, "step": 5, "train": {"loss": 1.0, "learning_rate": 1e-3, "top1/gloss": trained}, "valid": valid}
    ]


def test_validation_above_training_is_explained(dataset, evaluated, tmp_path):
    for name in ("summary.json", "config.json", "predictions.csv", "embedding.csv"):
        shutil.copy(evaluated[0] / name, tmp_path)
    write_report(tmp_path, dataset.folder, records(0.8, 0.9))
    page = (tmp_path / "report.html").read_text()
    assert "Validation is above training (90.0 % against 80.0 % in the selected epoch)" in page and "dropout" in page
    assert page.count('class="chart curves"') == 4
    write_report(tmp_path, dataset.folder, records(0.9, 0.9))
    assert "Validation is above training" not in (tmp_path / "report.html").read_text()


def test_the_verdict_is_printed_and_kept_and_its_findings_are_on_the_page(evaluated):
    folder, said = evaluated
    verdict = json.loads((folder / "summary.json").read_text())["verdict"]
    page = html.unescape((folder / "report.html").read_text())
    assert "verdict: too few clips to tell" in said and verdict["level"] == "too_few_clips"
    assert verdict["findings"] and verdict["good_from"] == 0.8
    for finding in verdict["findings"]:
        assert all(finding[text] in page for text in ("title", "reason", "next_step"))
        assert any(finding["title"] in line for line in said)

import json
from pathlib import Path

import pytest
from runs.made_up import make_run

from signjax.runs.aggregate import aggregate
from signjax.runs.finished import open_run, open_runs
from signjax.runs.lines import aggregate_lines
from signjax.runs.page import page


def of_runs(folder: Path, *right: dict[str, bool]) -> list:
    return open_runs([make_run(folder / f"seed{seed}", one, {"seed": seed}) for seed, one in enumerate(right)])


def test_mean_spread_and_the_worst_run(tmp_path):
    runs = of_runs(
        tmp_path,
        {"a0": True, "a1": True, "b2": True, "b3": False},
        {"a0": True, "a1": False, "b2": True, "b3": False},
    )
    found = aggregate(runs, "seeds", ["seed2"])
    gloss = found["heads"]["gloss"]
    top1 = gloss["measures"]["top1"]
    assert (top1["mean"], top1["lowest"], top1["lowest_run"], top1["highest"]) == (0.625, 0.5, "seed1", 0.75)
    assert top1["std"] == pytest.approx(0.125 * 2**0.5)
    assert found["missing"] == ["seed2"] and found["seconds"]["values"] == [90.0, 90.0]
    assert gloss["pooled"] is None and gloss["distinct_clips"] == 4  # each clip was tested twice
    assert json.loads(json.dumps(found)) == found


def test_classes_and_signers_over_all_runs_with_their_clips(tmp_path):
    found = aggregate(of_runs(tmp_path, {"a0": True, "b1": False}, {"a0": False, "b1": False}), "seeds")
    worst, best = found["heads"]["gloss"]["by_signer"]
    assert (worst["name"], worst["clips"], worst["answers"], worst["top1"]) == ("b", 1, 2, 0.0)
    assert (best["name"], best["top1"], best["lowest"], best["lowest_run"]) == ("a", 0.5, 0.0, "seed1")
    assert [row["name"] for row in found["heads"]["gloss"]["by_class"]] == ["thanks", "hello"]


def test_clips_that_are_each_tested_once_count_together(tmp_path):
    found = aggregate(of_runs(tmp_path, {"a0": True, "a1": True}, {"b0": True, "b1": False, "b2": True}), "folds")
    pooled = found["heads"]["gloss"]["pooled"]
    assert (pooled["clips"], pooled["top1"]) == (5, 0.8) and pooled["interval"][0] < 0.8 < pooled["interval"][1]


def test_lines_fit_a_terminal_and_the_page_names_everything(tmp_path):
    found = aggregate(of_runs(tmp_path, {"a0": True, "b1": False}, {"a0": True, "b1": True}), "seeds", ["seed2"])
    lines = list(aggregate_lines(found))
    assert "top-1: 75.0 ± 35.4, the lowest 50.0 (seed0)" in lines
    assert "not finished, so not counted: seed2" in lines and "weakest by signer: b 50 (1 clip, 2 answers)" in lines
    assert all(len(line) <= 80 for line in lines)
    html = page(found)
    for text in ("made up: 2 seeds", "75.0 ± 35.4 %", "seed0/report.html", "Few clips.", "seed2", "<svg", 'role="img"'):
        assert text in html
    assert "<link" not in html and "http" not in html  # one file that can be sent


def test_what_adapting_gave_is_told_where_all_runs_asked_for_it(tmp_path):
    runs = of_runs(tmp_path, {"a0": True, "b1": False}, {"a0": True, "b1": True})
    runs[0].summary["adapted"] = {"gloss": {"clips": 2, "top1": 0.5}}
    assert aggregate(runs, "folds")["heads"]["gloss"]["adapted"] is None
    runs[1].summary["adapted"] = {"gloss": {"clips": 2, "top1": 1.0}}
    found = aggregate(runs, "folds")
    assert found["heads"]["gloss"]["adapted"]["values"] == [0.5, 1.0]
    told = " ".join(" ".join(aggregate_lines(found)).split())
    assert "adapted to unlabelled clips of new signers with 16 or more: top-1 75.0 ± 35.4, the lowest 50.0" in told
    assert "without labels are known beforehand, top-1: 75.0 ± 35.4" in " ".join(page(found).split())
    runs[1].summary["adapted"] = {"gloss": {"clips": 0, "top1": None}}
    assert "adapted" not in " ".join(aggregate_lines(aggregate(runs, "folds")))


def test_a_single_run_has_no_spread(tmp_path):
    found = aggregate(of_runs(tmp_path, {"a0": True}), "seeds")
    assert found["heads"]["gloss"]["measures"]["top1"]["std"] is None
    assert "±" not in page(found) + "".join(aggregate_lines(found))


def test_a_run_whose_clips_have_no_label_does_not_count(tmp_path):
    runs = of_runs(tmp_path, {"a0": True}, {"a0": False})
    runs[1].summary["test"]["gloss"] = {"clips": 0}
    assert aggregate(runs, "seeds")["heads"]["gloss"]["runs"] == 1
    runs[0].summary["test"]["gloss"] = {"clips": 0}
    found = aggregate(runs, "seeds")
    assert list(aggregate_lines(found)) == ["gloss: no test clip has a label"] and "No test clip has a label" in page(
        found
    )


def test_a_folder_read_alone_has_its_own_name(tmp_path):
    assert open_run(make_run(tmp_path / "first", {"a0": True})).name == "first"

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import accuracy
from benchmarks.peers import aeon_classifiers
from benchmarks.peers.finished_run import check_one_head, learned_from, open_run
from signjax.settings.schema import default_config


class Memory:
    """Answers with the class of the nearest series that it was trained on."""

    def fit(self, x: np.ndarray, labels: np.ndarray) -> None:
        self.x, self.labels = x.reshape(len(x), -1), labels

    def predict(self, x: np.ndarray) -> np.ndarray:
        distances = np.square(x.reshape(len(x), 1, -1) - self.x).sum(2)
        return self.labels[distances.argmin(1)]


@pytest.fixture
def run(dataset, tmp_path) -> Path:
    """As much of a finished run as the benchmarks read; the model was refitted."""
    config = default_config().to_dict()
    config["data"]["dataset"] = str(dataset.folder)
    summary = {
        "dataset": {"digest": dataset.digest},
        "training": {"refit": {"steps": 5}, "steps": 4},
        "test": {"gloss": {}},
        "environment": {"seed": 0},
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "summary.json").write_text(json.dumps(summary))
    return tmp_path


def change(run: Path, section: str, **values: object) -> None:
    summary = json.loads((run / "summary.json").read_text())
    summary[section] |= values
    (run / "summary.json").write_text(json.dumps(summary))


def test_a_peer_learns_from_the_clips_that_the_tested_model_learned_from(run, dataset):
    train, valid, test = (dataset.indices(split) for split in ("train", "valid", "test"))
    np.testing.assert_array_equal(open_run(run).train, np.concatenate([train, valid]))
    change(run, "training", refit=None)
    np.testing.assert_array_equal(open_run(run).train, train)
    np.testing.assert_array_equal(open_run(run).test, test)


def test_a_peer_sees_each_clip_as_a_series_with_its_label(run):
    asked = open_run(run)
    assert aeon_classifiers.series(asked, asked.train[:3], 11).shape == (3, asked.dataset.layout.width, 11)
    known = asked._replace(test=asked.train)
    assert aeon_classifiers.top1(Memory(), known) == 1.0


def test_data_that_were_replaced_are_not_compared(run):
    change(run, "dataset", digest="other")
    with pytest.raises(SystemExit, match="not those of the run"):
        open_run(run)


def test_several_heads_are_refused():
    check_one_head({"gloss": {}})
    with pytest.raises(SystemExit, match=r"one head.*have 2"):
        check_one_head({"gloss": {}, "handshape": {}})


def test_a_peer_that_has_answered_is_asked_again_only_for_other_clips(run, monkeypatch):
    asked = []

    class Worker:
        def __init__(self, target: str, settings: dict):
            asked.append(settings["peer"])
            self.facts = {"top1": 0.5, "seconds": 1.0}

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(accuracy, "Worker", Worker)
    assert accuracy.ask_peers(["QUANT"], run)["QUANT"]["top1"] == 0.5
    assert list(accuracy.ask_peers(["QUANT", "MiniRocket"], run)) == ["QUANT", "MiniRocket"]
    assert asked == ["QUANT", "MiniRocket"]
    change(run, "training", refit=None)
    found = accuracy.ask_peers(["QUANT"], run)["QUANT"]
    assert asked == ["QUANT", "MiniRocket", "QUANT"]
    assert found.items() >= learned_from(json.loads((run / "summary.json").read_text())).items()


def test_the_row_has_a_column_for_each_peer():
    values = {key: [0.5, 0.75] for key in ("top1", "top3", "macro_top1", "network_alone", *accuracy.NAMES)}
    row = values | {"name": "a", "split": "b", "clips": [4, 4], "runs": 2, "varied": "folds"}
    row |= {"epochs": [1, 1], "seconds": [60, 60], "peers": {"QUANT": [0.25, 0.25]}}
    row |= {"validation": {"network alone": [], "fused": [0.5, 0.5]}, "adapted": [0.75, 1.0]}
    header, line, cells, _, each, adapted, validated = accuracy.one_row(row)
    assert adapted == "adapted to unlabelled clips of each new signer: top-1 87.5 ± 17.7; of each: 75.0, 100.0"
    assert len(accuracy.one_row(row | {"adapted": []})) == 6
    assert validated == "validation, which is what to choose by: fused 50.0 ± 0.0"
    named = dict(zip(header.split(" | "), cells.split(" | "), strict=True))
    assert named["QUANT"] == "25.0 ± 0.0" and named["network alone"] == "62.5 ± 17.7"
    assert line.count("|") == header.count("|")
    assert each == "top-1 of each: 50.0, 75.0; the lowest: 50.0 (fold 0)"


def test_a_missing_package_is_named_before_anything_is_trained(tmp_path):
    assert aeon_classifiers.missing(("numpy",)) == ""
    assert aeon_classifiers.missing(("numpy", "no_such_package")).startswith("no_such_package not installed (pip ")
    lacking = [name for name, peer in aeon_classifiers.PEERS.items() if aeon_classifiers.missing(peer.packages)]
    if not lacking:
        pytest.skip("all packages of the peers are installed")
    command = [sys.executable, "-m", "benchmarks.accuracy", "--name=a", f"--out={tmp_path}", "--peers", lacking[0]]
    done = subprocess.run(command, cwd=accuracy.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and f"{lacking[0]}: " in done.stderr and "not installed" in done.stderr


@pytest.mark.parametrize("peer", ["MiniRocket", "MultiRocketHydra", "QUANT"])
def test_a_classifier_of_aeon_answers(run, peer):
    if absent := aeon_classifiers.missing(aeon_classifiers.PEERS[peer].packages):
        pytest.skip(absent)
    found = accuracy.ask_peers([peer], run)[peer]
    assert 0.25 < found["top1"] <= 1.0 and found["seconds"] > 0

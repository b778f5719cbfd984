import json
import sys
from pathlib import Path

import pytest
from conftest import silent

from signjax.plans.logging import LoggingSettings
from signjax.settings import base
from signjax.tracking import services, tracker
from signjax.tracking.tracker import tracking


def add_epoch(folder: Path, epoch: int) -> None:
    folder.mkdir(exist_ok=True)
    record = {"epoch": epoch, "step": 10 * epoch, "train": {"loss": 1.0}, "valid": {"two words": {"top1": 0.5}}}
    with (folder / "metrics.jsonl").open("a") as file:
        file.write(json.dumps(record) + "\n")


def train(folder: Path, epochs: list[int], to: str, say=silent, summary: bool = True) -> None:
    """What a run does with its tracker."""
    with tracking(LoggingSettings(to, "project"), folder, base.get_config().to_dict(), say) as found:
        for epoch in epochs:
            add_epoch(folder, epoch)
            found.after_epoch(folder)
        if summary:
            found.summarise({"test": {"gloss": {"top1": 0.7}}, "warnings": ["none"]})


class Kept:
    """A service that keeps what it gets."""

    def __init__(self, opening):
        self.opening, self.known = opening, opening.known or "run 1"
        self.logged, self.summary = [], "none"

    def log(self, metrics, epoch):
        self.logged.append((epoch, metrics))

    def finish(self, summary):
        self.summary = summary


@pytest.fixture
def kept(monkeypatch):
    """The services that runs have opened."""
    opened = []

    def make(opening):
        opened.append(Kept(opening))
        return opened[-1]

    monkeypatch.setattr(services, "SERVICES", {"wandb": make})
    monkeypatch.setattr(tracker, "SERVICES", {"wandb": make})
    return opened


def test_settings_epochs_and_summary_arrive(kept, tmp_path):
    train(tmp_path / "run", [1, 2], "wandb")
    (service,) = kept
    assert service.opening.settings["train.epochs"] == 0 and service.opening.name == "run"
    assert [epoch for epoch, _ in service.logged] == [1, 2]
    assert service.logged[0][1] == {"train/loss": 1.0, "valid/two_words/top1": 0.5, "steps": 10.0}
    assert service.summary == {"test/gloss/top1": 0.7}


def test_a_run_that_goes_on_is_the_same_run_there_and_no_epoch_is_sent_twice(kept, tmp_path):
    run = tmp_path / "run"
    add_epoch(run, 1)  # before logging was switched on
    train(run, [2], "wandb", summary=False)
    train(run, [3], "wandb")
    before, after = kept
    assert before.summary is None and (before.opening.known, after.opening.known) == ("", "run 1")
    assert [epoch for one in kept for epoch, _ in one.logged] == [1, 2, 3]


def test_the_second_training_has_names_of_its_own(kept, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    with tracking(LoggingSettings("wandb", "project"), run, {}, silent) as found:
        add_epoch(run / "refit", 1)
        found.after_epoch(run / "refit")
    assert "refit/train/loss" in kept[0].logged[0][1]


def test_a_run_that_logs_nowhere_or_never_trains_opens_nothing(kept, tmp_path):
    train(tmp_path / "a", [1], "none")
    with tracking(LoggingSettings("wandb", "project"), tmp_path / "b", {}, silent):
        pass
    assert not kept


def test_a_failure_is_told_once_and_ends_nothing(kept, tmp_path, monkeypatch):
    said: list[str] = []

    def refuse(self, metrics, epoch):
        raise ConnectionError("no network")

    monkeypatch.setattr(Kept, "log", refuse)
    train(tmp_path / "run", [1, 2], "wandb", said.append)
    (line,) = said
    assert line.startswith("warning: logging to wandb failed (ConnectionError: no network); the run goes on without it")


def test_a_slow_service_is_left_behind(kept, tmp_path, monkeypatch):
    import threading

    said: list[str] = []
    monkeypatch.setattr(tracker, "_SECONDS_TO_FINISH", 0.01)
    released = threading.Event()
    monkeypatch.setattr(Kept, "log", lambda *_: released.wait(30))
    train(tmp_path / "run", [1], "wandb", said.append)
    released.set()
    assert said == ["warning: wandb has not taken everything within 0 s; left there"]


@pytest.mark.parametrize("to", ["wandb", "mlflow", "trackio"])
def test_a_missing_package_is_told_with_its_extra(to, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, to, None)
    said: list[str] = []
    train(tmp_path / "run", [1], to, said.append)
    (line,) = said
    assert f"pip install 'signjax[{to}]'; the run goes on without it" in line


@pytest.mark.filterwarnings("ignore")  # of the services' own packages
@pytest.mark.parametrize("to", ["wandb", "mlflow", "trackio"])
def test_each_service_takes_a_run_that_goes_on_without_a_network(to, tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"file:{tmp_path / 'mlruns'}")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")  # in seconds; SQLite takes MLflow a minute to set up
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "trackio"))  # which trackio reads when it is imported
    pytest.importorskip(to)
    said: list[str] = []
    run = tmp_path / "run"
    train(run, [1], to, said.append, summary=False)
    known = json.loads((run / "logging.json").read_text())["id"]
    train(run, [2], to, said.append)
    told = json.loads((run / "logging.json").read_text())
    assert said == [] and known and told == {"to": to, "project": "project", "id": known, "epochs": {"": 2}}
    if to == "wandb":
        assert len(list((run / "wandb").glob(f"offline-run-*-{known}"))) in (1, 2)  # in one second, one folder
    elif to == "mlflow":
        from mlflow import MlflowClient

        client = MlflowClient()
        assert [one.value for one in client.get_metric_history(known, "train/loss")] == [1.0, 1.0]
        assert client.get_run(known).data.params["train.patience"] == "0"
        assert client.get_run(known).info.status == "FINISHED"
    else:
        import trackio

        assert (tmp_path / "trackio").is_dir(), "trackio keeps its runs elsewhere: it was imported before this test"
        (found,) = trackio.Api().runs("project")
        assert found.name == known

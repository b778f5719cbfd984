"""Several runs in one folder, with a made-up training."""

from pathlib import Path

import pytest
from conftest import silent
from runs.made_up import make_run, write_config

from signjax.data.text_files import write_json
from signjax.errors import InputError
from signjax.runs import several
from signjax.runs.parts import Wanted, read_flags, with_folds
from signjax.settings import base
from signjax.settings.schema import flat


class Trainings:
    """A made-up `pipeline.run`: writes a run folder, and notes what it was asked for."""

    def __init__(self, given: bool = False):
        self.asked: list[tuple[str, str, dict]] = []
        self.given = given  # whether the source prescribes the split
        self.stop_at = ""

    def __call__(self, config, workdir, mode, say):
        folder, settings = Path(workdir), flat(config.to_dict())
        self.asked.append((folder.name, mode, settings))
        if folder.name == self.stop_at:
            raise InputError("stopped")
        dataset = Path(settings["data.dataset"] or folder / "dataset")
        dataset.mkdir(parents=True, exist_ok=True)
        write_json(dataset / "dataset.json", {"split_dealt": not self.given})
        (dataset / "clips.csv").write_text("clip,signer,group\na0,a,\nb0,b,\nc0,c,\n")
        if mode == "train":
            clip = f"a{settings['data.fold']}"
            make_run(folder, {clip: settings["seed"] % 2 == 0, "b9": True})
            write_config(folder, config)

    def names(self, mode="train"):
        return [name for name, asked, _ in self.asked if asked == mode]


@pytest.fixture(autouse=True)
def nothing_to_forget(monkeypatch):
    monkeypatch.setattr(several, "forget", lambda: None)


def config_of(**data):
    config = base.get_config()
    config.data.update(data)
    return config


def train(folder, wanted, run, config=None, say=silent):
    return several.train_several(config or config_of(), str(folder), wanted, say, run)


def test_finished_runs_are_not_trained_again_and_a_stopped_one_goes_on(tmp_path):
    run = Trainings()
    run.stop_at = "seed1"
    with pytest.raises(InputError, match="seed1: stopped"):
        train(tmp_path, Wanted("seeds", 3), run)
    assert (tmp_path / several.PAGE).is_file()  # what there is so far
    run = Trainings()
    said: list[str] = []
    found = train(tmp_path, Wanted("seeds", 3), run, say=said.append)
    assert run.names() == ["seed1", "seed2"] and [one["name"] for one in found["runs"]] == ["seed0", "seed1", "seed2"]
    assert "run: seed0, 1 of 3: finished before" in said and found["missing"] == []
    assert [one["seed"] for one in found["runs"]] == [0, 1, 2]
    assert train(tmp_path, Wanted("seeds", 4), Trainings())["heads"]["gloss"]["runs"] == 4  # more of them later


def test_runs_that_are_to_train_for_longer_go_on(tmp_path):
    train(tmp_path, Wanted("seeds", 2), Trainings())
    config, run = config_of(workers=3), Trainings()
    train(tmp_path, Wanted("seeds", 2), run, config)
    assert run.asked == []
    config.train.epochs = 50
    train(tmp_path, Wanted("seeds", 2), run, config)
    assert run.names() == ["seed0", "seed1"]


def test_other_settings_are_refused_where_runs_are_finished(tmp_path):
    train(tmp_path, Wanted("seeds", 1), Trainings())
    config = config_of()
    config.train.learning_rate = 0.5
    with pytest.raises(InputError, match=r"seed0: the run had other settings.*\n  train.learning_rate was 0.001"):
        train(tmp_path, Wanted("seeds", 2), Trainings(), config)
    with pytest.raises(InputError, match="the folder has a single run"):
        train(tmp_path / "seed0", Wanted("seeds", 2), Trainings())


def test_data_are_shared_where_every_seed_has_the_same_split(tmp_path):
    config = config_of(source="arrays", path=str(tmp_path), split="column")
    run = Trainings(given=True)
    train(tmp_path / "runs", Wanted("seeds", 2), run, config)
    assert run.names("prepare") == ["prepared"]
    shared = {(asked["data.dataset"], asked["data.seed"]) for _, _, asked in run.asked}
    assert shared == {(str(tmp_path / "runs" / "dataset"), 1)}
    again = Trainings(given=True)
    train(tmp_path / "runs", Wanted("seeds", 2), again, config)  # all are finished
    assert again.asked == []


def test_a_seed_of_the_data_is_the_same_for_all(tmp_path):
    run = Trainings()
    train(tmp_path, Wanted("seeds", 2), run, config_of(seed=7))
    assert {(asked["data.seed"], asked["data.dataset"]) for _, _, asked in run.asked} == {
        (7, str(tmp_path / "dataset"))
    }


def test_each_seed_has_its_own_data_where_the_split_depends_on_it(tmp_path):
    run = Trainings()
    train(tmp_path, Wanted("seeds", 2), run)
    assert all(asked["data.dataset"] == "" for _, _, asked in run.asked) and run.names("prepare") == []
    with pytest.raises(InputError, match="each of the folds has a split of its own"):
        train(tmp_path / "b", Wanted("folds", 2), Trainings(), config_of(dataset=str(tmp_path / "d")))


def test_all_folds_are_those_of_the_split(tmp_path):
    run = Trainings()
    found = train(tmp_path / "k", Wanted("folds", None), run, config_of(folds=4))
    assert run.names() == ["fold0", "fold1", "fold2", "fold3"] and {asked["data.split"] for *_, asked in run.asked} == {
        "folds"
    }
    assert found["varied"] == "folds" and [one["fold"] for one in found["runs"]] == [0, 1, 2, 3]
    run = Trainings()
    train(tmp_path / "one", Wanted("folds", None), run, config_of(split="leave_one_out"))
    assert run.names("prepare") == ["fold0"] and run.names() == ["fold0", "fold1", "fold2"]  # as many as signers


def test_what_has_no_folds_is_told():
    with pytest.raises(InputError, match=r"config\.data\.split is signer, which has no folds"):
        with_folds(config_of(split="signer"))
    with pytest.raises(InputError, match="name a single fold"):
        with_folds(config_of(split="folds", fold=2))


@pytest.mark.parametrize(
    ("seeds", "folds", "wanted"),
    [
        ("5", None, Wanted("seeds", 5)),
        (None, "all", Wanted("folds", None)),
        (None, "2", Wanted("folds", 2)),
        (None, None, None),
    ],
)
def test_flags_say_which_runs(seeds, folds, wanted):
    assert read_flags(seeds, folds) == wanted


@pytest.mark.parametrize(
    ("seeds", "folds", "said"),
    [
        ("0", None, "from 1 to 1000$"),
        ("all", None, "from 1 to 1000$"),
        (None, "-1", "from 1 to 1000, or all"),
        ("2", "3", "give one"),
    ],
)
def test_other_flags_are_refused(seeds, folds, said):
    with pytest.raises(InputError, match=said):
        read_flags(seeds, folds)

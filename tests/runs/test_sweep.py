"""Spaces, studies and trials; trainings are made up, but for one."""

from pathlib import Path

import pytest
from conftest import silent

from signjax.errors import InputError
from signjax.runs.sweep.best import best_lines, config_file, write_config
from signjax.runs.sweep.space import read_space
from signjax.runs.sweep.study import search
from signjax.runs.sweep.trial import Result, train_trial
from signjax.settings import base
from signjax.settings.config_file import load_config
from signjax.settings.schema import flat

SPACE = read_space(["train.learning_rate=1e-4..1e-2,log", "model.filters=(8,12)|(16,24)", "model.units=4..8"])


def test_a_space_is_read_from_entries_and_files(tmp_path):
    file = tmp_path / "space.txt"
    file.write_text("# rates\ntrain.learning_rate = 1e-4..1e-2, log\n\nconfig.model.units=4..8  # width\n")
    space = read_space([str(file), "model.filters=(8,12)|(16,24)"])
    assert {key: str(one) for key, one in space.items()} == {key: str(SPACE[key]) for key in space}


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("train.learning_rat=1..2", "did you mean config.train.learning_rate"),
        ("train.learning_rate=1e-4", "expected KEY=LOW..HIGH"),
        ("train.learning_rate=2..1", "the smaller first"),
        ("train.learning_rate=1e-4..1e9", "config.train.learning_rate is 1000000000.0; it must be"),
        ("train.weight_decay=0..1,log", "begins above 0"),
        ("train.optimizer=adamw..sgd", "is no number, so list its values"),
        ("train.optimizer=adamw|nothing", "config.train.optimizer is 'nothing'; it must be one of"),
        ("model.units=4|4", "a value twice"),
        ("data.fold=0..3", "cannot be varied"),
        ("absent.txt", "No such file"),
    ],
)
def test_all_that_is_wrong_with_a_space_is_told(entry, said):
    with pytest.raises(InputError, match=said):
        read_space([entry])


def test_problems_of_a_space_are_told_together():
    with pytest.raises(InputError, match=r"(?s)2 problems.*a\.b.*model\.units is given twice"):
        read_space(["a.b=1..2", "model.units=4..8", "model.units=4..9"])


class Trials:
    """A made-up training, which is best at a rate of 1e-3, and notes what it was asked for."""

    def __init__(self, stop_at: int = -1, fail: bool = False):
        self.configs, self.folders = [], []
        self.stop_at, self.fail = stop_at, fail

    def __call__(self, config, folder, after_epoch, say):
        self.configs.append(config)
        self.folders.append(folder)
        if len(self.configs) == self.stop_at:
            raise KeyboardInterrupt
        if self.fail:
            raise InputError("training diverged")
        top1 = 1 - abs(config.train.learning_rate - 1e-3) * 50
        for epoch in range(1, 7):
            after_epoch(epoch, top1 * epoch / 6)
        return Result(top1, 40)


def test_a_study_goes_on_and_the_best_is_by_validation(tmp_path):
    file, said = tmp_path / "study.log", []
    first = Trials(stop_at=4)
    with pytest.raises(KeyboardInterrupt):
        search(base.get_config(), SPACE, file, 9, first, said.append)
    second = Trials()
    best = search(base.get_config(), SPACE, file, 9, second, said.append)
    assert second.folders[0] == first.folders[3]  # the stopped trial, where its checkpoints are
    assert sum(best.counts.values()) == 9 and best.counts["pruned"] and not best.counts["failed"]
    rates = [config.train.learning_rate for config in (*first.configs[:3], *second.configs)]
    assert best.values["train.learning_rate"] == min(rates, key=lambda rate: abs(rate - 1e-3))
    assert best.config.data.dataset == "" and {config.data.dataset for config in second.configs} == {
        str(tmp_path / "study.log.trials" / "dataset")
    }
    assert best.config.model.filters in ((8, 12), (16, 24)) and best.config.model.units in range(4, 9)
    again = Trials()
    assert search(base.get_config(), SPACE, file, 9, again, silent).values == best.values and not again.configs


def test_a_study_may_be_sqlite(tmp_path):
    first, second = Trials(), Trials()
    search(base.get_config(), SPACE, tmp_path / "study.db", 1, first, silent)
    assert (tmp_path / "study.db").read_bytes().startswith(b"SQLite")
    search(base.get_config(), SPACE, tmp_path / "study.db", 2, second, silent)
    assert (len(first.configs), len(second.configs)) == (1, 1)


def test_other_settings_or_another_space_need_another_study(tmp_path):
    file = tmp_path / "study.log"
    search(base.get_config(), SPACE, file, 1, Trials(), silent)
    config = base.get_config()
    config.train.epochs, config.data.workers = 7, 3
    narrow = read_space(["model.units=4..6"])
    with pytest.raises(InputError, match=r"config.train.epochs was 0 and is now 7") as error:
        search(config, narrow, file, 2, Trials(), silent)
    assert "--space model.units was '4..8' and is now '4..6'" in str(error.value) and "workers" not in str(error.value)
    file.with_name("other.db").write_text("no database")
    with pytest.raises(InputError, match=r"other\.db: not a study"):
        search(config, narrow, file.with_name("other.db"), 2, Trials(), silent)


def test_a_failed_trial_does_not_end_the_others_unless_all_fail(tmp_path):
    config = base.get_config()
    heads = read_space(["model.heads=7|2"])  # 7 does not divide the width of the network
    best = search(config, heads, tmp_path / "a.log", 6, Trials(), silent)
    assert best.counts["failed"] and best.values == {"model.heads": 2}
    with pytest.raises(InputError, match="no trial was completed: training diverged"):
        search(config, heads, tmp_path / "b.log", 1, Trials(fail=True), silent)


def test_the_best_settings_are_a_config_file(tmp_path):
    config = base.get_config()
    config.data.path, config.data.source = str(tmp_path / "cl'ips"), "arrays"
    best = search(config, SPACE, tmp_path / "study.log", 1, Trials(), silent)
    path = tmp_path / "best.py"
    write_config(path, best, tmp_path / "study.log")
    assert flat(load_config(str(path)).to_dict()) == flat(best.config.to_dict())
    assert "1 trials, by accuracy on 40 validation clips" in config_file(best, tmp_path / "study.log")
    lines = list(best_lines(best, path))
    assert f"--config.model.units={best.values['model.units']}" in lines[0] and '"--config.model.filters=(' in lines[0]
    assert "the test split was not used" in lines[1] and "too few to choose by" in lines[2]


def test_a_trial_trains_and_never_asks_for_test_clips(dataset, corpus, tmp_path, monkeypatch):
    from signjax.data.dataset import Dataset

    config = base.get_config()
    config.synthetic.update(signs=4, signers=5, takes=2)
    config.data.update(max_frames=32, workers=1, valid_fraction=0.2, test_fraction=0.2)
    config.model.update(filters=(8,), kernels=(3,), units=4, heads=1, depth=1)
    config.train.update(batch_size=8, epochs=1)
    asked, indices = [], Dataset.indices
    monkeypatch.setattr(Dataset, "indices", lambda self, split: (asked.append(split), indices(self, split))[1])
    monkeypatch.setattr("signjax.runs.sweep.trial.prepare", lambda *_: dataset)
    monkeypatch.setattr("signjax.runs.sweep.trial.forget", lambda: None)  # other tests still use what jax has compiled
    epochs = []
    result = train_trial(config, tmp_path / "trial", lambda epoch, top1: epochs.append((epoch, top1)), silent)
    assert [epoch for epoch, _ in epochs] == [1] and result == Result(epochs[-1][1], 8)
    assert "test" not in asked and not (Path(tmp_path) / "trial" / "refit").exists()
    again = train_trial(config, tmp_path / "trial", lambda *_: pytest.fail("nothing is left to train"), silent)
    assert again == result

import numpy as np
import pytest
from conftest import silent

from signjax.commands import COMMANDS, expand
from signjax.data.text_files import write_json
from signjax.errors import InputError
from signjax.settings import base, run_config


def clips(folder):
    path = folder / "clips.npz"
    np.savez(path, frames=np.zeros((8, 3)), offsets=[0, 8])
    return path


def run_of(folder, **changes):
    """The folder of a run that was trained with other settings than the base ones."""
    config = base.get_config()
    for section, values in changes.items():
        config[section].update(values)
    folder.mkdir()
    write_json(folder / run_config.CONFIG_FILE, config.to_dict())
    write_json(folder / run_config.RUN_FILE, {})
    return folder


@pytest.mark.parametrize("command", ["train", "prepare"])
def test_the_source_of_clips_is_guessed_and_said(command, tmp_path):
    said, path = [], clips(tmp_path)
    found = expand([command, str(path), "--config.train.epochs=3"], said.append)
    assert found == [
        f"--mode={command}",
        f"--config.data.path={path}",
        "--config.data.source=arrays",
        "--config.train.epochs=3",
    ]
    assert said == ["source: arrays, guessed from 1 .npz file; --config.data.source=... names another"]


@pytest.mark.parametrize("flag", ["--config.data.source=pose", "--config=mine.py", "-config=mine.py"])
def test_a_flag_that_names_the_source_or_its_file_is_followed(flag, tmp_path):
    path = clips(tmp_path)
    assert expand(["train", flag, str(path)], silent) == ["--mode=train", f"--config.data.path={path}", flag]


def test_without_clips_there_is_the_built_in_corpus():
    assert expand(["train", "--workdir=run"], silent) == ["--mode=train", "--workdir=run"]


def test_the_value_of_a_flag_is_not_taken_for_clips(tmp_path):
    path = clips(tmp_path)
    found = expand(["train", "--seeds", "5", str(path), "--workdir", "runs/a"], silent)
    assert found[-2:] == ["--seeds=5", "--workdir=runs/a"] and f"--config.data.path={path}" in found
    assert expand(["train", "--folds", "all"], silent) == ["--mode=train", "--folds=all"]


def test_a_run_goes_on_with_its_own_settings(tmp_path):
    run = run_of(tmp_path / "run", data={"heads": "gloss,hands"}, model={"filters": (8, 12)}, train={"epochs": 7})
    found = expand(["resume", str(run), "--config.train.epochs=9"], silent)
    assert found == [
        "--mode=train",
        f"--workdir={run}",
        "--config.data.heads=gloss,hands",
        "--config.model.filters=(8, 12)",
        "--config.train.epochs=7",
        "--config.train.epochs=9",
    ]


def test_a_run_and_clips_are_named_in_this_order(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("RUN", "CLIPS"):
        (tmp_path / name).mkdir()
    assert expand(["predict", "RUN", "CLIPS"], silent) == [
        "--mode=predict",
        "--workdir=RUN",
        "--config.data.path=CLIPS",
    ]


@pytest.mark.parametrize(
    ("words", "usage"),
    [
        (["train", "a", "b"], r"signjax train \[CLIPS\]"),
        (["predict", "a"], "signjax predict RUN CLIPS"),
        (["evaluate"], "signjax evaluate RUN"),
        (["resume", "--config.seed=1"], "signjax resume RUN"),
        (["replay", "a", "b"], "signjax replay RUN"),
    ],
)
def test_missing_and_surplus_words_are_told(words, usage):
    with pytest.raises(InputError, match=f"expected {usage}, and flags"):
        expand(words, silent)


def test_what_does_not_exist_is_told(tmp_path):
    with pytest.raises(InputError, match="no run to resume; train first"):
        expand(["resume", str(tmp_path)], silent)
    with pytest.raises(InputError, match=r"CLIPS: .*absent does not exist; expected signjax train"):
        expand(["train", str(tmp_path / "absent")], silent)
    with pytest.raises(
        InputError, match=r"RUN: .*absent does not exist; CLIPS: .*none does not exist; expected signjax predict"
    ):
        expand(["predict", str(tmp_path / "absent"), str(tmp_path / "none")], silent)


@pytest.mark.parametrize("arguments", [[], ["--mode=train"], ["stray"], ["--config", "train"]])
def test_other_arguments_stay_as_they_are(arguments):
    assert expand(arguments, silent) == arguments
    assert COMMANDS.keys() >= {"train", "resume"}

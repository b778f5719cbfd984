"""A single source for each setting: keys, defaults, help, checks, flags, plans and documentation all come from the fields."""

import re
from dataclasses import dataclass, fields
from pathlib import Path

import pytest

from configs import base
from signjax.data.batching.settings import BatchSettings
from signjax.data.cleaning.clean import Cleaning
from signjax.data.synthetic.corpus import CorpusSize
from signjax.data.synthetic.hamnosys_corpus import StringCorpus
from signjax.errors import InputError
from signjax.plans.kinds import number
from signjax.plans.setting import make, setting, settings_of
from signjax.plans.training import LoopSettings
from signjax.runtime.jax_setup import cores
from signjax.settings import reference, run_config, schema
from signjax.settings.config_file import Override, readable
from signjax.settings.plans import Plans, TrainingPlans, take_apart

ROOT = Path(__file__).parents[2]


def test_no_two_fields_have_one_key():
    assert len(schema.SETTINGS) == sum(len(settings_of(stage)) for stage in schema.STAGES)


def test_every_help_text_is_in_sentences():
    for key, one in schema.SETTINGS.items():
        assert one.help[0].isupper() and one.help.endswith("."), key
        assert one.automatic == "" or not one.automatic.endswith("."), key
        assert "auto" not in one.help and " empty" not in one.help, (
            key
        )  # the automatic value is told by `automatic` alone


def test_the_documentation_is_up_to_date():
    assert (ROOT / "docs" / "settings.md").read_text() == reference.markdown(), (
        "run `python -m signjax.settings > docs/settings.md`"
    )


def test_the_defaults_of_the_config_are_those_of_the_stages():
    plans = take_apart(base.get_config())
    assert plans.data.cleaning == Cleaning() and plans.data.corpus == CorpusSize()
    for field in fields(TrainingPlans):
        if field.name != "seed":
            stage = getattr(plans.training, field.name)
            assert stage == type(stage)()
    assert plans.run == type(plans.run)() and plans.data.rule == type(plans.data.rule)()


def test_every_setting_has_a_use():
    modules = [path for path in (ROOT / "signjax").rglob("*.py") if path.parent.name not in ("plans", "settings")]
    texts = [path.read_text() for path in (*modules, *(ROOT / "signjax" / "settings").glob("*plan*.py"))]
    unused = [
        name for stage in schema.STAGES for name in settings_of(stage)
        if not any(re.search(rf"\.{name}\b", text) for text in texts)
    ]  # fmt: skip
    assert unused == []


def test_a_new_setting_is_one_field(monkeypatch):
    """Its key, default, flag, help, check and plan follow; `tests/test_launch.py` tests that they reach the command line."""

    @dataclass(frozen=True)
    class WithRest(LoopSettings):
        rest: float = setting(0.5, "Pause after each epoch.", number(0, 60), unit="seconds")

    stages = {WithRest if stage is LoopSettings else stage: section for stage, section in schema.STAGES.items()}
    found = schema.collect(stages)
    assert found.keys() - schema.SETTINGS.keys() == {"train.rest"}
    for key, one in found.items():
        monkeypatch.setitem(schema.SETTINGS, key, one)
    config = schema.default_config()
    assert config.train.rest == 0.5
    run_config.check(config)
    assert readable([Override("train.rest", "2")]) == (["--config.train.rest=2.0"], {})
    _, faults = readable([Override("train.rest", "long")])
    assert faults == {"train.rest": "config.train.rest is 'long'; it must be a number from 0 to 60"}
    assert (
        "| `train.rest` | `0.5` | seconds | Pause after each epoch. | a number from 0 to 60 |" in reference.markdown()
    )
    assert "--config.train.rest=0.5 (seconds)\n    Pause after each epoch." in "\n".join(reference.config_help())
    config.train.rest = 3.0
    assert make(WithRest, "train", schema.flat(config.to_dict())) == WithRest(rest=3.0)
    config.train.rest = 61.0
    with pytest.raises(InputError, match=r"config.train.rest is 61.0; it must be a number from 0 to 60"):
        run_config.check(config)


AUTOMATIC = [key for key, one in schema.SETTINGS.items() if one.automatic]


@pytest.mark.parametrize("key", AUTOMATIC)
def test_auto_is_the_one_spelling_of_automatic(key):
    one = schema.SETTINGS[key]
    flags, faults = readable([Override(key, "auto")])
    assert flags == [f"--config.{key}={one.default}"] and not faults
    assert any(text.startswith(f"--config.{key}=auto") and " auto: " in text for text in reference.config_help())
    if isinstance(one.default, str):  # a config file may write it too
        automatic, default = base.get_config(), base.get_config()
        section, name = key.split(".")
        automatic[section][name] = "auto"
        assert take_apart(automatic) == take_apart(default)
        assert run_config.default_workdir(automatic) == run_config.default_workdir(default)
        assert run_config.differences(automatic.to_dict(), default.to_dict()) == []


def test_only_what_decides_nothing_may_change():
    may_change = {key for key, one in schema.SETTINGS.items() if one.may_change}
    assert may_change == {
        "data.path", "data.labels", "data.dataset", "data.workers", "train.epochs", "train.steps", "train.clips", "train.patience",
            "train.refit", "train.fuse", "train.adapt",
        "train.checkpoint_epochs",
        "train.checkpoint_minutes",
        "train.not_finite", "train.resident_gib", "train.steps_per_dispatch",
        "logging.to", "logging.project",
    }  # fmt: skip
    before, now = base.get_config().to_dict(), base.get_config().to_dict()
    now["train"].update(epochs=3, learning_rate=0.1)
    del now["seed"]
    assert run_config.differences(before, now) == [
        "seed was 0 and is now None",
        "train.learning_rate was 0.001 and is now 0.1",
    ]


def plans_with(**data: object) -> Plans:
    config = base.get_config()
    config.data.update(data)
    return take_apart(config)


def test_synthetic_clips_lie_in_the_run_folder(tmp_path):
    assert plans_with().recipe(tmp_path).path == str(tmp_path / "corpus")
    assert plans_with(path="mine", source="arrays").recipe(tmp_path).path == "mine"
    (tmp_path / "data.json").write_text("[]")
    strings = plans_with(path=str(tmp_path), source="synthetic_hamnosys").recipe(tmp_path / "run")
    assert strings.path == str(tmp_path / "run" / "corpus") and strings.labels == ""
    assert strings.corpus == StringCorpus(str(tmp_path / "data.json"), CorpusSize().signers)


def test_a_seed_of_the_data_is_apart_from_that_of_the_training(tmp_path):
    config = base.get_config()
    config.seed = 5
    plans = take_apart(config)
    assert plans.data.seed == plans.data.rule.seed == plans.training.seed == 5
    config.data.seed, config.data.dataset = 9, str(tmp_path / "data")
    plans = take_apart(config)
    assert plans.data.seed == plans.data.rule.seed == 9 and plans.training.seed == 5
    assert plans.recipe(tmp_path / "run").path == str(
        tmp_path / "data.corpus"
    )  # runs that share data share their corpus


def test_folders_processes_and_heads_of_a_plan(tmp_path):
    plans = plans_with()
    assert (
        plans.workers == cores() and plans.dataset_folder(tmp_path) == tmp_path / "dataset" and plans.data.heads == ()
    )
    plans = plans_with(workers=3, dataset="there", heads="gloss, hands", max_frames=32)
    assert plans.workers == 3 and plans.dataset_folder(tmp_path) == Path("there")
    assert plans.data.heads == ("gloss", "hands") and plans.training.batches == BatchSettings(max_frames=32)

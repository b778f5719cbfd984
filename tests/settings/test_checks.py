"""The allowed settings of a run: every key has a rule, and all violations are reported together before anything is read."""

import json
import math
import sys
from pathlib import Path
from unittest import mock

import pytest
from absl.flags import FlagValues
from ml_collections import ConfigDict, config_flags

from configs import base, hamnosys
from signjax.errors import InputError
from signjax.plans.kinds import is_whole
from signjax.settings import run_config as settings
from signjax.settings.config_file import readable, take_overrides
from signjax.settings.schema import SETTINGS

RULES = {key: one.kind for key, one in SETTINGS.items()}


def problems(*flags: str, mode: str = "train") -> str:
    """The error for the base config with these flags; empty if nothing is wrong."""
    others, overrides = take_overrides(flags)
    assert not others
    good, faults = readable(overrides)
    parsed, argv = FlagValues(), ["launch.py", *good]
    with (
        mock.patch.object(sys, "argv", argv),  # where config_flags looks for overrides
        mock.patch.object(
            ConfigDict, "__str__", object.__repr__
        ),  # YAML for --help, which takes longer than all the rest
    ):
        config = config_flags.DEFINE_config_dict("config", base.get_config(), flag_values=parsed, lock_config=True)
        parsed(argv)
    try:
        settings.check(config.value, mode, faults)
    except InputError as error:
        return str(error)
    return ""


NUMERIC = [key for key, (default, _) in base.KEYS.items() if is_whole(default) or isinstance(default, float)]
WORDS = [key for key, kind in RULES.items() if kind.allowed.startswith("one of")]
SWITCHES = [key for key, kind in RULES.items() if kind.a_switch]


def test_every_key_has_a_rule_and_every_default_passes():
    assert RULES.keys() == base.KEYS.keys()
    for key, (default, _) in base.KEYS.items():
        assert RULES[key].accepts(default), key
        assert RULES[key].read(str(default)) == default, key
    assert problems() == ""
    assert len(NUMERIC) > 40 and len(WORDS) > 8 and len(SWITCHES) > 3


def test_the_other_config_passes_once_it_has_strings(tmp_path):
    config = hamnosys.get_config()
    (tmp_path / "data.json").write_text("[]")
    config.data.path = str(tmp_path)
    settings.check(config)


@pytest.mark.parametrize("key", NUMERIC)
def test_a_number_that_means_nothing_is_refused_for_every_key(key):
    zero = () if RULES[key].accepts(0) else ("0",)
    for value in (*zero, "nan", "inf", "-inf", "-1", "1e300", "9" * 5000, "", "many", "None", "True", "[1]"):
        said = problems(f"--config.{key}={value}")
        assert said.startswith(f"config.{key} is ") and said.endswith(f"; it must be {RULES[key].allowed}")
    for brought in (math.nan, math.inf, -math.inf, -1, True, "3", None, 10**5000, (1,), [1]):  # by a config file
        assert not RULES[key].accepts(brought)


def test_zero_is_refused_where_it_means_nothing():
    assert {key for key in NUMERIC if not RULES[key].accepts(0)} == {
        "data.folds", "data.valid_fraction", "data.test_fraction", "data.shortest_clip", "data.longest_clip", "data.max_frames",
        "synthetic.signs", "synthetic.signers", "synthetic.takes", "augment.fastest", "augment.slowest", "model.depth",
        "model.units", "model.heads", "train.batch_size", "train.accumulate", "train.buckets",
        "train.learning_rate", "train.clip_norm", "train.checkpoint_epochs", "train.members",
        "train.decay_factor", "train.plateau_fraction",
    }  # fmt: skip


@pytest.mark.parametrize("key", WORDS)
def test_a_word_that_is_not_in_the_list_is_refused(key):
    for value in ("", "pandas", "Auto"):
        said = problems(f"--config.{key}={value}")
        assert said == f"config.{key} is {value!r}; it must be {RULES[key].allowed}"


@pytest.mark.parametrize("key", SWITCHES)
def test_a_switch_is_true_or_false(key):
    for value in ("yes", "off", "2", ""):
        assert problems(f"--config.{key}={value}") == f"config.{key} is {value!r}; it must be True or False"
    for value in ("true", "False", "t", "0"):
        assert problems(f"--config.{key}={value}") == ""


CASES = """
seed=-1 | config.seed is -1; it must be a whole number from 0 to 4294967295
seed=4294967296 | config.seed is 4294967296; it must be a whole number
seed=1.5 | config.seed is '1.5'; it must be a whole number
seed=1e3 | config.seed is '1e3'; it must be a whole number
data.source=Synthetic | config.data.source is 'Synthetic'; it must be one of synthetic, synthetic_hamnosys, signavatars
data.source=arrays | source arrays needs --config.data.path=PATH, the file or folder of your clips (see docs/data.md#arrays)
data.path=absent | config.data.path is 'absent', but config.data.source is synthetic, which generates its clips; say what
data.labels=absent.csv | config.data.labels is 'absent.csv', but config.data.source is synthetic, which generates its clips
data.source=arrays data.path=a.npz data.labels=absent.csv | config.data.labels is 'absent.csv', but there is no such file
data.source=arrays data.path=a.npz data.labels=absent.csv,b.csv | 'absent.csv,b.csv', but there is no file absent.csv; it must
data.columns=clip | config.data.columns is 'clip', of which 'clip' is not of the form WHAT=COLUMN; write for example
data.columns=clip=a | config.data.columns is 'clip=a', but config.data.source is synthetic, which writes its own label table
data.source=synthetic_hamnosys | source synthetic_hamnosys needs HamNoSys strings: add --config.data.path=DIR
data.layout=holistic_3d | config.data.layout is 'holistic_3d'; it must be one of auto, generic, smplx
data.layout=absent.json | config.data.layout: absent.json: No such file
data.label_mode=signs | config.data.label_mode is 'signs'; it must be one of column, gloss, attributes
data.heads=, | config.data.heads is ','; it must be a comma-separated list of heads
data.heads=gloss,,hands | config.data.heads is 'gloss,,hands'; it must be a comma-separated list of heads, or empty
data.heads=gloss, | it must be a comma-separated list of heads
data.heads=gloss,hands,gloss | config.data.heads is 'gloss,hands,gloss'; it names 'gloss' more than once
data.label_mode=gloss data.heads=hands | config.data.heads: label mode gloss has no head 'hands'; it has gloss
data.label_mode=attributes data.heads=handshap | config.data.heads: label mode attributes has no head 'handshap'
data.split=random | config.data.split is 'random'; it must be one of auto, column, signer, stratified, folds, leave_one_out
data.folds=1 | config.data.folds is 1; it must be a whole number from 2 to 1000
data.split=folds data.fold=5 | config.data.fold is 5; it must be less than config.data.folds, 5
data.split=folds data.folds=3 data.fold=3 | config.data.fold is 3; it must be less than config.data.folds, 3
data.split=leave_one_out data.fold=-1 | config.data.fold is -1; it must be a whole number from 0
data.fold=2 | config.data.fold is 2, but config.data.split is auto, which has no folds; add --config.data.split=folds
data.split=signer data.fold=1 | config.data.fold is 1, but config.data.split is signer
data.held_out=anna | config.data.held_out is 'anna', but config.data.split is auto
data.valid_fraction=0 | config.data.valid_fraction is 0.0; it must be a number above 0 and less than 1
data.test_fraction=0 | config.data.test_fraction is 0.0; it must be a number above 0 and less than 1
data.valid_fraction=1 | config.data.valid_fraction is 1.0; it must be
data.valid_fraction=0.9 | config.data.valid_fraction is 0.9 and config.data.test_fraction is 0.15; their sum must be less than 1
data.valid_fraction=0.5 data.test_fraction=0.5 | their sum must be less than 1
data.valid_fraction=15% | config.data.valid_fraction is '15%'; it must be a number above 0
data.rare_classes=drop | config.data.rare_classes is 'drop'; it must be one of stop, leave_out
data.duplicates=leave_out | config.data.duplicates is 'leave_out'; it must be one of stop, drop
data.strict=maybe | config.data.strict is 'maybe'; it must be True or False
data.shortest_clip=0 | config.data.shortest_clip is 0; it must be a whole number from 1
data.longest_clip=0 | config.data.longest_clip is 0; it must be
data.longest_clip=3 | config.data.shortest_clip is 4; it must be from 1 to data.longest_clip, 3
data.handedness=right | config.data.handedness is 'right'; it must be one of as_is, table, detect
data.longest_gap=-1 | config.data.longest_gap is -1; it must be a whole number from 0
data.rotations=quaternion | config.data.rotations is 'quaternion'; it must be one of axis_angle, 6d
data.workers=100000 | config.data.workers is 100000; it must be a whole number from 0 to 1024
data.workers=-1 | config.data.workers is -1; it must be
data.max_frames=7 | config.data.max_frames is 7; it must be a whole number from 8 to 100000
data.max_frames=1000000000 | config.data.max_frames is 1000000000; it must be
data.max_frames=1e9 | config.data.max_frames is '1e9'; it must be
synthetic.signs=1 | config.synthetic.signs is 1; it must be a whole number from 2 to 1000
synthetic.signs=5000 | config.synthetic.signs is 5000; it must be
synthetic.signers=2 | config.synthetic.signers is 2; it must be a whole number from 3
synthetic.takes=0 | config.synthetic.takes is 0; it must be
synthetic.signs=1000 synthetic.signers=1000 synthetic.takes=2 | 2000000 clips; there must be at most 1000000
augment.mirror=1 | config.augment.mirror is 1.0; it must be a number from 0 to less than 1
augment.mirror=-0.1 | config.augment.mirror is -0.1; it must be
augment.fastest=0 | config.augment.fastest is 0.0; it must be a number from 0.1 to 10
augment.fastest=2 | config.augment.fastest is 2.0; it must be at most config.augment.slowest, 1.4
augment.slowest=0.5 | config.augment.fastest is 0.7; it must be at most config.augment.slowest, 0.5
augment.slowest=nan | config.augment.slowest is nan; it must be a number from 0.1 to 10
augment.crop=1 | config.augment.crop is 1.0; it must be
augment.posture=-0.3 | config.augment.posture is -0.3; it must be a number from 0 to 10
augment.noise=inf | config.augment.noise is inf; it must be a number from 0 to 10
augment.part_dropout=1.5 | config.augment.part_dropout is 1.5; it must be
augment.frame_dropout=nan | config.augment.frame_dropout is nan; it must be
model.filters=() | config.model.filters is (); it must be 1 to 8 whole numbers from 1 to 8192
model.filters=96 | config.model.kernels is (11, 7); it must have one number for each of config.model.filters, (96,)
model.filters=(96,160.0) | config.model.filters is (96, 160.0); it must be
model.filters=(96,-160) | config.model.filters is (96, -160); it must be
model.filters=(96,True) | config.model.filters is (96, True); it must be
model.filters=(96,100000) | config.model.filters is (96, 100000); it must be
model.filters=(8,8,8,8,8,8,8,8,8) | it must be 1 to 8 whole numbers
model.filters=(96, | config.model.filters is '(96,'; it must be
model.filters=wide | config.model.filters is 'wide'; it must be
model.filters= | config.model.filters is ''; it must be
model.filters={96:160} | config.model.filters is ({96: 160},); it must be
model.kernels=(11,8) | config.model.kernels is (11, 8); it must be 1 to 8 odd numbers from 1 to 1023
model.kernels=(11,) | config.model.kernels is (11,); it must have one number for each of config.model.filters
model.kernels=(0,7) | config.model.kernels is (0, 7); it must be
model.depth=0 | config.model.depth is 0; it must be a whole number from 1 to 64
model.units=0 | config.model.units is 0; it must be a whole number from 1 to 8192
model.heads=0 | config.model.heads is 0; it must be
model.heads=7 | config.model.heads is 7; it must divide the last of config.model.filters, 160
model.dropout=1 | config.model.dropout is 1.0; it must be a number from 0 to less than 1
model.dropout=-0.4 | config.model.dropout is -0.4; it must be
model.dropout=nan | config.model.dropout is nan; it must be
model.precision=float16 | config.model.precision is 'float16'; it must be one of float32, bfloat16
loss.cross_entropy_weight=-1 | config.loss.cross_entropy_weight is -1.0; it must be a number from 0 to 1000
loss.focal_weight=nan | config.loss.focal_weight is nan; it must be
loss.cross_entropy_weight=0 loss.focal_weight=0 | config.loss.cross_entropy_weight and config.loss.focal_weight are both 0
loss.focal_gamma=-2 | config.loss.focal_gamma is -2.0; it must be a number from 0 to 100
loss.label_smoothing=1 | config.loss.label_smoothing is 1.0; it must be
loss.class_weights=rare | config.loss.class_weights is 'rare'; it must be one of none, balanced, inverse_sqrt, effective_number
train.freeze_fraction=1 | config.train.freeze_fraction is 1.0; it must be a number from 0 to less than 1
train.epochs=-1 | config.train.epochs is -1; it must be a whole number from 0 to 100000
train.epochs=many | config.train.epochs is 'many'; it must be a whole number from 0 to 100000
train.patience=-1 | config.train.patience is -1; it must be
train.refit=maybe | config.train.refit is 'maybe'; it must be one of auto, yes, no
train.refit=yes train.patience=20 | config.train.refit is 'yes' and config.train.patience is 20; one must be given up
train.batch_size=0 | config.train.batch_size is 0; it must be a whole number from 1 to 65536
train.batch_size=16.0 | config.train.batch_size is '16.0'; it must be a whole number
train.epochs=3 train.steps=9 | config.train.epochs is 3 and config.train.steps is 9; give the duration of the training once
train.steps=9 train.clips=100 | config.train.steps is 9 and config.train.clips is 100; give the duration of the training once
train.accumulate=3 | config.train.accumulate is 3; it must divide config.train.batch_size, 16
train.accumulate=32 | config.train.accumulate is 32; it must divide config.train.batch_size, 16
train.buckets=1000 | config.train.buckets is 1000; it must be a whole number from 1 to 64
train.steps_per_dispatch=9 | config.train.steps_per_dispatch is 9; it must be a whole number from 0 to 8
train.resident_gib=-1 | config.train.resident_gib is -1.0; it must be
train.learning_rate=0 | config.train.learning_rate is 0.0; it must be a number above 0 and at most 10
train.learning_rate=-3e-4 | config.train.learning_rate is -0.0003; it must be
train.learning_rate=fast | config.train.learning_rate is 'fast'; it must be
train.warmup_fraction=1 | config.train.warmup_fraction is 1.0; it must be
train.final_fraction=1.1 | config.train.final_fraction is 1.1; it must be a number from 0 to 1
train.weight_decay=-0.05 | config.train.weight_decay is -0.05; it must be
train.clip_norm=0 | config.train.clip_norm is 0.0; it must be a number above 0 and at most 1000000
train.average_decay=1 | config.train.average_decay is 1.0; it must be
train.optimizer=adam | config.train.optimizer is 'adam'; it must be one of adamw, lion, sgd, muon
train.optimizer_arguments=b1 | config.train.optimizer_arguments is 'b1'; 'b1' does not have the form NAME=VALUE
train.optimizer_arguments==0.9 | config.train.optimizer_arguments is '=0.9'; '=0.9' does not have the form NAME=VALUE
train.optimizer_arguments=b1=0.9, | config.train.optimizer_arguments is 'b1=0.9,'; '' does not have the form NAME=VALUE
train.optimizer_arguments=b1=0.9,b1=0.8 | config.train.optimizer_arguments is 'b1=0.9,b1=0.8'; b1 is given more than once
train.optimizer_arguments=b1=1 | config.train.optimizer_arguments is 'b1=1'; b1 must be a number from 0 to less than 1
train.optimizer_arguments=b1=nan | config.train.optimizer_arguments is 'b1=nan'; b1 must be a number from 0 to less than 1
train.optimizer_arguments=b1=jnp.ones | config.train.optimizer_arguments is 'b1=jnp.ones'; b1 must be a number from 0 to less than 1
train.optimizer_arguments=eps=0 | config.train.optimizer_arguments is 'eps=0'; eps must be a number above 0 and at most 1
train.optimizer_arguments=nesterov=yes | config.train.optimizer_arguments is 'nesterov=yes'; nesterov must be True or False
train.optimizer_arguments=momentum=0.9 | adamw has no argument 'momentum' that can be set; it has b1, b2, eps, eps_root, nesterov
train.optimizer_arguments=mu_dtype=1 | adamw has no argument 'mu_dtype' that can be set; it has b1, b2, eps, eps_root, nesterov
train.optimizer_arguments=learning_rate=1 | 'learning_rate=1'; learning_rate is set by config.train.learning_rate
train.optimizer_arguments=weight_decay=1 | 'weight_decay=1'; weight_decay is set by config.train.weight_decay
train.optimizer_arguments=mask=True | 'mask=True'; mask cannot be set: biases and scales are never decayed
train.optimizer=lion train.optimizer_arguments=eps=1e-6 | lion has no argument 'eps' that can be set; it has b1, b2
train.optimizer=sgd train.optimizer_arguments=b1=0.9 | sgd has no argument 'b1' that can be set; it has momentum, nesterov
train.optimizer=muon train.optimizer_arguments=ns_steps=2.5 | ns_steps must be a whole number from 1 to 20
train.optimizer=muon train.optimizer_arguments=adam_learning_rate=1 | adam_learning_rate is set by config.train.learning_rate
train.schedule=linear | config.train.schedule is 'linear'; it must be one of cosine, one_cycle, step, plateau, constant
train.decay_factor=1 | config.train.decay_factor is 1.0; it must be a number above 0 and less than 1
train.decay_at=() | config.train.decay_at is (); it must be 1 to 32 numbers above 0 and less than 1, such as (0.5, 0.75)
train.decay_at=(0.5,1) | config.train.decay_at is (0.5, 1); it must be
train.decay_at=0 | config.train.decay_at is (0,); it must be
train.decay_at=(0.5,True) | config.train.decay_at is (0.5, True); it must be
train.decay_at=late | config.train.decay_at is 'late'; it must be
train.plateau_fraction=1 | config.train.plateau_fraction is 1.0; it must be a number above 0 and less than 1
train.checkpoint_epochs=0 | config.train.checkpoint_epochs is 0; it must be
train.epoch=3 | config.train.epoch does not exist; did you mean config.train.epochs?
train.batch-size=3 | config.train.batch-size does not exist; did you mean config.train.batch_size?
batch_size=3 | config.batch_size does not exist; did you mean config.train.batch_size?
Train.Epochs=3 | config.Train.Epochs does not exist; did you mean config.train.epochs?
train.epochs.most=3 | config.train.epochs.most does not exist
train.lr=3 | config.train.lr does not exist; did you mean config.train.learning_rate?
model.hidden_size=3 | config.model.hidden_size does not exist; did you mean config.model.units?
heads=gloss | config.heads does not exist; did you mean config.data.heads?
nothing=3 | config.nothing does not exist; --config_help lists all keys
=3 | config. does not exist
model.filters[0]=3 | config.model.filters[0] does not exist
__class__=3 | config.__class__ does not exist
train.lock=3 | config.train.lock does not exist
train=3 | config.train is a group of keys without a value of its own; set one of them, such as --config.train.epochs=VALUE
data={} | config.data is a group of keys
train.epochs | config.train.epochs has no value; write --config.train.epochs=VALUE
"""


@pytest.mark.parametrize("case", CASES.strip().splitlines())
def test_what_cannot_be_used_is_named_with_what_can(case):
    given, expected = case.split(" | ")
    said = problems(*(f"--config.{flag}" for flag in given.split()))
    assert expected in said and "problems" not in said  # one fault is told once


def test_all_problems_are_told_at_once():
    said = problems(
        "--config.train.epoch=3", "--config.train.epochs=many", "--config.train=3", "--config.model.precision=half",
        "--config.model.filters=(8.5,)", "--config.seed=-1", "--config.data.split=folds", "--config.data.fold=9",
    ).splitlines()  # fmt: skip
    assert said[0] == "7 problems:" and len(said) == 8
    for number, (line, key) in enumerate(
        zip(said[1:], ("train.epoch", "train.epochs", "train", "seed", "model.filters", "model.precision", "data.fold"),
            strict=True), 1,
    ):  # fmt: skip
        assert line.startswith(f"  {number}. config.{key}")


def test_all_that_is_wrong_with_the_arguments_of_an_optimizer_is_told_at_once():
    said = problems("--config.train.optimizer_arguments=b1=2, b3=0.9, mask=True", "--config.seed=-1").splitlines()
    assert said[0] == "2 problems:"
    assert said[2] == (
        "  2. config.train.optimizer_arguments is 'b1=2, b3=0.9, mask=True'; b1 must be a number from 0 to less than 1; adamw has "
        "no argument 'b3' that can be set; it has b1, b2, eps, eps_root, nesterov; mask cannot be set: biases and scales are never "
        "decayed"
    )


def test_arguments_of_an_optimizer_and_shares_of_the_steps_pass():
    for flags in (
        ("optimizer_arguments=b1=0.9, b2 = 0.98,nesterov=True",),
        ("optimizer_arguments= ",),
        ("optimizer=sgd", "optimizer_arguments=momentum=0.9, nesterov=true"),
        ("optimizer=muon", "optimizer_arguments=consistent_rms=0.2, ns_steps=6, adam_b2=0.95"),
        ("schedule=step", "decay_at=(0.3, 0.6, 0.9)", "decay_factor=0.5"),
        ("schedule=step", "decay_at=0.5"),
    ):
        assert problems(*(f"--config.train.{flag}" for flag in flags)) == ""


def test_an_address_is_no_path():
    with pytest.raises(InputError, match=r"--workdir=gs://bucket/run: a run folder is a path on this machine \(mount"):
        settings.run_folder(base.get_config(), "gs://bucket/run")
    found = problems(
        "--config.data.path=s3://bucket/clips", "--config.data.source=arrays", "--config.train.init_from=gs://b/r"
    )
    assert (
        "config.data.path is 's3://bucket/clips'; it must be a path on this machine (mount a bucket to use it)" in found
    )
    assert "config.train.init_from is 'gs://b/r'; it must be a path on this machine" in found


def test_keys_that_depend_on_a_faulty_one_are_not_blamed():
    assert "problems" not in problems("--config.train.optimizer=adam", "--config.train.optimizer_arguments=b9=1")
    assert "problems" not in problems("--config.data.split=folds", "--config.data.fold=7", "--config.data.folds=many")
    assert "problems" not in problems("--config.model.filters=(8,7)", "--config.model.heads=-1")


def test_the_last_flag_for_a_key_counts():
    assert problems("--config.train.epochs=many", "--config.train.epochs=3") == ""
    assert "'many'" in problems("--config.train.epochs=3", "--config.train.epochs=many")


def test_keys_that_a_config_file_adds_or_loses_are_named():
    config = base.get_config()
    config.train.epoch, config.data = 3, ConfigDict()
    with pytest.raises(InputError) as raised:
        settings.check(config, file="--config: mine.py")
    _, unknown, absent = str(raised.value).splitlines()
    assert "--config: mine.py: config.train.epoch does not exist; did you mean config.train.epochs?" in unknown
    assert (
        "lacks keys: config.data.centre, " in absent
        and f"and {sum(key.startswith('data.') for key in RULES) - 5} more" in absent
    )


def test_prediction_asks_nothing_of_the_training_data():
    assert problems("--config.data.source=arrays", mode="predict") == ""
    assert "buckets" in problems("--config.train.buckets=1000", mode="predict")


def run_with(folder: Path, **model: object) -> Path:
    """The folder of a trained run with these settings of the model."""
    config = base.get_config()
    config.model.update(model)
    (folder / "config.json").write_text(json.dumps(config.to_dict()))
    (folder / "run.json").write_text("{}")
    return folder


def test_evaluation_uses_the_settings_of_the_run(tmp_path):
    run, given = run_with(tmp_path, depth=1, filters=(8, 12)), base.get_config()
    given.model.depth, given.data.workers = 1, 3  # one as the run has it, one that may change
    found = settings.for_evaluation(run, given)
    assert (found.model.depth, found.data.workers, found.model.units) == (1, 3, given.model.units)
    assert tuple(found.model.filters) == (8, 12)
    settings.check_same(found.to_dict(), run)
    given.model.depth = 3
    with pytest.raises(InputError, match=r"config\.model\.depth is 3, but the run was trained with 1\. This mode uses"):
        settings.for_evaluation(run, given)
    given.model.depth, given.data.path = 1, "clips"  # not of the synthetic source that the run has
    with pytest.raises(InputError, match="source is synthetic"):
        settings.for_evaluation(run, given)


def test_what_predicting_does_not_use_is_named(tmp_path):
    run, given = run_with(tmp_path, units=8), base.get_config()
    given.model.units = 8  # as trained
    given.data.source, given.data.path, given.data.workers = "pose", "clips", 3
    assert settings.without_effect(run, given) == []
    given.data.labels, given.data.trim = "a.csv", False
    assert settings.without_effect(run, given) == [
        "config.data.labels is 'a.csv', but the run was trained with ''",
        "config.data.trim is False, but the run was trained with True",
    ]


def test_only_a_run_that_was_trained_keeps_its_settings(tmp_path):
    run, other = run_with(tmp_path, units=8), base.get_config().to_dict()
    with pytest.raises(InputError, match=r"model\.units was 8 and is now 96"):
        settings.check_same(other, run)
    (run / "run.json").unlink()
    settings.check_same(other, run)
    with pytest.raises(InputError, match="prepared but not trained; run it with --mode=train first"):
        settings.check_trained(run, "evaluate")
    (run / "checkpoints").mkdir()
    settings.check_trained(run, "predict")
    with pytest.raises(InputError, match="different configuration"):
        settings.check_same(other, run)


def test_a_run_folder_is_no_file(tmp_path):
    (tmp_path / "w").write_text("")
    for folder in ("w", "w/run"):
        with pytest.raises(InputError, match=r"w is a file; name a folder"):
            settings.run_folder(base.get_config(), str(tmp_path / folder))
    assert settings.run_folder(base.get_config(), str(tmp_path / "new")) == tmp_path / "new"


def test_the_settings_of_a_run_are_checked_too(tmp_path):
    file: Path = tmp_path / "config.json"
    values = base.get_config().to_dict()
    file.write_text(json.dumps(values))
    assert settings.of_run(tmp_path).model.filters == [96, 160]
    values["model"]["units"] = 0
    del values["seed"]
    file.write_text(json.dumps(values))
    with pytest.raises(InputError, match=r"(?s)config\.json: .*2 problems.*lacks keys: config\.seed.*units is 0"):
        settings.of_run(tmp_path)
    for content in ("{", "[1]", "3", ""):
        file.write_text(content)
        with pytest.raises(InputError, match=r"config\.json: damaged"):
            settings.of_run(tmp_path)

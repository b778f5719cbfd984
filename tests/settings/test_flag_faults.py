import pytest
from absl import app

import signjax.__main__  # noqa: F401  (defines the flags)
from signjax.settings.flag_faults import LISTS, known_flags

app.define_help_flags()  # as the program does


@pytest.mark.parametrize(
    "argument",
    ["--mode=prepare", "--mode prepare", "--workdir=", "--nohelp", "--help", "--config=x.py", "--config x.py", "word",
     "--workdir=a b", "-mode=train", "--processes=2", "-- --absent"],
)  # fmt: skip
def test_what_absl_can_read_is_left_as_it_is(argument):
    words = ["launch.py", *argument.split(" ")]
    assert known_flags(words) == (words, {})


@pytest.mark.parametrize(
    ("argument", "name", "fault"),
    [
        ("--workdirr=x", "--workdirr", "--workdirr is not a flag; did you mean --workdir?"),
        ("--workdirr x", "--workdirr", "--workdirr is not a flag; did you mean --workdir?"),
        ("--epochs=5", "--epochs", "--epochs is not a flag; did you mean --config.train.epochs=5?"),
        ("--epochs", "--epochs", "--epochs is not a flag; did you mean --config.train.epochs=VALUE?"),
        ("--qqqq", "--qqqq", "--qqqq is not a flag"),
        ("--mode=fly", "--mode", "--mode is 'fly'; it must be one of train, prepare, evaluate, predict, replay"),
        ("--mode fly", "--mode", "--mode is 'fly'; it must be one of train, prepare, evaluate, predict, replay"),
        ("--processes=0", "--processes", "--processes is '0'; it must be a positive integer"),
    ],
)
def test_each_fault_is_named_and_all_are_found(argument, name, fault):
    kept, faults = known_flags(["launch.py", "--nosuch=1", *argument.split(" "), "--workdir=w"])
    assert kept == ["launch.py", "--workdir=w"]
    assert faults.keys() == {"--nosuch", name}
    assert faults[name] == f"{fault} ({LISTS})"

"""A config file is the user's own program; for any error in it, one sentence says where."""

from pathlib import Path

import pytest
from ml_collections import ConfigDict

from configs import base
from signjax.errors import InputError
from signjax.settings.config_file import load_config, readable, take_overrides

BROKEN = {
    "syntax": ("def get_config(:\n", "line 1: the file is not valid Python: invalid syntax"),
    "nul": ("x = '\0'\n", "not valid Python: source code string cannot contain null bytes"),
    "empty": ("", "has no function get_config"),
    "value": ("get_config = 3\n", "has no function get_config"),
    "nothing": ("def get_config():\n    pass\n", "get_config returned nothing; it must return the ConfigDict"),
    "dict": ("def get_config():\n    return {}\n", "get_config returned a value of type dict"),
    "name": ("\n\nconfig\n", "line 3: NameError: name 'config' is not defined"),
    "raises": ("def get_config():\n    return {}['a']\n", "line 2: KeyError: a"),
    "bare": ("def get_config():\n    raise OSError\n", "line 2: OSError"),
    "deep": ("def get_config():\n    return get_config()\n", "line 2: RecursionError: maximum recursion depth"),
    "module": ("import no_such_module\n", "line 1: ModuleNotFoundError: No module named 'no_such_module'"),
    "type": (
        "from configs import base\ndef get_config():\n    c = base.get_config()\n    c.seed = 'x'\n    return c\n",
        "line 4: TypeError: ",
    ),
    "argument": ("def get_config(size):\n    pass\n", "TypeError: get_config() missing 1 required positional argument"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_file_that_makes_no_config_is_named_with_the_line(case, tmp_path):
    content, expected = BROKEN[case]
    file: Path = tmp_path / "mine.py"
    file.write_text(content)
    with pytest.raises(InputError) as raised:
        load_config(str(file))
    said = str(raised.value)
    assert said.startswith(f"--config: {file}") and expected in said and "\n" not in said


def test_what_is_no_text_file_is_named(tmp_path):
    (tmp_path / "binary.py").write_bytes(bytes(range(128, 256)))
    for name, expected in (
        ("binary.py", "not valid Python.*; it must be a Python file such as configs/base.py"),
        ("absent.py", "No such file or directory; it must be a Python file such as configs/base.py"),
        ("", "Is a directory; it must be"),
    ):
        with pytest.raises(InputError, match=expected):
            load_config(str(tmp_path / name))
    with pytest.raises(InputError, match="--config has an empty value"):
        load_config("")


def test_a_config_comes_with_its_argument_and_may_define_dataclasses(tmp_path):
    file: Path = tmp_path / "mine.py"
    file.write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\nfrom configs import base\n"
        "@dataclass\nclass Size:\n    units: int\n"
        "def get_config(units='8'):\n    c = base.get_config()\n    c.model.units = Size(int(units)).units\n    return c\n"
    )
    config = load_config(f"{file}:24")
    assert isinstance(config, ConfigDict) and config.model.units == 24
    assert load_config(str(file)).model.units == 8
    assert load_config("configs/base.py").to_dict() == base.get_config().to_dict()


def test_overrides_are_taken_out_of_the_flags_in_every_form():
    others, overrides = take_overrides(
        ["launch.py", "--config.train.epochs", "7", "-config.seed=0x10", "--mode=prepare", "--noconfig.data.trim",
         "--config.model.remat", "--config.model.filters=[8, 12]", "--config.data.path=a=b", "--", "--config.seed=3"]
    )  # fmt: skip
    assert others == ["launch.py", "--mode=prepare", "--", "--config.seed=3"]
    flags, faults = readable(overrides)
    assert faults == {}
    assert flags == [
        "--config.train.epochs=7", "--config.seed=16", "--config.data.trim=False", "--config.model.remat=True",
        "--config.model.filters=(8, 12)", "--config.data.path=a=b",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "flags", [["--config.train.epochs", "--config.seed=3"], ["--config.train.epochs"], ["--noconfig.train.epochs"]]
)
def test_a_flag_without_a_value_does_not_take_the_next_flag_for_one(flags):
    good, faults = readable(take_overrides(flags)[1])
    assert faults == {"train.epochs": "config.train.epochs has no value; write --config.train.epochs=VALUE"}
    assert good == (["--config.seed=3"] if len(flags) > 1 else [])


def test_the_last_of_several_flags_for_a_key_counts():
    assert readable(take_overrides(["--config.seed=x", "--config.seed=3"])[1]) == (["--config.seed=3"], {})
    good, faults = readable(take_overrides(["--config.seed=3", "--config.seed=x"])[1])
    assert not good and "config.seed is 'x'" in faults["seed"]

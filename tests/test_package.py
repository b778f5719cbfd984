"""Properties of the package as a whole: sizes, docstrings, version, and the command line of an installed package."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import signjax
from signjax.__main__ import MODES, name_base_config
from signjax.settings import base

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "signjax"
FOLDERS = sorted({path.parent for path in PACKAGE.rglob("*.py")})
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

MOST_MODULES = 12  # of a folder
MOST_LINES = 300  # of a module

SUFFIXES = (".css", ".html", ".js", ".json", ".typed")  # of files that are no modules


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_no_folder_has_too_many_modules():
    counts = {relative(folder): len(list(folder.glob("*.py"))) for folder in FOLDERS}
    assert {folder: count for folder, count in counts.items() if count > MOST_MODULES} == {}


def test_no_module_is_too_long():
    lines = {relative(path): len(path.read_text(encoding="utf-8").splitlines()) for path in PACKAGE.rglob("*.py")}
    assert {path: count for path, count in lines.items() if count > MOST_LINES} == {}


@pytest.mark.parametrize("folder", FOLDERS, ids=relative)
def test_every_package_says_what_belongs_in_it(folder):
    door = folder / "__init__.py"
    assert door.is_file(), "without __init__.py the folder is not in the wheel"
    assert ast.get_docstring(ast.parse(door.read_text(encoding="utf-8")))


def test_every_file_of_the_package_goes_into_the_wheel():
    data = PROJECT["tool"]["setuptools"]["package-data"]
    packed = {
        path
        for package, patterns in data.items()
        for pattern in patterns
        for path in (ROOT / package.replace(".", "/")).glob(pattern)
    }
    needed = {path for path in PACKAGE.rglob("*") if path.is_file() and path.suffix in SUFFIXES}
    assert PACKAGE / "py.typed" in needed
    assert packed == needed
    others = {
        relative(path)
        for path in PACKAGE.rglob("*")
        if path.is_file() and path not in needed and path.suffix not in (".py", ".pyc", ".md")
    }
    assert others == set(), "list them in [tool.setuptools.package-data] and here"


def test_the_version_stands_in_one_place():
    assert re.fullmatch(r"\d+\.\d+\.\d+", signjax.__version__)
    assert "version" not in PROJECT["project"] and "version" in PROJECT["project"]["dynamic"]
    assert PROJECT["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "signjax.__version__"}


PACKAGED = f"--config={base.__file__}"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], [PACKAGED]),
        (["--mode=prepare"], [PACKAGED, "--mode=prepare"]),
        (["--config=base"], [PACKAGED]),
        (["--config", "configs/base.py", "--mode=prepare"], [PACKAGED, "--mode=prepare"]),
        (["-config=configs/base.py"], [PACKAGED]),
        (["--config=mine.py:8"], ["--config=mine.py:8"]),
        (["--config", "configs/hamnosys.py"], ["--config=configs/hamnosys.py"]),
        (["--config"], ["--config="]),
        (["--config_help"], [PACKAGED, "--config_help"]),
        (["stray"], [PACKAGED, "stray"]),
        (["--", "--config=base"], [PACKAGED, "--", "--config=base"]),
    ],
    ids=" ".join,
)
def test_the_base_configuration_is_found_where_there_is_no_checkout(given, expected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert name_base_config(["signjax", *given]) == ["signjax", *expected]


def test_a_file_of_the_same_name_is_preferred(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "base.py").touch()
    assert name_base_config(["signjax", "--config=configs/base.py"]) == ["signjax", "--config=configs/base.py"]


@pytest.mark.parametrize(
    "door", [["launch.py"], ["-m", "signjax"], ["-c", "from signjax.__main__ import run; run()"]], ids=" ".join
)
def test_every_door_has_the_same_flags_and_messages(door):
    """The last one is what the installed command `signjax` runs."""

    def said(*flags: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, *door, *flags], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
        )
        return done.returncode, done.stdout + done.stderr

    assert PROJECT["project"]["scripts"] == {"signjax": "signjax.__main__:run"}
    status, text = said("--config.train.epoch=3", "--config.seed=-1")
    assert status == 1 and "Traceback" not in text
    assert text.startswith("error: 2 problems:\n  1. config.train.epoch does not exist")
    status, text = said("--help")
    assert status == 1 and all(f"--{name}" in text for name in ("config", "workdir", "mode", "[no]config_help"))
    assert f"<{'|'.join(MODES)}>" in text

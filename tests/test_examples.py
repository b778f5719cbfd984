"""The examples that people copy, run as they stand: those of README, of the docstrings of the API, and of the notebook.

In the folder of these tests lie CLIPS with labels.csv, and NEW_CLIPS. Only the model is smaller than it is by default, and trained
for fewer epochs than an example says.
"""

import doctest
import re
import shutil
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import nbformat
import pytest
from test_api import TINY

import signjax
from signjax import api
from signjax.data.synthetic.corpus import CorpusSize, write_corpus
from signjax.prediction import recognizer
from signjax.report import figures
from signjax.settings import base, run_config, schema

# One training with one program; what the others add is tested elsewhere.
SMALLER = {"train.epochs": 1, "train.refit": "no", "train.buckets": 1}

ROOT = Path(__file__).resolve().parent.parent


def tiny_config():
    config = schema.default_config()
    for key, value in {**TINY, **SMALLER}.items():
        run_config.set_value(config, key, value)
    return config


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where examples are run."""
    found = tmp_path_factory.mktemp("examples")
    corpus = found / "CLIPS"
    write_corpus(corpus, CorpusSize(signs=4, signers=5, takes=2), 0, lambda line: None)
    shutil.move(corpus / "labels.csv", found / "labels.csv")
    (found / "NEW_CLIPS").mkdir()
    for name, pickle in zip(("monday", "tuesday"), sorted(corpus.glob("*.pkl")), strict=False):
        shutil.copy(pickle, found / "NEW_CLIPS" / f"{name}.pkl")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(base, "get_config", tiny_config)
        patch.chdir(found)
        yield found


class Checker(doctest.OutputChecker):
    """Lets pass what a line prints of which the example shows nothing, such as the progress of a training."""

    def check_output(self, want, got, optionflags):
        return not want or super().check_output(want, got, optionflags)


def examples_of(documented):
    (found,) = doctest.DocTestFinder(recurse=False).find(documented, globs={"signjax": signjax})
    assert len(found.examples) > 2
    return found


@pytest.fixture(scope="module")
def run(folder):
    """What the example of `signjax.train` trains; the examples share the model."""
    example = examples_of(api.train)
    assert doctest.DocTestRunner(Checker()).run(example, clear_globs=False).failed == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api, "load", cache(api.load))
        yield example.globs["run"]


def test_readmes_example_runs(run, folder, monkeypatch, capsys):
    """All but its training, which the example of `signjax.train` has done; see `run`."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    example = next(block for block in blocks if "signjax.train(" in block)
    assert len(example.splitlines()) <= 10

    def trained(data, *, labels, workdir, settings):
        assert (data, labels, Path(workdir)) == (
            "CLIPS",
            "labels.csv",
            run.folder,
        ) and settings.keys() <= schema.SETTINGS.keys()
        return run

    monkeypatch.setattr(api, "train", trained)
    exec(compile(example, "README.md", "exec"), {"__name__": "__main__"})
    assert "report.html" in capsys.readouterr().out and (folder / run.report).is_file()


@pytest.mark.parametrize(
    "documented", [api.load, api.read, recognizer.Recognizer.predict], ids=lambda one: one.__name__
)
def test_the_examples_of_the_api_say_what_comes_out(documented, run):
    assert doctest.DocTestRunner(Checker()).run(examples_of(documented)).failed == 0


def test_the_notebook_runs(run, folder, monkeypatch, capsys):
    """All but its training, which the example of `signjax.train` has done; `python -m benchmarks.notebook` runs it as it is."""
    notebook = nbformat.read(ROOT / "examples" / "train_and_predict.ipynb", as_version=4)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs for cell in cells), "clear the outputs before you commit it"

    def trained(*, workdir, settings):
        assert workdir == "runs/notebook" and settings.keys() <= schema.SETTINGS.keys()
        return run

    (run.folder / "corpus").symlink_to(folder / "CLIPS", target_is_directory=True)
    shutil.copy(folder / "labels.csv", folder / "CLIPS")
    monkeypatch.setattr(api, "train", trained)
    monkeypatch.setattr(figures, "MOST_FRAMES", 3)
    display = ModuleType("IPython.display")
    display.HTML = str
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    names = {"__name__": "__main__"}
    for cell in cells:
        exec(compile(cell.source, "train_and_predict.ipynb", "exec"), names)
    assert "the model gives" in capsys.readouterr().out


def test_every_public_name_has_an_example():
    named = {name: getattr(signjax, name) for name in signjax.__all__}
    without = {name for name, one in named.items() if ">>> " not in (one.__doc__ or "")}
    assert without <= {"Run"}  # which is what `train` returns


def test_the_reference_is_built_without_a_warning(tmp_path):
    namespace = {"__name__": "make_reference"}
    exec((ROOT / "docs" / "make_reference.py").read_text(encoding="utf-8"), namespace)
    namespace["build"](tmp_path)
    page = (tmp_path / "signjax.html").read_text(encoding="utf-8")
    assert all(f'id="{name}"' in page for name in signjax.__all__)
    assert all((tmp_path / f"{name.replace('.', '/')}.html").is_file() for name in namespace["MODULES"])

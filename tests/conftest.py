"""Settings that turn silent mistakes into errors, and small data sets that several tests share."""

import dataclasses
import gc
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from jaxtyping import install_import_hook

FAST_TO_COMPILE = "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false"

# Before jax is loaded. Tests use a GPU only where they are told to, and then share its memory; those of four devices need four.
os.environ["JAX_PLATFORMS"] = "cuda,cpu" if os.environ.get("SIGNJAX_TEST_DEVICE") == "gpu" else "cpu"
os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
os.environ["JAX_NUMPY_DTYPE_PROMOTION"] = "strict"  # here and in every program that a test starts
os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=4"
if os.environ["JAX_PLATFORMS"] == "cpu":
    # Tests compile programs that they run once: without LLVM's optimisations and XLA's newer fusions, compiling a training step
    # takes a quarter of the time (jax 0.10.2). So do the programs that tests start; .ci/wheel compiles as users do.
    os.environ["XLA_FLAGS"] += f" {FAST_TO_COMPILE}"

# Each program that a test starts would compile all of the package's sources again: a third of what the short ones take.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Before signjax is loaded: every call checks the annotations of the modules that annotate shapes.
CHECKED = [
    "signjax.augment",
    "signjax.data.batching",
    "signjax.evaluation",
    "signjax.explanation",
    "signjax.export.network",
    "signjax.layers",
    "signjax.model",
    "signjax.rng",
    "signjax.training",
]
# An int is a float, as for mypy.
install_import_hook(CHECKED, "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))")

from pathlib import Path

import jax
import pytest
from filelock import FileLock

from signjax.data.cleaning.clean import Cleaning
from signjax.data.dataset import Dataset
from signjax.data.preparation.prepare import Recipe, prepare
from signjax.data.splits.split import Rule
from signjax.data.synthetic.corpus import CorpusSize

# As `configure_jax` has it: tracing creates millions of objects that live long, and Python's garbage collector traverses them, and
# all modules of all tests, again and again. With `gc.freeze` below, tests of training take 6 to 18 % less (Python 3.11).
gc.set_threshold(100_000)

jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_default_matmul_precision", "highest")  # as `configure_jax` has it


def make_recipe(**changes: object) -> Recipe:
    """A recipe for a tiny synthetic corpus, with the given fields changed, including those of its rule and cleaning."""
    fields: dict[str, object] = {
        "source": "synthetic",
        "path": "",
        "labels": "",
        "layout": "auto",
        "label_mode": "column",
        "heads": ("gloss",),
        "duplicates": "stop",
        "rare_classes": "stop",
        "strict": False,
        "corpus": CorpusSize(signs=4, signers=5, takes=2),
    }
    rest = {"valid_fraction": 0.2, "test_fraction": 0.2, **changes}
    chosen, cleaning = (
        {field.name: rest.pop(field.name) for field in dataclasses.fields(kind) if field.name in rest}
        for kind in (Rule, Cleaning)
    )
    return Recipe(
        **(fields | rest | {"seed": chosen.get("seed", 0)}), rule=Rule(**chosen), cleaning=Cleaning(**cleaning)
    )


def some_devices(count: int) -> list[jax.Device]:
    """The first `count` devices; the test is skipped if there are fewer."""
    if len(jax.local_devices()) < count:
        pytest.skip(f"needs {count} devices; there are {jax.local_devices()}")
    return jax.local_devices()[:count]


def silent(_: str) -> None:
    """Prints nothing."""


# A worker runs a whole file, so the files that take longest come first: else one of them is left when all others are done.
LONG = (
    "test_launch_killed.py",
    "test_launch.py",
    "test_launch_processes.py",
    "test_members.py",
    "test_api.py",
    "test_interrupted_preparation.py",
    "test_loop.py",
    "test_on_gpu.py",
    "test_calibrate.py",
    "test_hostile.py",
    "test_plots.py",
    "test_page.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the long files first; within a file, the order stays."""
    items.sort(key=lambda item: LONG.index(item.path.name) if item.path.name in LONG else len(LONG))


def pytest_collection_finish() -> None:
    """What is loaded by now stays until the end, so the garbage collector need not look at it."""
    gc.collect()
    gc.freeze()


@contextmanager
def made_once(tmp_path_factory: pytest.TempPathFactory, name: str) -> Iterator[tuple[Path, bool]]:
    """A folder that all workers of this session share, and whether it is still to be made; the others wait until it is.

    After a failure the next one who asks makes it again, from nothing.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent  # a worker's own folder is in that of the session
    folder, made = shared / name, shared / f"{name}.made"
    with FileLock(shared / f"{name}.lock"):
        new = not made.exists()
        if new:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        yield folder, new
        made.touch()


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A finished run that `launch.py` made, and its output. Tests of more than one file use it, and leave its model as it is."""
    from test_launch import TINY, launch

    with made_once(tmp_path_factory, "finished") as (folder, new):
        if new:
            (folder / "said.txt").write_text(launch(folder / "run", *TINY).stdout)
        return folder / "run", (folder / "said.txt").read_text()


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run that `signjax.train` made. Tests of more than one file read it; who writes takes a copy."""
    from test_api import TINY

    import signjax

    with made_once(tmp_path_factory, "trained") as (folder, new):
        if new:
            signjax.train(workdir=folder / "run", settings=TINY, say=silent)
        return folder / "run"


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny corpus of pickles with its label table."""
    from signjax.data.synthetic.corpus import write_corpus

    folder = tmp_path_factory.mktemp("synthetic") / "corpus"
    write_corpus(folder, CorpusSize(signs=4, signers=5, takes=2), 0, silent)
    return folder


@pytest.fixture(scope="session")
def dataset(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """The tiny corpus, prepared: 40 clips, 4 signs, 5 signers."""
    return prepare(make_recipe(path=str(corpus)), tmp_path_factory.mktemp("prepared") / "dataset", silent)

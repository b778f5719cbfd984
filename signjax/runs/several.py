"""Trains several runs in one folder, and tells what came of all of them.

| file or folder | what it is |
|---|---|
| `seed0`, `fold0`, ... | the run folders |
| `dataset` | the prepared data, where all runs have the same |
| `aggregate.json`, `aggregate.html` | what the runs show together; written again after each of them |

A finished run is not trained again, and one that was stopped goes on.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from signjax.data.synthetic.registry import SOURCES as SYNTHETIC
from signjax.data.text_files import write_json
from signjax.errors import InputError
from signjax.runs.aggregate import aggregate
from signjax.runs.finished import AGGREGATE_FILE, PLACES, FinishedRun, is_finished, open_run
from signjax.runs.lines import aggregate_lines
from signjax.runs.memory import forget
from signjax.runs.page import write_page
from signjax.runs.parts import Part, Wanted, depends_on_seed, folds, number_of_folds, seeds, with_folds
from signjax.runs.shared_clips import SharedClips
from signjax.settings import run_config
from signjax.settings.schema import flat

Say = Callable[[str], None]
Run = Callable[[ConfigDict, str, str, Say], None]  # config, run folder, mode, say; as `pipeline.run`

PAGE = "aggregate.html"
# The seed of data that all runs share although nothing in them is left to chance; any would do.
_ANY_SEED = 1


def default_folder(config: ConfigDict, wanted: Wanted) -> Path:
    """The folder of several runs, if none is named: that of a single run with the same settings, and what varies."""
    single = run_config.default_workdir(config)
    return single.with_name(f"{single.name}-{wanted.varied}")


def train_several(config: ConfigDict, workdir: str | None, wanted: Wanted, say: Say, run: Run) -> dict[str, Any]:
    """Trains or resumes the runs, one after another; returns the content of `aggregate.json`.

    Args:
      config: the settings of all.
      workdir: their folder; None for the default one.
      wanted: which runs.
      say: prints a line.
      run: runs a mode in a run folder.

    Raises:
      InputError: a run cannot be trained; the message names it. What is finished stays, and the same command goes on.
    """
    if wanted.varied == "folds":
        config = with_folds(config)
    folder = Path(workdir) if workdir else default_folder(config, wanted)
    _check_folder(folder)
    if wanted.varied == "seeds" and wanted.count:
        parts = seeds(config, wanted.count)
        shared = None if all(_done(part, config, folder) for part in parts) else _shared(config, folder, say, run)
        if shared is not None:
            config = shared
    else:
        parts = folds(wanted.count or _count(config, folder, say, run))
    if config.data.dataset and len(parts) > 1 and (wanted.varied == "folds" or not config.data.seed):
        raise InputError(
            f"config.data.dataset is {config.data.dataset}, but each of the {wanted.varied} has a split of its own; leave it out"
        )
    say(f"runs: {len(parts)} {wanted.varied} in {folder}")
    done = [part for part in parts if _done(part, config, folder)]
    clips = SharedClips(config, folder, len(parts) - len(done), say)
    for number, part in enumerate(parts, 1):
        own = folder / part.name
        title = f"{part.name}, {number} of {len(parts)}"
        if part in done:
            say(f"run: {title}: finished before")
            continue
        say(f"run: {title}")
        clips.lend(own)
        try:
            run(part.config(config), str(own), "train", say)
        except InputError as error:
            raise InputError(f"{part.name}: {error}") from error
        forget()
        _write(folder, parts, wanted.varied)
    clips.remove()
    found = _write(folder, parts, wanted.varied)
    for line in aggregate_lines(found):
        say(line)
    say(f"page: {folder / PAGE}")
    return found


def _check_folder(folder: Path) -> None:
    """Raises an InputError if the folder is a single run's."""
    if (folder / run_config.CONFIG_FILE).exists():
        raise InputError(f"--workdir={folder}: the folder has a single run; choose another folder for several runs")


def _done(part: Part, config: ConfigDict, folder: Path) -> bool:
    """Whether a run is finished with these settings; one that was to train for another time, for instance, goes on.

    Raises:
      InputError: it is finished, with settings that must not change.
    """
    own = folder / part.name
    if not is_finished(own):
        return False
    before, now = run_config.read_object(own / run_config.CONFIG_FILE), part.config(config).to_dict()
    if not now["data"]["seed"]:  # it was chosen here, where it decides nothing
        now["data"]["seed"] = before["data"]["seed"]
    differing = run_config.differences(before, now)
    if differing:
        listed = "".join(f"\n  {line}" for line in differing)
        raise InputError(
            f"{own}: the run had other settings. Choose another --workdir, or use the same values:{listed}"
        )
    old, new = flat(before), flat(now)
    return all(old.get(key) == value for key, value in new.items() if key not in PLACES)


def _shared(config: ConfigDict, folder: Path, say: Say, run: Run) -> ConfigDict | None:
    """The settings for data that runs with all seeds share; None if each seed has its own split.

    Data are shared where `config.data.seed` says so, and where the source prescribes the split.
    """
    may_be_given = config.data.split in ("auto", "", "column") and config.data.source not in SYNTHETIC
    if not config.data.seed and not may_be_given:
        return None
    shared = config.copy_and_resolve_references()
    dataset = Path(config.data.dataset or folder / "dataset")
    shared.data.dataset = str(dataset)
    shared.data.seed = config.data.seed or _ANY_SEED
    say("data: prepared once, if all seeds can share them")
    run(shared, str(folder / "prepared"), "prepare", say)
    if config.data.seed or not depends_on_seed(dataset):
        return shared
    say("data: the split depends on the seed, so each run has its own; config.data.seed would make it the same for all")
    return None


def _count(config: ConfigDict, folder: Path, say: Say, run: Run) -> int:
    """The number of all folds; those of `leave_one_out` are known when the data of the first are prepared."""
    first = folder / "fold0"
    if config.data.split == "leave_one_out" and not (first / "dataset" / "clips.csv").is_file():
        run(config, str(first), "prepare", say)
    return number_of_folds(config, Path(config.data.dataset or first / "dataset"))


def _write(folder: Path, parts: Sequence[Part], varied: str) -> dict[str, Any]:
    """Writes `aggregate.json` and the page of all runs that are finished."""
    finished: list[FinishedRun] = []
    for part in parts:
        if is_finished(folder / part.name):
            finished.append(open_run(folder / part.name))
    missing = [part.name for part in parts if not is_finished(folder / part.name)]
    found = aggregate(finished, varied, missing)
    write_json(folder / AGGREGATE_FILE, found)
    write_page(folder / PAGE, found)
    return found

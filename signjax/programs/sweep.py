"""`signjax sweep [CLIPS] --space ... --trials N`: searches for settings that name more validation clips rightly."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from signjax.errors import InputError
from signjax.programs import Say
from signjax.runs.configuration import read_config
from signjax.runs.sweep.best import best_lines, write_config
from signjax.runs.sweep.space import read_space
from signjax.runs.sweep.study import search
from signjax.runs.sweep.trial import train_trial
from signjax.runtime.jax_setup import check_platform, choose_platform
from signjax.settings import run_config
from signjax.settings.config_file import take_overrides


def run(arguments: Sequence[str], say: Say) -> None:
    """Runs the trials that the study lacks, and writes the best settings.

    Raises:
      InputError: settings, the space or the study cannot be used.
    """
    parser = argparse.ArgumentParser(
        "signjax sweep", description=__doc__, epilog="--config.KEY=VALUE sets what all trials share."
    )
    parser.add_argument(
        "clips", nargs="?", metavar="CLIPS", help="file or folder of the clips; without it, the built-in corpus"
    )
    parser.add_argument(
        "--space",
        action="append",
        required=True,
        metavar="FILE|KEY=LOW..HIGH[,log]|KEY=VALUE|VALUE",
        help="what to vary: an entry, or a file with one per line; may be given several times",
    )
    parser.add_argument(
        "--trials", type=int, required=True, metavar="N", help="trials in all, those of earlier commands included"
    )
    parser.add_argument(
        "--study",
        type=Path,
        metavar="FILE",
        help="the study, which the same command goes on with: a journal, or SQLite if its name ends in .db; by default below runs/",
    )
    parser.add_argument(
        "--config", default="", metavar="FILE", help="Python file with the settings that all trials share"
    )
    rest, overrides = take_overrides(arguments)
    given = parser.parse_args(rest)
    if given.trials < 1:
        raise InputError(f"--trials {given.trials}: it must be 1 or more")
    choose_platform()
    space = read_space(given.space)
    config = read_config(given.clips, given.config, overrides, say)
    check_platform()
    study = given.study or _default_study(run_config.default_workdir(config))
    best = search(config, space, study, given.trials, train_trial, say)
    path = study.with_name(f"{study.stem}_best.py")
    write_config(path, best, study)
    for line in best_lines(best, path):
        say(line)


def _default_study(workdir: Path) -> Path:
    return workdir.with_name(f"{workdir.name}-sweep") / "study.journal"

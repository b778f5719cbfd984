"""Clips that are read once for several runs whose splits differ."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from ml_collections import ConfigDict

from signjax.data.preparation.prepare import read_shard
from signjax.data.preparation.reading.shards import Shard
from signjax.data.synthetic.registry import SOURCES as SYNTHETIC
from signjax.data.workers import Workers
from signjax.runtime.output import silent
from signjax.settings.plans import take_apart

Say = Callable[[str], None]

_ALL = Shard(1, 1)


class SharedClips:
    """The clips of a source, read and cleaned, which each run takes up as if it had read them itself.

    They are what `--shard=1/1` reads. A run gets links to the files, which no one changes in place, so they are on disk once.
    """

    def __init__(self, config: ConfigDict, folder: Path, runs: int, say: Say):
        """Decides whether the clips are shared, without reading them.

        Args:
          config: the settings of all runs.
          folder: of all runs.
          runs: how many there are to train.
          say: prints a line.
        """
        self._config, self._folder, self._say = config, folder, say
        # Synthetic clips are written in moments, and data that are prepared once are not read again.
        self._useful = runs > 1 and config.data.source not in SYNTHETIC and not config.data.dataset
        self._name = folder / "clips"

    def lend(self, run: Path) -> None:
        """Gives the clips to a run that has no data yet; reads them if nobody has."""
        if not self._useful or (run / "dataset").exists():
            return
        theirs = _ALL.folder(run / "dataset")
        if theirs.exists():
            return
        plans = take_apart(self._config)
        with Workers(plans.workers) as workers:  # what was read before is not read again
            read_shard(plans.recipe(self._folder), self._name, _ALL, silent, workers)
        run.mkdir(parents=True, exist_ok=True)
        unfinished = run / "clips.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(
            _ALL.folder(self._name), unfinished, copy_function=_link, ignore=shutil.ignore_patterns(".lock")
        )
        unfinished.replace(theirs)

    def remove(self) -> None:
        """Removes them, when all runs have their data."""
        shutil.rmtree(_ALL.folder(self._name), ignore_errors=True)


def _link(source: str, target: str) -> None:
    """A second name for a file, or a copy where the file system has no such names."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)

"""signjax from Python: `load` a model, `train` one, `read` clips. The command line does the same; see `signjax.__main__`."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml_collections import ConfigDict

from signjax.data.clip import Clip, Rejected, Request, hand_over
from signjax.data.sources import registry as source_registry
from signjax.errors import InputError, together
from signjax.prediction.source import guess_source, guessed_line
from signjax.runtime.jax_setup import check_platform, choose_platform
from signjax.runtime.output import silent
from signjax.settings import base, run_config
from signjax.settings.schema import SETTINGS, unknown_key

if TYPE_CHECKING:
    from signjax.prediction.recognizer import Recognizer

Say = Callable[[str], None]


def load(folder: str | Path, *, say: Say = silent) -> "Recognizer":
    """Loads the model of a run, or an exported one.

    Args:
      folder: a folder that `train`, `--mode=train` or `signjax export` made; it works without the data, wherever it was copied to.
        Or `hf://OWNER/NAME`, an exported model on the Hugging Face hub.
      say: receives what the command line would print.

    Returns:
      The model; `predict` of it takes frames, clips and paths.

    Raises:
      InputError: there is no trained model there, or it is damaged.

    Example:
      >>> model = signjax.load("runs/first")
      >>> list(model.heads)
      ['gloss']
      >>> [prediction.clip for prediction in model.predict("NEW_CLIPS")]
      ['monday', 'tuesday']
    """
    choose_platform()
    check_platform()
    from signjax.prediction.hub import local_folder
    from signjax.prediction.recognizer import Recognizer

    return Recognizer(local_folder(folder), say)


@dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes:
      folder: its folder, with the report and the model.
      summary: what `summary.json` says: accuracy with intervals, baselines, split, environment.
    """

    folder: Path
    summary: Mapping[str, Any]

    @property
    def top1(self) -> Mapping[str, float]:
        """Head -> top-1 accuracy on test clips."""
        return {head: float(measures["top1"]) for head, measures in self.summary["test"].items()}

    @property
    def report(self) -> Path:
        """The page that judges the run."""
        return self.folder / "report.html"

    def load(self) -> "Recognizer":
        """Its model."""
        return load(self.folder)


def train(
    data: str | Path = "",
    *,
    labels: str | Path = "",
    workdir: str | Path | None = None,
    config: ConfigDict | None = None,
    settings: Mapping[str, object] | None = None,
    say: Say = print,
) -> Run:
    """Prepares, trains or resumes, evaluates and reports, as `python launch.py` does.

    In a program of your own, call it under `if __name__ == "__main__":`, because clips are read by several processes.

    Args:
      data: file or folder of the clips; if empty, the built-in corpus. The source is guessed if `settings` does not name it.
      labels: the label table, for sources that need one and do not find it.
      workdir: the run folder; calling again with the same one goes on where the run stopped.
      config: all settings; the base ones if None.
      settings: key -> value for settings that differ, such as `{"train.epochs": 100}`; docs/settings.md lists all.
      say: receives the lines that the command line prints.

    Raises:
      InputError: the data or the settings cannot be used; the message lists all problems.

    Example:
      >>> lines = []
      >>> run = signjax.train("CLIPS", labels="labels.csv", workdir="runs/first", say=lines.append)
      >>> run.summary["test"]["gloss"]["top1"] == run.top1["gloss"]
      True
      >>> run.report.name
      'report.html'
    """
    config = (base.get_config() if config is None else config).copy_and_resolve_references()
    given = {"data.path": str(data), "data.labels": str(labels)}
    wanted = {**{key: value for key, value in given.items() if value}, **(settings or {})}
    if data and "data.source" not in wanted and config.data.source == base.get_config().data.source:
        guess = guess_source(Path(data))
        wanted["data.source"] = guess.source
        say(guessed_line(guess))
    unknown = [InputError(unknown_key(key)) for key in wanted if key not in SETTINGS]
    if unknown:
        raise together(unknown)
    for key, value in wanted.items():
        run_config.set_value(config, key, value)
    choose_platform()
    run_config.check(config)
    check_platform()
    from signjax import pipeline

    chosen = None if workdir is None else str(workdir)
    folder = run_config.run_folder(config, chosen)
    pipeline.run(config, chosen, "train", say)
    return Run(folder, json.loads((folder / "summary.json").read_text(encoding="utf-8")))


def read(
    path: str | Path, *, source: str = "", labels: str | Path = "", rejected: list[Rejected] | None = None
) -> list[Clip]:
    """Reads clips as NumPy arrays, without labels unless a label table is given; nothing in a file is run.

    Args:
      path: file or folder.
      source: one of the sources of docs/data.md; if empty, it is guessed from what lies there.
      labels: the label table; if empty, the clips have no labels.
      rejected: receives the clips that cannot be read; without it, they are an error.

    Returns:
      The clips; `clip.frames` is float32 (T, F), not cleaned, `clip.labels` maps heads to class names.

    Raises:
      InputError: clips cannot be read; the message names all of them.

    Example:
      >>> clips = signjax.read("NEW_CLIPS")
      >>> clips[0].name, clips[0].frames.dtype, clips[0].frames.shape[1]
      ('monday', dtype('float32'), 169)
      >>> "gloss" in signjax.read("CLIPS", labels="labels.csv")[0].labels
      True
    """
    request = Request(Path(path), labels=str(labels), labelled=bool(labels))
    found = list(source_registry.read(source or guess_source(Path(path)).source, request))
    hand_over([one for one in found if isinstance(one, Rejected)], rejected)
    return [one for one in found if isinstance(one, Clip)]

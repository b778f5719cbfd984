"""The study: which trials there were, and which settings to try next, by Optuna.

A study is a file: a journal, or SQLite where its name ends in .db, .sqlite or .sqlite3. A trial that was stopped is tried again
with the same settings, in its own folder, where its training goes on.
"""

import hashlib
import json
import shutil
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml_collections import ConfigDict

from signjax.data import locks
from signjax.errors import InputError, first_line
from signjax.plans.kinds import shown
from signjax.runs.finished import PLACES
from signjax.runs.lines import duration
from signjax.runs.sweep.space import Space
from signjax.runs.sweep.trial import TrainTrial
from signjax.runtime.output import silent
from signjax.settings import run_config
from signjax.settings.run_config import set_value
from signjax.settings.schema import flat

if TYPE_CHECKING:
    import optuna

Say = Callable[[str], None]

_SQLITE = (".db", ".sqlite", ".sqlite3")
# What a trial keeps besides its parameters: the number of validation clips, or why it failed.
_CLIPS, _WHY = "validation_clips", "why"
# Trials before any is pruned, and epochs of a trial before it may be.
_TRIALS_TO_COMPARE, _EPOCHS_AT_LEAST = 5, 4
_LARGE = ("checkpoints", "dataset", "corpus", "tensorboard")


@dataclass(frozen=True)
class Best:
    """What a sweep found.

    Attributes:
      config: the settings of all trials, with the best values.
      values: dotted key -> value, of the settings that were varied.
      top1: its accuracy on validation clips.
      clips: validation clips with a label.
      counts: `complete`, `pruned` and `failed` -> how many trials ended so.
    """

    config: ConfigDict
    values: Mapping[str, Any]
    top1: float
    clips: int
    counts: Mapping[str, int]


class PrunedError(Exception):
    """A trial is clearly worse than others were at the same epoch."""


def search(config: ConfigDict, space: Space, file: Path, trials: int, train: TrainTrial, say: Say) -> Best:
    """Runs trials until the study has this many that are complete, pruned or failed.

    Args:
      config: the settings of all trials.
      space: what is varied.
      file: the study; trials get folders in `FILE.trials`.
      trials: how many there are to be, those of earlier commands included.
      train: trains a trial.
      say: prints a line.

    Raises:
      InputError: Optuna is not installed, another process uses the study, it is of other settings or of another space, or no trial
        was completed.
    """
    optuna = _import_optuna()
    folder = file.with_name(f"{file.name}.trials")
    with locks.inner_lock(folder, say) as lock:
        lock.require()
        study = _open_study(file, config.seed)
        _check_same(study, config, space, file)
        for stopped in study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,)):
            say(f"trial {stopped.number}: it was stopped, and is tried again")
            study.enqueue_trial(stopped.params)
            study.tell(stopped.number, state=optuna.trial.TrialState.FAIL)
        done = sum(counts(study).values())
        if done:
            say(f"study: {file} has {done} trials already")
        for number in range(done, trials):
            # What the first trial says of the data, the others need not repeat.
            _try(study, config, space, folder, train, say if number == done else silent, say)
        return _best(study, config, space)


def _import_optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise InputError("a sweep needs the package optuna: pip install 'signjax[sweep]'") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _open_study(file: Path, seed: int) -> "optuna.Study":
    """The study in a file, which is created; a sampler that goes on draws other numbers than those that it began with."""
    import optuna
    from optuna.storages.journal import JournalFileBackend, JournalStorage

    file.parent.mkdir(parents=True, exist_ok=True)
    storage: Any = f"sqlite:///{file}" if file.suffix in _SQLITE else JournalStorage(JournalFileBackend(str(file)))
    pruner = optuna.pruners.MedianPruner(_TRIALS_TO_COMPARE, _EPOCHS_AT_LEAST)
    try:
        study = optuna.create_study(
            storage=storage, study_name="signjax", load_if_exists=True, direction="maximize", pruner=pruner
        )
    except Exception as error:
        raise InputError(f"--study {file}: not a study of Optuna: {first_line(error)}") from error
    study.sampler = optuna.samplers.TPESampler(seed=seed + len(study.get_trials(deepcopy=False)))
    return study


def _check_same(study: "optuna.Study", config: ConfigDict, space: Space, file: Path) -> None:
    """Raises an InputError if the trials of a study had other settings or another space."""
    settings = {key: value for key, value in flat(config.to_dict()).items() if key not in PLACES}
    now = {f"config.{key}": value for key, value in settings.items() if key not in space}
    now |= {f"--space {key}": str(one) for key, one in space.items()}
    before = study.user_attrs.get("settings")
    if before is None:
        study.set_user_attr("settings", now)
        return
    now = json.loads(json.dumps(now))
    differing = [
        f"\n  {key} was {shown(before.get(key))} and is now {shown(now.get(key))}"
        for key in sorted(before.keys() | now.keys())
        if before.get(key) != now.get(key)
    ]
    if differing:
        raise InputError(
            f"--study {file}: its trials had other settings, so they do not compare. Choose another --study, or use the same "
            f"values:{''.join(differing)}"
        )


def counts(study: "optuna.Study") -> dict[str, int]:
    """How many trials ended in each way; those that were stopped do not count, because they are tried again."""
    found = Counter(
        trial.state.name
        for trial in study.get_trials(deepcopy=False)
        if trial.state.name != "FAIL" or _WHY in trial.user_attrs
    )
    return {word: found[name] for word, name in (("complete", "COMPLETE"), ("pruned", "PRUNED"), ("failed", "FAIL"))}


def _try(
    study: "optuna.Study", config: ConfigDict, space: Space, folder: Path, train: TrainTrial, say_data: Say, say: Say
) -> None:
    """Runs a trial and tells the study how it ended."""
    from optuna.trial import TrialState

    started, trial = time.monotonic(), study.ask()
    values = {key: one.suggest(trial, key) for key, one in space.items()}
    title = f"trial {trial.number}: " + ", ".join(f"{key}={_short(value)}" for key, value in values.items())
    say(title)
    own = folder / hashlib.sha256(json.dumps(trial.params, sort_keys=True).encode()).hexdigest()[:12]

    def after_epoch(epoch: int, top1: float) -> None:
        trial.report(top1, epoch)
        if trial.should_prune():
            raise PrunedError(f"{top1:.3f} after epoch {epoch}, below the median of the others")

    same = next(
        (
            other
            for other in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
            if other.params == trial.params
        ),
        None,
    )
    if same is not None:
        trial.set_user_attr(_CLIPS, same.user_attrs[_CLIPS])
        study.tell(trial, same.value)
        say(f"trial {trial.number}: the same settings as trial {same.number}")
        return
    try:
        chosen = _with(config, values)
        if not any(key.startswith("data.") for key in space):  # one dataset for all
            chosen.data.dataset = config.data.dataset or str(folder / "dataset")
        run_config.check(chosen)
        result = train(chosen, own, after_epoch, say_data)
    except PrunedError as reason:
        study.tell(trial, state=TrialState.PRUNED)
        ended = f"pruned: valid top-1 {reason}"
    except InputError as error:
        trial.set_user_attr(_WHY, str(error))
        study.tell(trial, state=TrialState.FAIL)
        ended = f"failed: {error}"
    else:
        trial.set_user_attr(_CLIPS, result.clips)
        study.tell(trial, result.top1)
        best = study.best_trial
        ended = f"valid top-1 {result.top1:.3f} (best {best.value:.3f} in trial {best.number})"
    for name in _LARGE:
        shutil.rmtree(own / name, ignore_errors=True)
    say(f"trial {trial.number}: {ended}, {duration(time.monotonic() - started)}")


def _with(config: ConfigDict, values: Mapping[str, Any]) -> ConfigDict:
    chosen = config.copy_and_resolve_references()
    for key, value in values.items():
        set_value(chosen, key, value)
    return chosen


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _best(study: "optuna.Study", config: ConfigDict, space: Space) -> Best:
    from optuna.trial import TrialState

    if not study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        reasons = list(
            dict.fromkeys(trial.user_attrs.get(_WHY, "pruned") for trial in study.get_trials(deepcopy=False))
        )
        raise InputError(f"no trial was completed: {'; '.join(reasons[:3])}")
    best = study.best_trial
    values = {key: one.value(best.params[key]) for key, one in space.items()}
    return Best(_with(config, values), values, float(best.value or 0.0), best.user_attrs[_CLIPS], counts(study))

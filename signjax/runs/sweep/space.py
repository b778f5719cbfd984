"""The settings that a sweep varies, and between which values."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from signjax.errors import InputError, together
from signjax.plans.kinds import is_whole, shown
from signjax.plans.setting import refused
from signjax.settings.schema import SETTINGS, unknown_key

if TYPE_CHECKING:
    import optuna

_FORM = "KEY=LOW..HIGH, KEY=LOW..HIGH,log or KEY=VALUE|VALUE|..."

# What decides which clips judge a trial: accuracies on other clips do not compare. The rest says where files are.
_FIXED = (
    "seed", "data.seed", "data.source", "data.path", "data.labels", "data.columns", "data.label_mode", "data.heads",
    "data.duplicates", "data.rare_classes", "data.strict", "data.split", "data.valid_fraction", "data.test_fraction", "data.folds",
    "data.fold", "data.held_out", "data.shortest_clip", "data.longest_clip", "data.dataset", "data.workers", "train.refit",
    "train.fuse", "train.adapt", "train.checkpoint_epochs", "train.checkpoint_minutes", "train.not_finite", "train.resident_gib",
    "train.steps_per_dispatch",
)  # fmt: skip


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included; with `log`, each order of magnitude is as likely as another."""

    low: float
    high: float
    log: bool

    def suggest(self, trial: "optuna.Trial", key: str) -> Any:
        """A value for a trial."""
        if is_whole(self.low):
            return trial.suggest_int(key, int(self.low), int(self.high), log=self.log)
        return trial.suggest_float(key, self.low, self.high, log=self.log)

    def value(self, kept: Any) -> Any:
        """The value for what the study keeps."""
        return kept

    def __str__(self) -> str:
        return f"{self.low:.10g}..{self.high:.10g}{',log' if self.log else ''}"


@dataclass(frozen=True)
class Choice:
    """Some values, and how they were written, which is what the study keeps."""

    values: Mapping[str, Any]

    def suggest(self, trial: "optuna.Trial", key: str) -> Any:
        """A value for a trial."""
        return self.value(trial.suggest_categorical(key, list(self.values)))

    def value(self, kept: Any) -> Any:
        """The value for what the study keeps."""
        return self.values[kept]

    def __str__(self) -> str:
        return "|".join(self.values)


Space = Mapping[str, Range | Choice]


def read_space(written: Sequence[str]) -> Space:
    """The space that `--space` names: files with one entry per line, and entries.

    >>> {key: str(one) for key, one in read_space(["train.learning_rate=1e-4..1e-2,log", "model.units=32..128"]).items()}
    {'train.learning_rate': '0.0001..0.01,log', 'model.units': '32..128'}

    Raises:
      InputError: entries cannot be used; the message names all of them.
    """
    found: dict[str, Range | Choice] = {}
    problems: list[InputError] = []
    for place, entry in _entries(written):
        try:
            key, one = _read(entry)
            if key in found:
                raise InputError(f"config.{key} is given twice")
            found[key] = one
        except InputError as error:
            problems.append(InputError(f"{place}: {error}"))
    if problems:
        raise together(problems)
    if not found:
        raise InputError(f"--space: nothing to vary; expected {_FORM}, or a file with such lines")
    return found


def _entries(written: Sequence[str]) -> list[tuple[str, str]]:
    """Where each entry stands, and the entry."""
    found = []
    for text in written:
        if "=" in text:
            found.append((f"--space {text}", text))
            continue
        try:
            lines = Path(text).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not a text file"
            raise InputError(f"--space {text}: {reason}; expected {_FORM}, or a file with such lines") from error
        for number, line in enumerate(lines, 1):
            entry = line.partition("#")[0].strip()
            if entry:
                found.append((f"{text}, line {number}", entry))
    return found


def _read(entry: str) -> tuple[str, Range | Choice]:
    key, _, values = entry.partition("=")
    key, values = key.strip().removeprefix("--").removeprefix("config."), values.strip()
    if key not in SETTINGS:
        raise InputError(unknown_key(key))
    if key in _FIXED or key.startswith(("synthetic.", "logging.")):
        raise InputError(
            f"config.{key} cannot be varied: trials are judged on the same validation clips and trained in the same way"
        )
    if "|" in values:
        parts = [part.strip() for part in values.split("|")]
        if len(set(parts)) < len(parts):
            raise InputError(f"config.{key} has a value twice: {values}")
        return key, Choice({part: _value(key, part) for part in parts})
    bounds, _, scale = values.partition(",")
    low, dots, high = bounds.partition("..")
    if not dots or scale.strip() not in ("", "log"):
        raise InputError(f"expected {_FORM}, found {entry}")
    ends = [_value(key, end.strip()) for end in (low, high)]
    if not all(isinstance(end, int | float) and not isinstance(end, bool) for end in ends):
        raise InputError(f"config.{key} is no number, so list its values: {key}=VALUE|VALUE|...")
    if not (ends[0] < ends[1] and math.isfinite(ends[1])):
        raise InputError(f"expected two numbers, the smaller first, found {bounds}")
    if scale and ends[0] <= 0:
        raise InputError(f"a logarithmic range begins above 0, not at {shown(ends[0])}")
    return key, Range(ends[0], ends[1], bool(scale))


def _value(key: str, written: str) -> Any:
    """A value of a setting from its text."""
    kind = SETTINGS[key].kind
    try:
        value = kind.read(written)
    except ValueError:
        value = written
    if not kind.accepts(value):
        raise InputError(refused(key, value, kind))
    return value

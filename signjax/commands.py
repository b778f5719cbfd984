"""The words of the command line, `signjax train CLIPS`, as the flags that they stand for.

| command | meaning |
|---|---|
| `signjax train [CLIPS]`, `signjax prepare [CLIPS]` | the mode on these clips, whose source is guessed if no flag names it |
| `signjax resume RUN` | trains on, with the settings of the run |
| `signjax evaluate RUN`, `signjax replay RUN` | the mode on a run |
| `signjax predict RUN CLIPS` | names the signs in these clips |

Flags may stand anywhere after the first word; they count more than what the words stand for.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from signjax.errors import InputError

Say = Callable[[str], None]

# Command -> what its words are.
COMMANDS = {
    "train": ("CLIPS",),
    "prepare": ("CLIPS",),
    "resume": ("RUN",),
    "evaluate": ("RUN",),
    "replay": ("RUN",),
    "predict": ("RUN", "CLIPS"),
}
_OPTIONAL = ("train", "prepare")  # without clips, the built-in corpus


def expand(arguments: Sequence[str], say: Say) -> list[str]:
    """Arguments without words.

    >>> expand(["evaluate", "runs/first", "--config.seed=1"], print)
    ['--mode=evaluate', '--workdir=runs/first', '--config.seed=1']

    Args:
      arguments: those after the program's name; returned as they are if they do not begin with a command.
      say: is told which source was guessed.

    Raises:
      InputError: words are missing, there are too many, or the run or the clips do not exist.
    """
    if not arguments or arguments[0] not in COMMANDS:
        return list(arguments)
    command, rest = arguments[0], list(arguments[1:])
    kinds, flags = COMMANDS[command], [one for one in rest if one.startswith("-")]
    words = [one for one in rest if not one.startswith("-")]
    usage = " ".join(("signjax", command, *(f"[{kind}]" if command in _OPTIONAL else kind for kind in kinds)))
    if len(words) > len(kinds) or (len(words) < len(kinds) and command not in _OPTIONAL):
        raise InputError(
            f"signjax {command}: expected {usage}, and flags as --NAME=VALUE; found {' '.join(words) or 'no words'}"
        )
    given = dict(zip(kinds, words, strict=False))
    missing = [f"{kind}: {word} does not exist" for kind, word in given.items() if not Path(word).exists()]
    if missing:
        raise InputError(f"{'; '.join(missing)}; expected {usage}")
    found = [f"--mode={'train' if command == 'resume' else command}"]
    if "RUN" in given:
        found.append(f"--workdir={given['RUN']}")
    if command == "resume":
        found += _settings_of(Path(given["RUN"]))
    if "CLIPS" in given:
        found.append(f"--config.data.path={given['CLIPS']}")
        if command in _OPTIONAL and not any(_chooses_source(flag) for flag in flags):
            from signjax.prediction.source import guess_source, guessed_line  # only this command needs the sources

            guess = guess_source(Path(given["CLIPS"]))
            say(guessed_line(guess))
            found.append(f"--config.data.source={guess.source}")
    return [*found, *flags]


def _chooses_source(flag: str) -> bool:
    """Whether a flag names the source, or a file of settings that may."""
    name = flag.partition("=")[0].lstrip("-")
    return name in ("config.data.source", "config", "flagfile")


def _settings_of(folder: Path) -> list[str]:
    """Flags for the settings of a run that differ from the base configuration.

    Raises:
      InputError: there is no run, or it is of another version.
    """
    from signjax.settings import base, run_config
    from signjax.settings.schema import flat

    run_config.check_trained(folder, "resume")
    of_run, usual = (flat(config.to_dict()) for config in (run_config.of_run(folder), base.get_config()))
    return [f"--config.{key}={_plain(value)}" for key, value in of_run.items() if _plain(value) != _plain(usual[key])]


def _plain(value: object) -> object:
    """The value, a list from JSON as the tuple that it was."""
    return tuple(value) if isinstance(value, list) else value

"""The front door: flags, nothing else.

python launch.py --config=configs/base.py [--workdir=DIR] [--mode=train|prepare|evaluate|predict] [--config.KEY=VALUE ...]
"""

import io
import sys
from typing import NoReturn

from absl import app, flags, logging

from configs import base
from signjax.config_file import Override, apply_overrides, load_config, take_overrides
from signjax.errors import InputError
from signjax.setting_rules import RULES

MODES = ("train", "prepare", "evaluate", "predict")

_CONFIG = flags.DEFINE_string(
    "config", None, "Python file with the configuration; any of its keys is overridden by --config.KEY=VALUE."
)
_WORKDIR = flags.DEFINE_string(
    "workdir", None, "Run folder; the default is named after the configuration, below runs/."
)
_MODE = flags.DEFINE_enum("mode", "train", MODES, "train prepares, trains or resumes, evaluates and reports.")
_CONFIG_HELP = flags.DEFINE_bool(
    "config_help",
    False,
    "List every key of the configuration with its default, its meaning and the values it can have.",
)

_overrides: list[Override] = []


def _print_keys() -> None:
    for key, (default, meaning) in base.KEYS.items():
        print(f"--config.{key}={default!r}\n    {meaning}\n    Must be {RULES[key].allowed}.")


def _stop(problem: object) -> NoReturn:
    print(f"error: {problem}", file=sys.stderr)
    sys.exit(1)


def _run() -> None:
    """Loads the configuration, checks all of it, and runs a mode.

    Raises:
      InputError: what the user gave cannot be used.
    """
    from signjax import settings
    from signjax.devices import choose_platform

    if _CONFIG.value is None:
        raise InputError("--config is missing; for example --config=configs/base.py")
    choose_platform()
    config = load_config(_CONFIG.value)
    settings.check(config, _MODE.value, apply_overrides(config, _overrides))

    from signjax import pipeline  # loads jax, so the platform must be chosen by now

    pipeline.run(config, _WORKDIR.value, _MODE.value, lambda line: print(line, flush=True))


def main(argv: list[str]) -> None:
    """Runs a mode; ends with exit status 1 and one message where the input cannot be used."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # the name of a file need not be text
    if len(argv) > 1:
        _stop(f"{' '.join(argv[1:])}: not a flag; flags begin with --, and a value that holds spaces needs quotes")
    if _CONFIG_HELP.value:
        _print_keys()
        return
    logging.set_verbosity(logging.WARNING)  # orbax tells every step of its own at level INFO
    try:
        _run()
    except InputError as error:
        _stop(error)
    except OSError as error:  # no room, no permission
        _stop(f"{error.filename}: {error.strerror}" if error.filename and error.strerror else error)
    except KeyboardInterrupt:
        print("interrupted; the same command resumes from the last checkpoint", file=sys.stderr)
        sys.exit(130)


def parse_flags(argv: list[str]) -> list[str]:
    """Parses the flags, and keeps those that override keys of the configuration for when its file is loaded."""
    try:
        rest, _overrides[:] = take_overrides(flags.FLAGS.read_flags_from_files(argv, force_gnu=False))
        return list(flags.FLAGS(rest))
    except flags.Error as error:
        _stop(f"{str(error).removeprefix('ERROR:: ')} (--help lists the flags, --config_help the keys)")


if __name__ == "__main__":
    app.run(main, flags_parser=parse_flags)

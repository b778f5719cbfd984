"""The front door: flags, nothing else.

python launch.py --config=configs/base.py [--workdir=DIR] [--mode=train|prepare|evaluate|predict] [--config.KEY=VALUE ...]
"""

import io
import sys

from absl import app, flags, logging
from ml_collections import config_flags

from configs import base

MODES = ("train", "prepare", "evaluate", "predict")

_CONFIG = config_flags.DEFINE_config_file("config", None, "File with the configuration.", lock_config=True)
_WORKDIR = flags.DEFINE_string(
    "workdir", None, "Run folder; the default is named after the configuration, below runs/."
)
_MODE = flags.DEFINE_enum("mode", "train", MODES, "train prepares, trains or resumes, evaluates and reports.")
_CONFIG_HELP = flags.DEFINE_bool(
    "config_help", False, "List every key of the configuration with its default and meaning."
)


def _print_keys() -> None:
    for key, (default, meaning) in base.KEYS.items():
        print(f"--config.{key}={default!r}\n    {meaning}")


def main(argv: list[str]) -> None:
    """Runs a mode; ends with exit status 1 and one message where the input cannot be used."""
    if len(argv) > 1:
        raise app.UsageError(f"not a flag: {' '.join(argv[1:])}")
    if _CONFIG_HELP.value:
        _print_keys()
        return
    if _CONFIG.value is None:
        raise app.UsageError("--config is missing; for example --config=configs/base.py")

    from signjax.devices import choose_platform
    from signjax.errors import InputError

    choose_platform()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name that the terminal cannot write must not end a run
    logging.set_verbosity(logging.WARNING)  # orbax tells every step of its own at level INFO

    from signjax import pipeline  # loads jax, so the platform must be chosen by now

    try:
        pipeline.run(_CONFIG.value, _WORKDIR.value, _MODE.value, lambda line: print(line, flush=True))
    except (InputError, OSError) as error:  # an OSError names its file: no room, no permission
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("interrupted; the same command resumes from the last checkpoint", file=sys.stderr)
        sys.exit(130)


def parse_flags(argv: list[str]) -> list[str]:
    """Parses the flags; a key that does not exist, or a config file, gives one message instead of a traceback."""
    try:
        rest = list(app.parse_flags_with_usage(argv))
        if _CONFIG.value is not None:
            _CONFIG.value.lock()  # a file that could not be loaded raises OSError at its first use
        return rest
    except (AttributeError, KeyError) as error:
        # ml_collections raises these for an override that the locked configuration does not have.
        text = "; ".join(str(error).strip("\"'").replace("\\n", "\n").replace("\\'", "'").splitlines())
        print(f"error: no such configuration key: {text} (--config_help lists all keys)", file=sys.stderr)
    except OSError as error:
        print(f"error: --config: {str(error).splitlines()[-1].strip()}", file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    app.run(main, flags_parser=parse_flags)

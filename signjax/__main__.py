"""The command line: flags and nothing else.

python -m signjax [train|prepare|resume|evaluate|predict|replay ...], or
python -m signjax [--config=FILE] [--workdir=DIR] [--mode=train|prepare|evaluate|predict|replay] [--config.KEY=VALUE ...]

The command `signjax` does the same, as does `python launch.py` in a checkout. Without --config, the base configuration is used.
"""

import io
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from absl import app, flags, logging
from ml_collections import ConfigDict, config_flags

from signjax.commands import expand
from signjax.errors import InputError, first_line
from signjax.programs import PROGRAMS, load_program
from signjax.runtime import processes
from signjax.runtime.output import end_now, fitted, one_line_each, outlast_output
from signjax.runtime.signals import Interrupted, interruptible
from signjax.settings import base
from signjax.settings.config_file import load_config, readable, take_overrides
from signjax.settings.flag_faults import LISTS, known_flags
from signjax.settings.reference import config_help

MODES = ("train", "prepare", "evaluate", "predict", "replay")

_WORKDIR = flags.DEFINE_string(
    "workdir", None, "Run folder; the default is named after the configuration, below runs/."
)
_MODE = flags.DEFINE_enum("mode", "train", MODES, "train prepares, trains or resumes, evaluates and reports.")
_CONFIG_HELP = flags.DEFINE_bool(
    "config_help",
    False,
    "List every key of the configuration with its default, its meaning and the values it can have.",
)

_COORDINATOR = flags.DEFINE_string(
    "coordinator",
    None,
    "HOST:PORT of the first of several processes. Under srun and mpirun this and the next two are found out.",
)
_SHARD = flags.DEFINE_string(
    "shard",
    None,
    "I/N: with --mode=prepare, read the I-th of N shares of the clips, as one of N processes or machines; see docs/distributed.md.",
)
_PROCESSES = flags.DEFINE_integer("processes", None, "Number of processes that share the run.", lower_bound=1)
_PROCESS = flags.DEFINE_integer("process", None, "Number of this process, from 0; the first one writes.", lower_bound=0)

_SEEDS = flags.DEFINE_string(
    "seeds",
    None,
    "Number of runs that are trained with different seeds, from config.seed on, in folders below --workdir; see docs/runs.md.",
)
_FOLDS = flags.DEFINE_string(
    "folds",
    None,
    "`all`, or the number of folds to train, from the first, in folders below --workdir; see docs/runs.md.",
)

_CONFIG_HELP_TEXT = "Python file with the configuration, by default the base one. --config.KEY=VALUE overrides any key."

# These name the base configuration where no such file exists: only a checkout has a folder configs/.
_BASE_NAMES = ("base", "configs/base.py")

_OWN_FLAGS = ("workdir", "mode", "config_help", "seeds", "folds", "shard", "coordinator", "processes", "process")

_faults: dict[str, str] = {}  # flag, or key of the configuration -> what is wrong with it; all are told together


def _say(line: str) -> None:
    print(fitted(line, sys.stdout), flush=True)


def _print_keys() -> None:
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` ends the list without a traceback
    for paragraph in config_help():
        print(fitted(paragraph, sys.stdout))


def _stop(problem: object) -> NoReturn:
    print(fitted(f"error: {problem}", sys.stderr), file=sys.stderr)
    _end(1)


def _end(status: int) -> NoReturn:
    """Ends the process at once; all files are closed by now.

    Python's own end can take long or fail with a traceback: of a pool of processes (3.11, a race in concurrent.futures), of a log
    on a full disk, of threads of libraries, and jax's of several processes, which waits for the others.
    """
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, signal.SIG_IGN)  # it is ending
    end_now(status)


def _run() -> None:
    """Loads the configuration, checks all of it, and runs a mode.

    Raises:
      InputError: what the user gave cannot be used.
    """
    from signjax.data.preparation.reading.shards import parse_shard
    from signjax.runs.parts import read_flags
    from signjax.runtime.jax_setup import check_platform, choose_platform
    from signjax.settings.run_config import check

    config = flags.FLAGS.config
    choose_platform()
    mode_is_known = _faults.keys().isdisjoint(("", "--mode"))  # the words of the command line may stand for a mode
    shard = None
    if _SHARD.value is not None:
        try:
            shard = parse_shard(_SHARD.value)
        except InputError as error:
            _faults["--shard"] = str(error)
        if _MODE.value != "prepare" and mode_is_known:
            _faults["--mode"] = f"--shard={_SHARD.value} is for --mode=prepare; the mode is {_MODE.value}"
    wanted = None
    try:
        wanted = read_flags(_SEEDS.value, _FOLDS.value)
    except InputError as error:
        _faults["--seeds"] = str(error)
    if wanted and _MODE.value != "train" and mode_is_known:
        _faults["--mode"] = f"--{wanted.varied} trains; the mode is {_MODE.value}"
    check(config, _MODE.value, _faults, f"--config: {config_flags.get_config_filename(flags.FLAGS['config'])}")
    if _MODE.value != "prepare":
        check_platform()
    group = processes.group_of(_COORDINATOR.value, _PROCESSES.value, _PROCESS.value, dict(os.environ))
    if group and wanted:
        raise InputError(f"--{wanted.varied} trains in one process; leave out --coordinator, --processes and --process")
    if group:
        if _MODE.value != "train":
            raise InputError(
                f"--mode={_MODE.value} runs in one process; leave out --coordinator, --processes and --process"
            )
        processes.join(group)

    from signjax import pipeline  # loads jax, so the platform must be chosen by now

    if wanted:
        from signjax.runs.several import train_several

        train_several(config, _WORKDIR.value, wanted, _say, pipeline.run)
        return
    pipeline.run(config, _WORKDIR.value, _MODE.value, _say, shard)
    if processes.is_chief():
        processes.tell("finished", value=True)
    processes.leave()


def main(argv: list[str]) -> None:
    """Runs a mode; ends with exit status 1 and one message if the input cannot be used."""
    if len(argv) > 1:
        _faults["words"] = (
            f"{' '.join(argv[1:])}: not a flag. Flags begin with --, and a value with spaces needs quotes"
        )
    if _CONFIG_HELP.value:
        _print_keys()
        return
    _guarded(_run)


def _guarded(job: Callable[[], None]) -> NoReturn:
    """Does a job and ends the process: with exit status 1 and one message if the input cannot be used."""
    logging.set_verbosity(logging.FATAL)  # orbax logs each of its steps, and each error beside raising it
    interruptible()
    outlast_output()
    one_line_each()
    try:
        job()
        _end(0)
    except InputError as error:
        _stop(error)
    except OSError as error:  # no room, no permission
        _stop(f"{error.filename}: {error.strerror}" if error.filename and error.strerror else error)
    except Interrupted as request:
        if processes.is_chief():
            print(fitted(str(request), sys.stderr), file=sys.stderr)
        _end(request.status)
    except RuntimeError as error:  # what jax raises when a sum over all processes cannot be made
        if not processes.several():
            raise
        _stop(processes.lost_message(first_line(error)[:200]))


def name_base_config(argv: list[str]) -> list[str]:
    """Names the packaged base configuration where --config is missing, or names a file that only a checkout has.

    Args:
      argv: the program and its arguments, without overrides of keys.

    Returns:
      The same arguments, each --config as one word, `--config=FILE`.
    """
    end = argv.index("--") if "--" in argv else len(argv)
    packaged = f"--config={base.__file__}"
    arguments: list[str] = []
    waiting = iter(argv[1:end])
    for argument in waiting:
        joined = f"--config={next(waiting, '')}" if argument in ("--config", "-config") else argument
        value = config_value(joined)
        arguments.append(packaged if value in _BASE_NAMES and not Path(value).is_file() else joined)
    if all(config_value(argument) is None for argument in arguments):
        arguments.insert(0, packaged)  # at the front: arguments after a word that is not a flag are not read
    return [argv[0], *arguments, *argv[end:]]


def config_value(argument: str) -> str | None:
    """The file that an argument `--config=FILE` names; None for other arguments."""
    name, _, value = argument.partition("=")
    return value if name in ("--config", "-config") and name != argument else None


def parse_flags(argv: list[str]) -> list[str]:
    """Parses the flags; faults in flags for configuration keys are kept, and reported together with all other faults."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a file name need not be valid text
    rest: list[str] = []
    try:
        argv = [argv[0], *expand(argv[1:], _say)]
    except InputError as error:
        _faults[""] = str(error)
        argv = [argv[0], *(argument for argument in argv[1:] if argument.startswith("-"))]
    try:
        rest, overrides = take_overrides(flags.FLAGS.read_flags_from_files(argv, force_gnu=False))
        rest, unusable = known_flags(rest)
        _faults.update(unusable)
        rest = name_base_config(rest)
        good, faults = readable(overrides)
        _faults.update(faults)
        end = rest.index("--") if "--" in rest else len(rest)
        sys.argv[:] = [*rest[:end], *good, *rest[end:]]  # config_flags looks for overrides here once it is defined
        config = config_flags.DEFINE_config_file("config", None, _CONFIG_HELP_TEXT, lock_config=True)
        for name in ("config", *_OWN_FLAGS):  # those that --help shows, whichever module was started
            flags.FLAGS.register_key_flag_for_module(sys.argv[0], flags.FLAGS[name])
        left = list(flags.FLAGS(sys.argv))
        if config.value is not None and not isinstance(config.value.lock(), ConfigDict):
            raise TypeError
        return left
    except flags.Error as error:
        _explain(rest)
        _stop(f"{str(error).removeprefix('ERROR:: ')} ({LISTS})")
    except Exception:  # the configuration file is the user's program: it can raise anything
        _explain(rest)
        raise


def _explain(argv: list[str]) -> None:
    """Stops with a message if something is wrong with the configuration file that the flags name."""
    for value in map(config_value, argv):
        try:
            if value is not None:
                load_config(value)
        except InputError as fault:
            _stop(fault)


def run() -> None:
    """Runs the command line and ends the process."""
    if sys.argv[1:] and sys.argv[1] in PROGRAMS:
        program = load_program(sys.argv[1])
        _guarded(lambda: program(sys.argv[2:], _say))
    app.run(main, flags_parser=parse_flags)


if __name__ == "__main__":
    run()

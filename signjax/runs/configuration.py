"""The settings of commands with their own arguments: a file, overrides, and the clips, as in `signjax train`."""

from collections.abc import Callable, Sequence
from pathlib import Path

from ml_collections import ConfigDict

from signjax.prediction.source import guess_source, guessed_line
from signjax.settings import base, run_config
from signjax.settings.config_file import Override, load_config, readable
from signjax.settings.schema import SETTINGS

Say = Callable[[str], None]


def read_config(clips: str | None, file: str, overrides: Sequence[Override], say: Say) -> ConfigDict:
    """All settings, checked.

    Args:
      clips: the data path, whose source is guessed if nothing names it; None leaves it to the settings.
      file: a config file; the base configuration if empty.
      overrides: from `--config.KEY=VALUE`.
      say: is told which source was guessed.

    Raises:
      InputError: values cannot be used; the message names all of them.
    """
    _, faults = readable(overrides)
    config = load_config(file) if file else base.get_config()
    config = config.copy_and_resolve_references()
    if clips is not None:
        config.data.path = clips
        if not file and all(one.key != "data.source" for one in overrides):
            guess = guess_source(Path(clips))
            say(guessed_line(guess))
            config.data.source = guess.source
    for key, written in overrides:
        if key not in faults and written is not None:
            run_config.set_value(config, key, SETTINGS[key].kind.read(written))
    run_config.check(config, "train", faults, f"--config: {file}" if file else "")
    return config

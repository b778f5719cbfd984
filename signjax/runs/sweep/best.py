"""The best settings of a sweep: as flags, and as a config file."""

from collections.abc import Iterator
from pathlib import Path

from signjax.data.text_files import write_text
from signjax.errors import InputError
from signjax.plans.training import LEAST_TO_CHOOSE
from signjax.runs.sweep.study import Best
from signjax.settings.config_file import load_config
from signjax.settings.schema import default_config, flat


def config_file(best: Best, study: Path) -> str:
    """A config file with every setting that is not the default."""
    default = flat(default_config().to_dict())
    lines = [
        f"    config.{key} = {tuple(value) if isinstance(value, list) else value!r}"
        for key, value in flat(best.config.to_dict()).items()
        if value != default[key]
    ]
    trials = sum(best.counts.values())
    return "\n".join(
        [
            f'"""The best of {trials} trials, by accuracy on {best.clips} validation clips: {best.top1:.3f}."""',
            "",
            f"# Study: {study.name!r}. Varied: {', '.join(best.values)}.",
            "",
            "from ml_collections import ConfigDict",
            "",
            "from signjax.settings import base",
            "",
            "",
            "def get_config() -> ConfigDict:",
            '    """All settings; those that are not named have their defaults."""',
            "    config = base.get_config()",
            *lines,
            "    return config",
            "",
        ]
    )


def write_config(path: Path, best: Best, study: Path) -> None:
    """Writes the config file, and reads it back.

    Raises:
      InputError: it does not say what it should.
    """
    write_text(path, config_file(best, study))
    if flat(load_config(str(path)).to_dict()) != flat(best.config.to_dict()):
        raise InputError(f"{path}: the file does not read as the settings it was written from; use the flags instead")


def best_lines(best: Best, path: Path) -> Iterator[str]:
    """What the terminal shows at the end."""
    counted = ", ".join(f"{count} {word}" for word, count in best.counts.items() if count)
    yield "best: " + " ".join(
        f'"--config.{key}={value}"' if isinstance(value, tuple) else f"--config.{key}={value}"
        for key, value in best.values.items()
    )
    yield (
        f"{sum(best.counts.values())} trials ({counted}) chose by the accuracy on {best.clips} validation clips: {best.top1:.3f}. "
        "The best of many is partly luck, so expect less on other clips; the test split was not used"
    )
    if best.clips < LEAST_TO_CHOOSE:
        yield (
            f"warning: {best.clips} validation clips are too few to choose by; with {LEAST_TO_CHOOSE} or more, or a larger "
            "config.data.valid_fraction, the choice is less of a lottery"
        )
    yield f"config file: {path}; signjax train --config={path} trains with it, and tests once"

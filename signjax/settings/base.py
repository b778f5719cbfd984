"""The base configuration, every key at its default: the file that is used if `--config` names none."""

from ml_collections import ConfigDict

from signjax.settings.schema import default_config


def get_config() -> ConfigDict:
    """The configuration, nested by the dots in its keys."""
    return default_config()

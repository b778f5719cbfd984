"""The base recogniser on the built-in corpus of synthetic signers; every key at its default.

Command: `python launch.py --config=configs/base.py`. Hardware, time and result: see the results table in README.md.
To override a key, give its path: `--config.train.batch_size=64 --config.model.filters="(64, 128)"`.

docs/settings.md and `--config_help` list all keys. They are defined, each with its default, help text and allowed values, by the
fields of the dataclasses that signjax/settings/schema.py lists.
"""

from typing import Any

from signjax.settings.base import get_config
from signjax.settings.reference import help_of
from signjax.settings.schema import SETTINGS

__all__ = ["KEYS", "get_config"]

# key -> (default, help)
KEYS: dict[str, tuple[Any, str]] = {key: (one.default, help_of(one)) for key, one in SETTINGS.items()}

"""The base recogniser on the built-in corpus of synthetic signers.

Command: `python launch.py --config=configs/base.py`. Hardware, time and result: see the results table in README.md.
The keys stand in signjax/settings/base.py, so that an installed signjax has them too.
"""

from signjax.settings.base import KEYS, get_config

__all__ = ["KEYS", "get_config"]

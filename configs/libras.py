"""15 hand movements of Libras as a 2-D path, on the split of the file.

Command: `python launch.py --config=configs/libras.py --config.data.path=libras.npz`.
The file holds the recordings of Dias et al. (2009), UCI, without exact copies.
Hardware, time and result: docs/accuracy.md.
"""

from ml_collections import config_dict

from signjax.settings import base


def get_config() -> config_dict.ConfigDict:
    """The base configuration with these overrides."""
    config = base.get_config()
    config.data.source = "arrays"
    return config

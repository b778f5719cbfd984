"""16 words of ASL as MediaPipe landmarks, on the split of the file.

Command: `python launch.py --config=configs/asl16.py --config.data.path=asl16.npz`.
The layout is read from the names of its channels.
Hardware, time and result: docs/accuracy.md.
"""

from ml_collections import config_dict

from signjax.settings import base


def get_config() -> config_dict.ConfigDict:
    """The base configuration with these overrides."""
    config = base.get_config()
    config.data.source = "arrays"
    return config

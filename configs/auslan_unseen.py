"""95 signs of Auslan as glove data, tested on a signer who is in no other split; `--config.data.fold` says which.

Command: `python launch.py --config=configs/auslan_unseen.py --config.data.path=auslan.npz`.
The file holds the recordings of Kadous (1995), UCI.
Hardware, time and result: docs/accuracy.md.
"""

from ml_collections import config_dict

from signjax.settings import base


def get_config() -> config_dict.ConfigDict:
    """The base configuration with these overrides."""
    config = base.get_config()
    config.data.source = "arrays"
    config.data.split = "leave_one_out"
    return config

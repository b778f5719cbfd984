"""The training settings that the predecessor of this project documented, run to their end.

Command: `python launch.py --config=configs/predecessor.py --config.data.path=CLIPS`. They take several times the steps of the base
configuration on small sets.
"""

from ml_collections import config_dict

from signjax.settings import base


def get_config() -> config_dict.ConfigDict:
    """The base configuration with these overrides."""
    config = base.get_config()
    config.train.epochs = 500
    config.train.batch_size = 16
    config.train.learning_rate = 3e-4
    config.model.dropout = 0.4
    return config

"""HamNoSys attributes, one head each, learned from real strings and synthetic motion.

Command: `python launch.py --config=configs/hamnosys.py --config.data.path=DIR`, DIR holding SignAvatars' `data.json`.
"""

from ml_collections import config_dict

from configs import base


def get_config() -> config_dict.ConfigDict:
    """The base configuration with these overrides."""
    config = base.get_config()
    config.data.source = "synthetic_hamnosys"
    config.data.label_mode = "attributes"
    config.data.rare_classes = "leave_out"
    config.data.split = "stratified"  # groups are source and gloss; signers may be shared
    config.data.max_frames = 48
    config.synthetic.signers = 24
    config.augment.mirror = 0.0  # a string is relative to the leading hand, which a mirror would swap
    config.train.batch_size = 64
    config.train.learning_rate = 1e-3
    config.train.epochs = 40
    config.train.warmup_epochs = 1
    config.train.decay_epochs = 40
    return config

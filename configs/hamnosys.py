"""HamNoSys attributes, one head each, learned from real strings and synthetic motion.

Command: `python launch.py --config=configs/hamnosys.py --config.data.path=DIR`, DIR holding SignAvatars' `data.json`.
Hardware: 2 CPU cores, shared with other work. Time: 7 minutes of training, 11 in all. Result: the table in docs/accuracy.md.
"""

from ml_collections import config_dict

from signjax.data.hamnosys import ATTRIBUTES, OTHER_ATTRIBUTES
from signjax.settings import base


def get_config() -> config_dict.ConfigDict:
    """The base configuration with these overrides."""
    config = base.get_config()
    config.data.source = "synthetic_hamnosys"
    config.data.label_mode = "attributes"
    # All but other_movement and other_direction, which only a few hundred strings contain: too few to test.
    config.data.heads = ",".join((*ATTRIBUTES, *OTHER_ATTRIBUTES[:-2]))
    config.data.rare_classes = "leave_out"
    config.data.split = "stratified"  # groups are source and gloss; signers may be shared
    config.data.rotations = "6d"
    config.data.max_frames = 40
    config.synthetic.signers = 24
    # A string is relative to the dominant hand, and describes places and directions: neither may be blurred much.
    config.augment.mirror = 0.0
    config.augment.posture = 0.1
    config.augment.noise = 0.05
    config.augment.crop = 0.05
    config.augment.fastest = 0.85
    config.augment.slowest = 1.2
    config.augment.frame_dropout = 0.05
    config.model.filters = (64, 128)
    config.model.kernels = (5, 5)
    config.model.depth = 1
    config.model.units = 64
    config.model.dropout = 0.2
    config.train.batch_size = 32
    config.train.learning_rate = 2e-3
    config.train.epochs = 20
    config.train.warmup_epochs = 1
    config.train.decay_epochs = 20
    config.train.average_decay = 0.995
    return config

"""30 signs of Indian Sign Language as Kinect joints, tested on a signer who is in no other split; `--config.data.fold`.

Command: `python launch.py --config=configs/isl_kinect30.py --config.data.path=isl_kinect30.npz`.
The recordings are of Kumar et al. (2018).
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

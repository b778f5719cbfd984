"""30 signs of Indian Sign Language as Kinect joints, learned from the front and tested at 46 and 61 degrees, with the same signers.

Command: `python launch.py --config=configs/isl_kinect30_views.py --config.data.path=isl_kinect30_views.npz
--config.data.layout=isl_kinect30_layout.json`.
The file is made by `python -m benchmarks.views isl_kinect30.npz --train 1 2 3 --out=isl_kinect30_views.npz`, from the recordings of
Kumar et al. (2018).
Hardware, time and result: docs/accuracy.md.
"""

from ml_collections import config_dict

from signjax.settings import base


def get_config() -> config_dict.ConfigDict:
    """The base configuration with these overrides."""
    config = base.get_config()
    config.data.source = "arrays"
    config.data.split = "column"
    return config

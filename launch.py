"""The entry point in a checkout; the flags are defined in signjax/__main__.py.

python launch.py --config=configs/base.py [--workdir=DIR] [--mode=train|prepare|evaluate|predict] [--config.KEY=VALUE ...]
"""

from signjax.__main__ import run

if __name__ == "__main__":
    run()

"""`signjax calibrate RUN CLIPS --workdir NEW`: fits a trained model to a new signer, from one or two labelled clips of each sign.

The model in NEW is used like that of RUN: `signjax predict NEW MORE_CLIPS`, `signjax evaluate NEW`, `signjax.load("NEW")`. RUN
stays as it is. All labelled clips below CLIPS are used, so they should be of one signer.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from signjax.programs import Say
from signjax.runtime.jax_setup import check_platform, choose_platform


def run(arguments: Sequence[str], say: Say) -> None:
    """Calibrates a model.

    Raises:
      InputError: the run, the clips, their labels or the new folder cannot be used.
    """
    parser = argparse.ArgumentParser(
        prog="signjax calibrate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="folder of a trained run")
    parser.add_argument("clips", type=Path, metavar="CLIPS", help="file or folder of labelled clips of the new signer")
    parser.add_argument("--workdir", type=Path, required=True, metavar="NEW", help="folder for the calibrated model")
    parser.add_argument("--source", default="", help="source of the clips; by default it is guessed")
    parser.add_argument("--labels", default="", help="label table, for sources that need one and do not find it")
    given = parser.parse_args(arguments)
    choose_platform()
    check_platform()
    from signjax.growing.calibrate import calibrate

    calibrate(given.run, given.clips, given.workdir, say, source=given.source, labels=given.labels)

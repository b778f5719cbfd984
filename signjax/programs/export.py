"""`signjax export RUN DIR`: the model of a run in a folder that stands alone, and as programs in other formats."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from signjax.programs import Say
from signjax.runtime.jax_setup import check_platform, choose_platform


def run(arguments: Sequence[str], say: Say) -> None:
    """Exports a model; errors as in `signjax.export.folder.export_model`."""
    choose_platform()
    check_platform()
    from signjax.export.folder import export_model
    from signjax.export.formats import FORMATS, missing
    from signjax.runtime.jax_setup import configure_jax

    parser = argparse.ArgumentParser(
        prog="signjax export",
        description="Writes the model of a run into its own folder: weights, what it expects, a model card, and programs in "
        "other formats, each compared with jax. The folder needs neither the run nor its data, and has no clip of them.",
    )
    parser.add_argument("run", metavar="RUN", type=Path, help="the folder of a run that has been evaluated")
    parser.add_argument("folder", metavar="DIR", type=Path, help="the folder to make")
    parser.add_argument(
        "--formats",
        metavar="NAMES",
        help=f"programs to write, separated by commas, of {', '.join(FORMATS)}; none for weights alone; by default those "
        "whose packages are installed",
    )
    parser.add_argument("--force", action="store_true", help="replace an exported model in DIR")
    given = parser.parse_args(arguments)
    if given.formats is None:
        formats = []
        for name in FORMATS:
            if absent := missing(name):
                say(f"{name}: left out; it needs {' and '.join(absent)}: pip install 'signjax[{name}]'")
            else:
                formats.append(name)
    else:
        formats = [] if given.formats in ("", "none") else list(dict.fromkeys(given.formats.split(",")))
    configure_jax(0, say)
    export_model(given.run, given.folder, formats, say, replace=given.force)

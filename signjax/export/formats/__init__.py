"""One module per format: a program in a file, and how to run it again.

A module has `FILE`, its path in a model folder; `NEEDS`, the packages without which it cannot be made or run; `write`, which makes
the file; and `run`, which answers for clips with nothing but the file.
"""

from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol, cast

import numpy as np

from signjax.errors import InputError, together
from signjax.export.network import TrainedModel
from signjax.export.samples import Samples

# Format -> its module.
FORMATS: Mapping[str, str] = {
    "stablehlo": "signjax.export.formats.stablehlo",
    "onnx": "signjax.export.formats.onnx",
    "litert": "signjax.export.formats.litert",
}


class Format(Protocol):
    """What a module of a format has."""

    FILE: str
    NEEDS: tuple[str, ...]

    def write(self, model: TrainedModel, path: Path) -> None:
        """Writes the program of a model to a file."""

    def run(self, path: Path, clips: Samples, outputs: Sequence[str]) -> list[np.ndarray]:
        """The outputs (N, C) of these names, by the program in a file."""


def load_format(name: str) -> Format:
    """The module of a format of `FORMATS`."""
    return cast(Format, import_module(FORMATS[name]))


def missing(name: str) -> list[str]:
    """The packages that a format needs and that are not installed."""
    return [package for package in load_format(name).NEEDS if find_spec(package) is None]


def check_formats(names: list[str]) -> None:
    """Checks that formats exist and can be made here.

    Raises:
      InputError: one does not, or needs packages that are not installed; the message names all.
    """
    faults = [
        f"--formats: {name!r} is not a format; the formats are {', '.join(FORMATS)}"
        for name in names
        if name not in FORMATS
    ]
    faults += [
        f"--formats: {name} needs {' and '.join(packages)}; pip install 'signjax[{name}]', or leave {name} out"
        for name in names
        if name in FORMATS and (packages := missing(name))
    ]
    if faults:
        raise together([InputError(fault) for fault in faults])

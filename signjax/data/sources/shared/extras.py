"""Imports of packages that only one source needs."""

import importlib
from types import ModuleType

from signjax.errors import InputError


def needed(source: str, module: str, requirement: str) -> ModuleType:
    """Imports a package that is not among the project's requirements.

    Raises:
      InputError: it is not installed; the message has the command that installs it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise InputError(
            f'source {source} needs a package that is not installed ({error}): pip install "{requirement}"'
        ) from error

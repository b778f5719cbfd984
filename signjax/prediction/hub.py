"""Models on the Hugging Face hub: `hf://OWNER/NAME`, or `hf://OWNER/NAME@REVISION`."""

import re
from importlib import import_module
from pathlib import Path
from types import ModuleType

from signjax.errors import InputError, first_line
from signjax.evaluation.fusion import FILE as FUSION_FILE
from signjax.model.input_spec import FILE as SPEC_FILE
from signjax.settings.run_config import CONFIG_FILE, WEIGHTS_FILE

_PREFIX = "hf://"
_NAME = re.compile(r"(?P<name>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?")
# What predicting needs of a model folder.
_FILES = (WEIGHTS_FILE, SPEC_FILE, CONFIG_FILE, FUSION_FILE)


def local_folder(model: str | Path) -> Path:
    """The folder of a model: the given one, or one into which the model of that name is downloaded, once.

    Raises:
      InputError: it is the name of a model that cannot be had.
    """
    text = str(model)
    if not text.startswith(_PREFIX):
        return Path(model)
    match = _NAME.fullmatch(text.removeprefix(_PREFIX))
    if match is None:
        raise InputError(f"{text}: expected hf://OWNER/NAME or hf://OWNER/NAME@REVISION")
    hub = _hub(text)
    try:
        return Path(hub.snapshot_download(match["name"], revision=match["revision"], allow_patterns=list(_FILES)))
    except (OSError, ValueError, import_module("huggingface_hub.errors").HfHubHTTPError) as error:
        raise InputError(f"{text}: the model cannot be downloaded: {first_line(error)}") from error


def _hub(text: str) -> ModuleType:
    try:
        return import_module("huggingface_hub")
    except ImportError as error:
        raise InputError(
            f"{text}: models on the hub need a package that is not installed: pip install 'signjax[hub]'"
        ) from error

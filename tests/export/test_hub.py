"""Models on a hub; a function takes the place of the download."""

import huggingface_hub
import pytest

from signjax.errors import InputError
from signjax.prediction.hub import local_folder


def test_a_model_of_the_hub_is_a_folder_once_it_is_downloaded(tmp_path, monkeypatch):
    asked = []

    def download(name, revision, allow_patterns):
        asked.append((name, revision, allow_patterns))
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    assert local_folder("hf://someone/signs") == tmp_path == local_folder("hf://someone/signs@v1.0")
    assert [(name, revision) for name, revision, _ in asked] == [("someone/signs", None), ("someone/signs", "v1.0")]
    assert "model.safetensors" in asked[0][2] and "model.onnx" not in asked[0][2]
    assert local_folder("runs/first").as_posix() == "runs/first" and len(asked) == 2


def test_what_cannot_be_downloaded_is_an_error_that_names_it(monkeypatch):
    def refuse(*_, **__):
        raise OSError("no network")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    with pytest.raises(InputError, match="hf://someone/signs: the model cannot be downloaded: no network"):
        local_folder("hf://someone/signs")
    with pytest.raises(InputError, match="expected hf://OWNER/NAME"):
        local_folder("hf://signs")

"""What the server knows: the files of the page, the model, and the clip that the page begins with."""

import threading
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Any

from signjax.demo.example import example_clip
from signjax.demo.landmarks import NAMES, needs_irises, selections
from signjax.demo.network import ADDRESS
from signjax.demo.packages import HOLISTIC, ONNXRUNTIME, Package
from signjax.demo.shown import MOMENTS, Opened, open_clip, open_sent, show
from signjax.export.formats.onnx import FILE
from signjax.export.network import output_name
from signjax.prediction.recognizer import Recognizer
from signjax.report.figures import FIELD, MISSING, stick_of


def page_files() -> dict[str, bytes]:
    """Path in an address -> content, of the page's own files."""
    found = {
        f"/{one.name}": one.read_bytes() for one in files("signjax.demo").joinpath("static").iterdir() if one.is_file()
    }
    return {"/": found.pop("/index.html"), **found}


def why_no_webcam(model: Recognizer) -> str:
    """Why a model cannot be used with the webcam; empty if it can."""
    if selections(model.layout) is not None:
        return ""
    return (
        f"the model takes layout {model.layout.name}, not MediaPipe's landmarks, so the page plays recorded clips only"
    )


class Page:
    """Answers what the page asks; one question after another.

    Attributes:
      files: path in an address -> content.
      large: path in an address -> file, of the packages that were fetched and of the exported network.
    """

    def __init__(
        self, model: Recognizer, clip: Path | None, packages: Sequence[Package], no_webcam: str, no_network: str
    ):
        """Describes the page.

        Args:
          model: that is asked.
          clip: the file or folder that the page begins with; None: the synthetic example.
          packages: that were fetched.
          no_webcam: why the webcam cannot be used; empty if it can.
          no_network: why the browser cannot run the network itself; empty if it can.
        """
        self.files = page_files()
        self.large = {
            f"/packages/{package.folder.name}/{PurePosixPath(name).name}": package.path_of(name)
            for package in packages
            for name in package.files
        }
        if not no_network:
            self.large[ADDRESS] = model.folder / FILE
        self._model, self._clip, self._no_webcam, self._no_network = model, clip, no_webcam, no_network
        self._folders = {package.name: f"/packages/{package.folder.name}/" for package in packages}
        self._lock = threading.Lock()

    def about(self) -> dict[str, Any]:
        """The model and how it is used, as JSON can hold it."""
        layout = self._model.layout
        stick = stick_of(layout)
        return {
            "model": self._model.folder.resolve().name,
            "layout": layout.name,
            "channels": layout.width,
            "heads": {head: list(classes) for head, classes in self._model.heads.items()},
            "given": self._clip is not None,
            "noSign": self._model.spec.no_sign,
            "figure": None
            if stick is None
            else {
                "lines": stick.lines,
                "wrists": stick.wrists,
                "head": stick.head,
                "points": len(stick.points) + stick.head,
                "field": FIELD,
                "missing": MISSING,
            },
            "webcam": {
                "why": self._no_webcam,
                "folder": self._folders.get(HOLISTIC, ""),
                "irises": needs_irises(layout),
                "needs": sorted({NAMES[one.landmarks] for one in selections(layout) or ()}),
            },
            "network": {
                "why": self._no_network,
                "folder": self._folders.get(ONNXRUNTIME, ""),
                "file": ADDRESS,
                "outputs": {head: output_name(head) for head in self._model.heads},
            },
        }

    def begin(self, number: int, ask: bool) -> dict[str, Any]:
        """What the page shows first: the clip of that number of the given file, or the example.

        Args:
          number: of the clip.
          ask: whether the model is asked here, and not in the browser.

        Raises:
          InputError: the model cannot be asked about it.
        """
        with self._lock:
            if self._clip is not None:
                return show(open_clip(self._clip, number, self._model), self._model, ask=ask)
            clip = example_clip(self._model.layout, self._model.heads)
            return show(Opened(clip, (clip.name,)), self._model, ask=ask)

    def predict(self, body: bytes, name: str, number: int, live: bool, ask: bool) -> dict[str, Any]:
        """What the page shows of a file that the browser sent.

        Args:
          body: the content of the file.
          name: its name.
          number: of the clip in it.
          live: whether it comes from the webcam: the model is then asked once, and nothing is drawn.
          ask: whether the model is asked here, and not in the browser.

        Raises:
          InputError: the model cannot be asked about it.
        """
        with self._lock:
            opened = open_sent(body, name, number, self._model)
            return show(opened, self._model, most=1 if live else MOMENTS, figure=not live, ask=ask)

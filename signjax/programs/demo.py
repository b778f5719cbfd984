"""`signjax demo MODEL`: a local web page that plays clips and the webcam, and shows what the model says of them."""

import argparse
import webbrowser
from collections.abc import Sequence
from pathlib import Path

from signjax import api
from signjax.demo.packages import COMMAND, HOLISTIC, ONNXRUNTIME, Package, fetch, pinned
from signjax.errors import InputError
from signjax.programs import Say
from signjax.runtime.signals import Interrupted


def run(arguments: Sequence[str], say: Say) -> None:
    """Serves the page until it is interrupted.

    Args:
      arguments: those after `demo`.
      say: receives each line that is printed.

    Raises:
      InputError: the model, the clip or the port cannot be used, or, with `--fetch`, a package cannot be downloaded.
    """
    given = _parser().parse_args(arguments)
    if given.fetch:
        for package in pinned().values():
            fetch(package, say)
        if given.model is None:
            return
    if given.model is None:
        raise InputError("signjax demo: name the run folder or the exported model, as in signjax demo runs/base")
    if given.clip is not None and not given.clip.exists():
        raise InputError(f"--clip: {given.clip} does not exist; it must be a file or folder of clips")
    _serve(given, say)


def _serve(given: argparse.Namespace, say: Say) -> None:
    """Loads the model and serves the page."""
    model = api.load(given.model, say=say)
    from signjax.demo.network import why_no_network  # these load jax, so the platform must be chosen by now
    from signjax.demo.page import Page, why_no_webcam
    from signjax.demo.server import PageServer

    packages, fetched = pinned(), []
    missing = {HOLISTIC: why_no_webcam(model), ONNXRUNTIME: why_no_network(model)}
    for name, why in missing.items():
        missing[name] = why or _why_not_there(packages[name], given.offline, say)
        if not missing[name]:
            fetched.append(packages[name])
    page = Page(model, given.clip, fetched, missing[HOLISTIC], missing[ONNXRUNTIME])
    say(f"webcam: {f'none, because {missing[HOLISTIC]}' if missing[HOLISTIC] else 'through MediaPipe, in the browser'}")
    say(
        f"network: {f'runs in Python, because {missing[ONNXRUNTIME]}' if missing[ONNXRUNTIME] else 'runs in the browser'}"
    )
    with PageServer(page, given.port) as server:
        # Compiles the program, and says what is wrong with the clip while somebody reads the terminal.
        page.begin(0, ask=True)
        say(f"demo: {server.url} shows {given.model}; nothing leaves this machine. Ctrl-C ends it")
        if given.open:
            webbrowser.open(server.url)
        try:
            server.serve_forever()
        except Interrupted:
            say("demo: stopped")


def _why_not_there(package: Package, offline: bool, say: Say) -> str:
    """Fetches a package; returns why that cannot be done, or nothing."""
    if offline and not package.is_there():
        return f"--offline was given, and {package.name} has not been fetched yet; {COMMAND} does that once"
    try:
        fetch(package, say)
    except InputError as error:
        return str(error)
    return ""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("signjax demo", description=__doc__, allow_abbrev=False)
    parser.add_argument(
        "model", nargs="?", help="a run folder, a folder that signjax export made, or hf://OWNER/NAME of the hub"
    )
    parser.add_argument(
        "--clip", type=Path, metavar="FILE", help="the file or folder of clips that the page begins with"
    )
    parser.add_argument("--port", type=int, default=8000, help="of this machine; 0 takes a free one (default: 8000)")
    parser.add_argument("--no-open", dest="open", action="store_false", help="do not open the browser")
    parser.add_argument("--offline", action="store_true", help="download nothing; without MediaPipe there is no webcam")
    parser.add_argument(
        "--fetch", action="store_true", help="download the npm packages of the page now; MODEL may be left out"
    )
    return parser

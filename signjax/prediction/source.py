"""Guesses which source reads new clips, from the names of the files and the source that the model was trained on."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from signjax.data.clip import Request
from signjax.data.layout import registry as layout_registry
from signjax.data.layout.parts import Layout
from signjax.data.sources import mediapipe
from signjax.data.sources import registry as source_registry
from signjax.data.sources.array_files import FRAME_KEYS
from signjax.data.sources.shared.leftovers import is_leftover
from signjax.data.sources.shared.npy import NUMPY_ERRORS, array_names, read_arrays
from signjax.data.sources.skeletons.collection import ContentError, read_collection
from signjax.data.synthetic import registry as synthetic_registry
from signjax.errors import InputError, first_few
from signjax.pickles.conversion import manifest

# The suffixes of the files that each source reads. Sources that are not named here are only taken if they are the model's own.
_SUFFIXES = {
    "pose": (".pose",),
    "signavatars": (".pkl", ".pickle", ".pt", ".pth"),
    "gislr": (".parquet",),
    "arrays": (".npz", ".npy"),
    "mediapipe": (".npy",),
}

_LOOKED_AT = 3  # pickles that are opened to tell what they hold


class Guess(NamedTuple):
    """A source, and the files by which it was chosen, such as `12 .npy files`."""

    source: str
    because: str


def reading_source(source: str) -> str:
    """The source itself; for a synthetic one, the source that reads what it writes."""
    return "signavatars" if source in synthetic_registry.SOURCES else source


def guess_source(path: Path, own: str = "") -> Guess:
    """The source of clips.

    Args:
      path: a file or folder.
      own: the source that the model was trained on, which is taken if it reads such files; empty if there is no model.

    Raises:
      InputError: there is nothing there that a source reads.
    """
    own = reading_source(own)
    if own and own not in _SUFFIXES:
        return Guess(own, "the source that the model was trained on")
    if path.is_dir() and manifest.read(path):
        return Guess("signavatars", f"the {manifest.NAME} of python -m signjax.pickles convert")
    files = list(_files(path))
    count = Counter(file.suffix.lower() for file in files)
    known = {source: sum(count[suffix] for suffix in suffixes) for source, suffixes in _SUFFIXES.items()}
    # Converted pickles are .npz files, and so are packed arrays; what is inside decides.
    if own == "signavatars" and not known[own] and count[".npz"] and _holds_converted(files):
        return Guess(own, f"{_counted(count, ('.npz',))} without an array {' or '.join(FRAME_KEYS)}")
    source = own if known.get(own) else max(known, key=lambda name: known[name])
    if not known[source]:
        raise InputError(
            f"{path}: there are no clips that can be read; found {first_few([file.name for file in files]) or 'no files'}. "
            f"{_reads(own)}docs/data.md lists what each source reads. Name the file or folder of the clips with --config.data.path"
        )
    if source == "arrays" and own == "mediapipe":
        raise InputError(
            f"{path}: {_counted(count, ('.npz',))}, but the model was trained on source mediapipe, which reads .npy files. Save "
            "each clip as a .npy file of shape (T, F); or, if the channels are in the order of the model's input_spec.json, add "
            "--config.data.source=arrays"
        )
    if source == "arrays" and own != "arrays" and not count[".npz"] and _of_landmarks(files):
        source = "mediapipe"
    if source == "signavatars" and not own and _of_skeletons(files):
        return Guess("skeletons", f"keypoints in {_counted(count, _SUFFIXES[source])}")
    others = [suffix for suffix in _all_suffixes() if count[suffix] and suffix not in _SUFFIXES[source]]
    more = (
        f"; {_counted(count, others)} {'is' if sum(count[s] for s in others) == 1 else 'are'} not read"
        if others
        else ""
    )
    return Guess(source, f"{_counted(count, _SUFFIXES[source])}{more}")


def _reads(own: str) -> str:
    return f"The model was trained on source {own}, which reads {', '.join(_SUFFIXES[own])}; " if own else ""


def guessed_line(guess: Guess) -> str:
    """What the user reads about a guess."""
    return f"source: {guess.source}, guessed from {guess.because}; --config.data.source=... names another"


def _all_suffixes() -> list[str]:
    return list(dict.fromkeys(suffix for suffixes in _SUFFIXES.values() for suffix in suffixes))


def _counted(count: Counter[str], suffixes: tuple[str, ...] | list[str]) -> str:
    """`1 .npz file`, `2 .npz and 3 .npy files`."""
    found = [(count[suffix], suffix) for suffix in suffixes if count[suffix]]
    plural = "" if sum(number for number, _ in found) == 1 else "s"
    return f"{' and '.join(f'{number:,} {suffix}' for number, suffix in found)} file{plural}"


def _files(path: Path) -> Iterator[Path]:
    """The files, sorted within each folder, without hidden ones and what systems and programs leave behind.

    Raises:
      InputError: the path does not exist.
    """
    if not path.exists():
        raise InputError(
            f"config.data.path: {path} does not exist; it must be the file or folder of the clips to predict"
        )
    if path.is_file():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not is_leftover(name))
        yield from (Path(folder, name) for name in sorted(names) if not is_leftover(name))


def _of_skeletons(files: list[Path]) -> bool:
    """Whether one of the first pickles holds keypoints, and not the parameters of a body."""
    for file in [file for file in files if file.suffix.lower() in _SUFFIXES["signavatars"]][:_LOOKED_AT]:
        try:
            return bool(read_collection(str(file), file.stat().st_mtime_ns).clips)
        except ContentError:
            continue
    return False


def _holds_converted(files: list[Path]) -> bool:
    """Whether the first readable .npz file has no array of frames, as a converted pickle."""
    for file in files:
        if file.suffix.lower() == ".npz":
            try:
                return not set(array_names(file)) & set(FRAME_KEYS)
            except NUMPY_ERRORS:
                continue  # reading the clip says why
    return False


def _of_landmarks(files: list[Path]) -> bool:
    """Whether the first readable .npy file holds one frame or sequence of a width that MediaPipe's landmarks have."""
    for file in files:
        if file.suffix.lower() == ".npy" and file.stem not in FRAME_KEYS:
            try:
                return read_arrays(file)[file.stem].shape[-1:] in {(width,) for width in mediapipe.LAYOUTS}
            except NUMPY_ERRORS:
                continue  # reading the clip says why
    return False


def requested_layout(source: str, own: str, configured: str, trained: Layout) -> str:
    """The layout to request of a source so that its clips have the layout that the model was trained on.

    Args:
      source: the source of the new clips.
      own: the source that the model was trained on.
      configured: `config.data.layout` of the model's run.
      trained: the layout of the source that it was trained on.
    """
    # Frames of landmarks may have more of them than the model needs; files of the other sources say by themselves what they hold.
    is_known = source == "arrays" or (source == reading_source(own) and source != "mediapipe")
    if configured != "auto" or is_known:
        return configured
    return trained.name if layout_registry.BUILT_IN.get(trained.name) == trained else "auto"


def check_alike(source: str, own: str, request: Request, trained: Layout) -> None:
    """Stops if another source than the model's own gives its clips in another layout, which the number of channels may not show.

    Raises:
      InputError: it does; the message names both layouts.
    """
    if source in (reading_source(own), "arrays") or request.layout != "auto":
        return
    given = source_registry.layout_of(source, request, trained.width).layout
    if given.parts != trained.parts:
        raise InputError(
            f"{request.path}: the model was trained on layout {trained.name} of source {reading_source(own)}, and source {source} "
            f"gives layout {given.name}, whose points or their order differ. Convert the clips to the form of the training data"
        )

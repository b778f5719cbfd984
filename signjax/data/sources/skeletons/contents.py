"""Finds the clips in a file or folder, whatever form they have."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from signjax.data.clip import SPLITS
from signjax.data.sources.shared.leftovers import contents_of, files_below
from signjax.data.sources.skeletons import graph_arrays, openpose, spoter
from signjax.data.sources.skeletons.collection import ContentError, read_collection
from signjax.data.sources.skeletons.forms import About, FormError, Frames, frames_of
from signjax.data.tables.label_table import split_name
from signjax.data.tables.matching import TABLE_NAMES
from signjax.errors import InputError

PICKLES = (".pkl", ".pickle", ".p", ".pt", ".pth", ".bin", ".joblib", ".gz", ".gzip", ".train", ".dev", ".test")
SUFFIXES = (*PICKLES, ".npy", ".npz", ".csv", ".json")
_PROBES = 16  # clips of OpenPose that are opened to see which points they have
_SOME_FILES = 3  # that are opened to see whether each holds one clip or many


class Stored(NamedTuple):
    """A clip, and where it is.

    Attributes:
      about: what its file says of it.
      file: the file, or the folder of frames.
      form: a key of `READERS`.
      key: what the reader must know to find it.
      folder: the name of the folder that it lies in, if its file holds no other clip; it may be that of its class.
      fault: why it cannot be read, if that is known already.
    """

    about: About
    file: Path
    form: str
    key: Any = None
    folder: str | None = None
    fault: str = ""


class Contents(NamedTuple):
    """The clips of a source, the files that they come from, and remarks on what was inferred."""

    clips: list[Stored]
    files: list[Path]
    remarks: list[str]


def _read_collected(file: str, key: int | None) -> Frames:
    """A clip of a file; `key` None stands for its only one."""
    found = read_collection(file, Path(file).stat().st_mtime_ns)
    if key is None and found.many:
        raise FormError(
            f"the file holds {len(found.clips)} clips, others hold one each; give it alone as config.data.path"
        )
    return frames_of(found.clips[key or 0].content)


def _read_recording(file: str, key: tuple[str, openpose.Lists]) -> Frames:
    return openpose.read(openpose.Recording(Path(file), key[0]), key[1])


READERS: dict[str, Callable[[str, Any], Frames]] = {
    "collected": _read_collected,
    "graph": graph_arrays.read,
    "spoter": spoter.read,
    "openpose": _read_recording,
}


def contents(path: Path) -> Contents:
    """The clips in a file or folder.

    Raises:
      InputError: there is no such file or folder, or no clip in it.
    """
    if path.is_file():
        found = _of_file(path, path.parent.glob("*"))
        if found.clips and found.clips[0].fault:
            raise InputError(f"{path}: {found.clips[0].fault}")
        return found
    if not path.is_dir():
        raise InputError(f"{path}: it does not exist; config.data.path must be a file or folder of skeletons")
    clips = openpose.recordings(path)
    if clips:
        return _recordings(path, clips)
    files = files_below(path, SUFFIXES)
    tables = [file for file in files if file.suffix.lower() == ".csv" and spoter.is_table(file)]
    arrays = [file for file in files if file.suffix.lower() == ".npy" and graph_arrays.is_graph_array(file)]
    others = [file for file in files if not graph_arrays.is_labels(file)]
    stored = next(
        (chosen for suffixes in (PICKLES, (".npy", ".npz"), (".json",)) if (chosen := _with(suffixes, others))), []
    )
    found = (
        _together([_of_file(file, files) for file in tables or _joints(arrays)])
        if tables or arrays
        else _pickles(path, stored)
    )
    if not found.clips:
        raise InputError(
            f"{path}: there are no skeletons; source skeletons reads pickles ({', '.join(PICKLES[:5])}, ...), arrays "
            f"(N, C, T, V, M), SPOTER's .csv and folders of OpenPose's .json{contents_of(path)}"
        )
    return found


def _with(suffixes: Sequence[str], files: Sequence[Path]) -> list[Path]:
    """The files with one of the suffixes, without label tables; JSON files only if one of the first holds a clip."""
    found = [file for file in files if file.suffix.lower() in suffixes and file.name.lower() not in TABLE_NAMES]
    if ".json" in suffixes and all(clip.fault for file in found[:_SOME_FILES] for clip in _of_file(file, ()).clips):
        return []
    return found


def _joints(arrays: Sequence[Path]) -> list[Path]:
    """The arrays without those that are computed from others."""
    return [file for file in arrays if not graph_arrays.is_derived(file)] or list(arrays)


def _together(found: Sequence[Contents]) -> Contents:
    """The contents of several files as one."""
    return Contents(
        [clip for one in found for clip in one.clips],
        list(dict.fromkeys(file for one in found for file in one.files)),
        list(dict.fromkeys(remark for one in found for remark in one.remarks)),
    )


def _of_file(path: Path, beside: Any) -> Contents:
    """The clips of a file; one with a fault if it cannot be read."""
    try:
        if path.suffix.lower() == ".csv":
            told = spoter.listed(path)
            return Contents(
                [Stored(_in_split(about, path), path, "spoter", row) for row, about in enumerate(told)], [path], []
            )
        if path.suffix.lower() == ".npy" and graph_arrays.is_graph_array(path):
            labels = [file for file in beside if file.parent == path.parent and graph_arrays.is_labels(file)]
            listed = graph_arrays.listed(path, labels)
            folder = path.parent.name if len(listed) == 1 else None
            clips = [Stored(about, path, "graph", row, folder) for row, about in enumerate(listed)]
            return Contents(clips, [path, *labels], [])
        return _collected(path)
    except ContentError as error:
        return Contents([Stored(About(path.stem), path, "collected", 0, fault=str(error))], [path], [])


def _collected(path: Path) -> Contents:
    return _listed(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _listed(path: Path, changed_ns: int) -> Contents:
    """The clips of a file without their numbers, cached until the file changes."""
    found = read_collection(str(path), changed_ns)
    folder = None if found.many else path.parent.name
    told = [_in_split(clip.about, path) if found.many else clip.about for clip in found.clips]
    clips = [
        Stored(about, path, "collected", number if found.many else None, folder) for number, about in enumerate(told)
    ]
    return Contents(clips, [path], list(found.remarks))


def _in_split(about: About, path: Path) -> About:
    """What is known of a clip; its split is that of its file's name if the file does not say."""
    return about if about.split in SPLITS else about._replace(split=graph_arrays.split_of(path))


def _pickles(root: Path, files: Sequence[Path]) -> Contents:
    """The clips of pickles, which are opened only if some of them hold many clips or say what they hold."""
    opened = [_of_file(file, ()) for file in files[:_SOME_FILES]]
    told = [clip for found in opened for clip in found.clips if not clip.fault]
    if not told or any(clip.folder is None or clip.about.label is not None for clip in told):
        return _together([*opened, *(_of_file(file, ()) for file in files[_SOME_FILES:])])
    return Contents(
        [
            Stored(About(file.stem, split=_folder_split(root, file)), file, "collected", None, file.parent.name)
            for file in files
        ],
        list(files),
        [],
    )


def _folder_split(root: Path, file: Path) -> str | None:
    """The split that a folder above a file is named after."""
    names = (split_name(name) for name in file.relative_to(root).parts[:-1])
    return next((name for name in names if name in SPLITS), None)


def _recordings(root: Path, clips: Sequence[openpose.Recording]) -> Contents:
    """The clips of OpenPose; which points they have is that of most."""
    lists = [told for clip in clips[:: -(-len(clips) // _PROBES)] if (told := openpose.lists_of(clip)) is not None]
    if not lists:
        raise InputError(f"{root}: nobody is in the first frames of {len(clips)} clips; 'people' is empty in each")
    chosen = max(lists, key=lists.count)
    found = [
        Stored(
            About(clip.name, split=_folder_split(root, clip.folder)),
            clip.folder,
            "openpose",
            (clip.start, chosen),
            clip.folder.name if clip.start else clip.folder.parent.name,
        )
        for clip in clips
    ]
    return Contents(found, [file for clip in clips for file in openpose.frame_files(clip)], [])

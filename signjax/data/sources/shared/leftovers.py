"""Files that lie around in folders of clips: passed over if systems and programs left them there, else named for what they are."""

import os
from collections import Counter
from collections.abc import Collection
from pathlib import Path

# What macOS, Windows, network drives, Jupyter, Python and browsers leave behind. Hidden names are passed over, too: among them are
# `._clip.npy`, `.DS_Store` and `.ipynb_checkpoints`.
_NAMES = {
    "__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__pycache__", "$recycle.bin", "system volume information",
    "lost+found", "@eadir", "#recycle",
}  # fmt: skip
_ENDINGS = ("~", ".tmp", ".part", ".partial", ".crdownload", ".swp")
_PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif", ".mp4", ".avi", ".mov", ".mkv", ".webm", ".mpg", ".wmv")
# Suffixes, and what to do with files that have them.
_ADVICE = (
    ((".pose",), "source pose reads .pose files"),
    ((".parquet",), "source gislr reads the .parquet files of asl-signs"),
    ((".pkl", ".pickle", ".pt", ".pth", ".joblib"), "sources skeletons and signavatars read pickles"),
    ((".npy", ".npz"), "sources arrays and mediapipe read NumPy's files"),
    (_PICTURES, "signjax reads landmarks, not pictures or videos; find them first, for example with MediaPipe"),
    ((".zip", ".tar", ".tgz", ".7z", ".rar"), "unpack the archives first"),
    ((".json",), "source skeletons reads OpenPose's folders of .json files"),
)
_START = 4096  # bytes that are read to recognise a file
_AGAIN = "copy or download it again"
_UNPACK = "unpack it first"
# The first bytes of formats, and what to do about a file that has them.
_MAGIC = (
    (b"version https://git-lfs", "a Git LFS pointer instead of the file; fetch the file with `git lfs pull`"),
    (b"/annex/objects/", "a git-annex pointer instead of the file; fetch the file with `git annex get`"),
    (b"\x00\x05\x16\x07", "a file in which macOS keeps attributes of another file; it can be deleted"),
    (b"\x00\x05\x16\x00", "a file in which macOS keeps attributes of another file; it can be deleted"),
    (b"Mac OS X        ", "a file in which macOS keeps attributes of another file; it can be deleted"),
    (b"\x93NUMPY", "a NumPy array; its suffix should be .npy"),
    (b"PK\x03\x04", "a zip archive (.zip, .npz, or written by `torch.save`)"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\x1f\x8b", f"a gzip file; {_UNPACK}"),
    (b"BZh", f"a bzip2 file; {_UNPACK}"),
    (b"\xfd7zXZ\x00", f"an xz file; {_UNPACK}"),
    (b"\x28\xb5\x2f\xfd", f"a zstd file; {_UNPACK}"),
    (b"Rar!\x1a\x07", f"a RAR archive; {_UNPACK}"),
    (b"7z\xbc\xaf\x27\x1c", f"a 7z archive; {_UNPACK}"),
    (b"\x89HDF\r\n", "an HDF5 file (.h5, .mat); save its arrays as .npz"),
    (b"MATLAB 5.0", "a MATLAB file; save its arrays as .npz"),
    (b"PAR1", "a Parquet file; source gislr reads those of asl-signs"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"%PDF", "a PDF file"),
    (b"\xff\xd8\xff", "a JPEG picture; signjax reads landmarks, not pictures"),
    (b"\x89PNG\r\n", "a PNG picture; signjax reads landmarks, not pictures"),
    (b"GIF8", "a GIF picture; signjax reads landmarks, not pictures"),
    (b"\x1aE\xdf\xa3", "a video; signjax reads landmarks, not videos"),
    (b"\x80\x02", "a pickle; give it the suffix .pkl"),
    (b"\x80\x03", "a pickle; give it the suffix .pkl"),
    (b"\x80\x04", "a pickle; give it the suffix .pkl"),
    (b"\x80\x05", "a pickle; give it the suffix .pkl"),
)
# What a file that cannot be read may be and yet be a pickle.
_PACKED = ("a pickle", "a zip", "a gzip", "a bzip2", "a NumPy")
_PAGES = (b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<!--")
_ERRORS = (b"<error", b'{"error', b'{"message', b'{"detail', b"entry not found", b"access denied", b"not found", b"404")
_MARK = b"\xef\xbb\xbf"  # of UTF-8


def is_leftover(name: str) -> bool:
    """Whether a file or folder of that name was left by a system or a program, or is hidden.

    >>> is_leftover("._hello.npy"), is_leftover("__MACOSX"), is_leftover("hello.npy")
    (True, True, False)
    """
    lower = name.lower()
    return lower.startswith((".", "~$")) or lower in _NAMES or lower.endswith(_ENDINGS)


def files_below(folder: Path, suffixes: Collection[str]) -> list[Path]:
    """The files below a folder with one of the suffixes, in a fixed order and without leftovers.

    Args:
      folder: searched recursively; links to folders are not followed.
      suffixes: in lower case, with their dots; those of the files may be in upper case.
    """
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not is_leftover(name)]
        found += [
            Path(place, name) for name in names if not is_leftover(name) and name.lower().endswith(tuple(suffixes))
        ]
    return sorted(found)


def what_it_is(path: Path) -> str | None:
    """What a file is if it is not what its suffix says, and what to do; None if that cannot be told from its first bytes.

    For a file that could not be read: a good file is also described (a NumPy array is one).
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(_START)
    except OSError:
        return None
    if not start:
        return f"an empty file (0 bytes); {_AGAIN}"
    if not start.strip(b"\0"):
        return f"a file of {size:,} bytes that begins with zeros only, as a failed copy leaves it; {_AGAIN}"
    return _binary(start) or _text(start.removeprefix(_MARK).lstrip().lower())


def fault_of_pickle(path: Path, said: str) -> str:
    """What a file is that should be a pickle; `said`, the error of its reader, if it may be a pickle."""
    what = what_it_is(path)
    return said if what is None or what.startswith(_PACKED) else f"it is {what}"


def _binary(start: bytes) -> str | None:
    """The format that begins with these bytes."""
    if start[4:8] == b"ftyp" or (start[:4] == b"RIFF" and start[8:12] == b"AVI "):
        return "a video; signjax reads landmarks, not videos"
    return next((meaning for magic, meaning in _MAGIC if start.startswith(magic)), None)


def _text(start: bytes) -> str | None:
    """What begins with this text in lower case: a web page, or the answer of a server."""
    if start.startswith(b"<?xml"):
        start = start.partition(b"?>")[2].lstrip()
    if start.startswith(_PAGES):
        return "a web page, perhaps from a failed download; download the file again"
    if start.startswith(_ERRORS):
        said = start[:60].decode("ascii", "replace")
        return f"the answer of a server, perhaps to a failed download ({said}); download the file again"
    return None


def contents_of(folder: Path) -> str:
    """What a folder holds instead of what was looked for, as the end of a sentence; empty if it holds nothing."""
    count = Counter(
        Path(name).suffix.lower() or "without a suffix"
        for _, _, names in os.walk(folder)
        for name in names
        if not is_leftover(name)
    )
    if not count:
        return ""
    found = ", ".join(f"{number:,} {suffix}" for suffix, number in count.most_common(4))
    advice = next((said for suffixes, said in _ADVICE for suffix, _ in count.most_common(4) if suffix in suffixes), "")
    return f". The folder holds files {found}" + (f": {advice}" if advice else "")

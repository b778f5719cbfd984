"""Which file a name in a table means that is not exactly the name of any, as long as there is no doubt.

What other programs and machines change in a name is ignored: the suffix of a video, the folders above a file, zeros that a
spreadsheet removed from a number, the compatibility form of Unicode. A wrong match would give a clip the label of another one. So
a name is matched only if no other name in the table and no other file fits, and if the folders do not contradict it.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from signjax.data.clip import SPLITS
from signjax.data.tables.columns import split_name
from signjax.data.tables.pairing.file_names import own_name, slashed
from signjax.errors import first_few

_SUFFIXES = frozenset((
    "mp4", "m4v", "mov", "avi", "mkv", "webm", "mpg", "mpeg", "wmv", "flv", "3gp", "mts", "m2ts", "gif", "png", "jpg", "jpeg",
    "npy", "npz", "pkl", "pickle", "pt", "pth", "pose", "json", "parquet", "h5", "hdf5", "mat", "csv", "txt", "bvh", "zip",
))  # fmt: skip
_DRIVE = re.compile(r"^[a-z]:", re.IGNORECASE)
_NUMBER = re.compile(r"(\d+)(?:\.0)?")
# AUTSL's tables name a sample; the files add which camera recorded it.
_CAMERA = re.compile(r"(signer\d+_sample\d+)_(?:color|depth)", re.IGNORECASE)
_SHOWN = 6  # names that a message can show
_SHORT = 4  # digits below which a number may count the takes in a folder, instead of naming a clip

# Folders that say what is in them, and not which clip it is.
_CONTAINERS = frozenset((
    "clips", "data", "dataset", "features", "files", "frames", "keypoints", "landmarks", "mediapipe", "npy", "npz", "numpy",
    "openpose", "pkl", "pose", "poses", "processed", "raw", "skeletons", "smplx", "videos",
))  # fmt: skip

Parts = tuple[str, ...]


@dataclass
class Pairing:
    """Names that were matched to files although they are not equal.

    Attributes:
      files: name -> index of its file.
      ignored: what was ignored in at least one of these names.
      doubtful: name -> why it was matched to no file although one fits.
    """

    files: dict[str, int] = field(default_factory=dict)
    ignored: dict[str, None] = field(default_factory=dict)
    doubtful: dict[str, str] = field(default_factory=dict)


def pair(
    texts: Iterable[str], files: Sequence[str], exact: Mapping[str, int], classes: Collection[str] = ()
) -> Pairing:
    """Matches names without an exact match to files.

    Args:
      texts: all names in the table.
      files: all files, by their paths relative to the source's folder.
      exact: the names with an exact match, and the indices of their files.
      classes: the names of classes, in small letters: a folder with such a name tells clips apart.
    """
    pairing = Pairing()
    names = list(dict.fromkeys(texts))
    if all(name in exact for name in names):
        return pairing
    table, folder = _comparable(names, files)
    taken = set(exact.values())
    for number, name in enumerate(names):
        if name in exact:
            continue
        parts = table.parts[number]
        shared = next((length for length in range(len(parts), 0, -1) if parts[-length:] in folder.tails), 0)
        if not shared:
            continue
        fitting = folder.tails[parts[-shared:]][:_SHOWN]
        rivals = [names[other] for other in table.tails[parts[-shared:]][:_SHOWN] if other != number]
        file = fitting[0]
        if len(fitting) > 1:
            doubt: str | None = f"several files fit: {first_few([files[index] for index in fitting])}"
        elif rivals:
            doubt = f"{files[file]} fits, but also {first_few(rivals)} of the table"
        elif file in taken:
            doubt = f"{files[file]} fits, but another row names it exactly"
        else:
            against = _contradiction(table, number, folder, file, shared, classes)
            doubt = against and f"{files[file]} fits, but {against}"
        if doubt:
            pairing.doubtful[name] = doubt
        else:
            pairing.files[name] = file
            pairing.ignored.update(dict.fromkeys(_ignored(name, files[file], parts, shared)))
    return pairing


def parts_of(name: str) -> Parts:
    r"""The folders of a name and its own name, without what other machines and programs change.

    >>> parts_of(r"C:\data\hello\1.MP4"), parts_of("take_1/1/*.png"), parts_of("hello_1.mp4.npy")
    (('data', 'hello', '1'), ('take_1',), ('hello_1',))
    """
    parts = [part.strip() for part in unicodedata.normalize("NFKC", slashed(name)).split("/")]
    if len(parts) > 1 and "*" in parts[-1]:  # PHOENIX names all pictures of a clip, in the folder of the only camera
        parts.pop()
        if len(parts) > 1 and parts[-1] == "1":
            parts.pop()
    if len(parts) > 1:
        parts[0] = _DRIVE.sub("", parts[0])
    parts = [part for part in parts if part not in ("", ".", "..")] or [""]
    parts[-1] = _stem(parts[-1])
    return tuple(parts)


def _stem(name: str) -> str:
    """A name without the suffixes of files: of `hello.mp4.npy`, `hello`."""
    stem, _, suffix = name.rpartition(".")
    return _stem(stem) if stem and suffix.lower() in _SUFFIXES else name


class _Side:
    """The names of one side: those in the table, or those of the files.

    Attributes:
      parts: of each name.
      tails: the last parts of a name -> the indices of the names that end so.
      folders: every name of a folder.
      common: the folders that all names begin with.
      distinct: whether no two have the same own name.
    """

    def __init__(self, parts: list[Parts]):
        self.parts = parts
        self.tails: dict[Parts, list[int]] = defaultdict(list)
        for index, one in enumerate(parts):
            for start in range(len(one)):
                self.tails[one[start:]].append(index)
        self.folders = {folder for one in parts for folder in one[:-1]}
        first = min(parts, default=())[:-1]
        last = max(parts, default=())[:-1]
        self.common = first[: next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), None)]
        self.common = self.common[: len(last)]
        self.distinct = len({one[-1] for one in parts}) == len(parts)


def _comparable(names: Sequence[str], files: Sequence[str]) -> tuple[_Side, _Side]:
    """Both sides, with the zeros that one of them lost."""
    table, folder = [list(parts_of(name)) for name in names], [list(parts_of(file)) for file in files]
    if not any(_CAMERA.fullmatch(parts[-1]) for parts in table):
        for parts in folder:
            camera = _CAMERA.fullmatch(parts[-1])
            parts[-1] = camera.group(1) if camera else parts[-1]
    for lacking, having in ((table, folder), (folder, table)):
        digits = _digits({parts[-1] for parts in lacking}, {parts[-1] for parts in having})
        for parts in lacking if digits else ():
            number = _NUMBER.fullmatch(parts[-1])
            parts[-1] = number.group(1).zfill(digits) if number else parts[-1]
    return _Side([tuple(parts) for parts in table]), _Side([tuple(parts) for parts in folder])


def _digits(lacking: set[str], having: set[str]) -> int:
    """How many digits the numbers of one side have that lost their leading zeros on the other; 0 if none were lost.

    They were lost if no number on the one side begins with a zero, and if on the other side those that do all have the same number
    of digits, and no number has fewer. No two different numbers can then become equal.
    """
    lost = [number.group(1) for number in map(_NUMBER.fullmatch, lacking) if number]
    kept = [text for text in having if text.isdecimal()]
    lengths = {len(text) for text in kept if text.startswith("0") and len(text) > 1}
    if not lost or len(lengths) != 1 or any(text.startswith("0") and len(text) > 1 for text in lost):
        return 0
    (digits,) = lengths
    return digits if all(len(text) >= digits for text in kept) else 0


def _contradiction(
    table: _Side, number: int, folder: _Side, file: int, shared: int, classes: Collection[str]
) -> str | None:
    """Why the only file that fits a name may be another one: the parts that they do not share tell clips apart."""
    of_name, of_file = table.parts[number][:-shared], folder.parts[file][:-shared]
    if not of_name:
        return None
    own = table.parts[number][-1]
    counts_takes = own.isdecimal() and len(own) < _SHORT
    if of_file:
        here, there = of_name[-1], of_file[-1]
        splits = {split_name(here), split_name(there)} & set(SPLITS)
        says_nothing = all(part.casefold() in _CONTAINERS or split_name(part) in SPLITS for part in of_file)
        known = here.casefold() in classes or here in folder.folders or there in table.folders
        # A table whose names are all in one folder tells them apart without it.
        if not says_nothing or of_name != table.common or len(splits) == 2 or known:
            return f"it is in folder {there!r} instead of {here!r}"
    if shared > 1:
        return None
    if not (table.distinct and folder.distinct):
        return "other names are equal apart from their folders"
    if counts_takes and (of_file or of_name != table.common or of_name[-1].casefold() in classes):
        return "a short number without its folder may be another clip"
    return None


def _ignored(name: str, file: str, parts: Parts, shared: int) -> list[str]:
    """What differs between a name and its file, in words."""
    own = own_name(slashed(name))
    found = []
    if len(parts) > shared or "*" in own:
        found.append("folders")
    stem, of_file = _stem(own), own_name(slashed(file))
    if stem != own or _stem(of_file).count(".") < of_file.count(".") - 1:
        found.append("the suffix")
    if any(unicodedata.normalize("NFKC", text) != text for text in (own, of_file)):
        found.append("the form of Unicode characters")
    if _CAMERA.search(file) and not _CAMERA.search(name):
        found.append("the camera ('_color')")
    number = _NUMBER.fullmatch(stem)
    if number and number.group(1) != _stem(of_file):
        found.append("leading zeros")
    return found

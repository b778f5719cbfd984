"""Clips that are arrays already: an `.npz` file, or a folder with one `.npy` a key.

| key | dtype, shape | meaning |
|---|---|---|
| `frames` (or `features`) | numbers (sum of T, F), or dense (N, T, F) | all clips, one after another |
| `offsets` | integers (N + 1) | clip i is `frames[offsets[i]:offsets[i + 1]]`; absent where frames are dense |
| `lengths` | integers (N,), optional | frames of each clip that are real, where frames are dense |
| `labels` | integers (N,), one-hot (N, C), or text (N,) | the class of each clip |
| `classes` | text (C,), optional | class names |
| `clips`, `signers`, `split`, `groups` | text (N,), optional | name, signer, split, group of each clip |

Where names repeat but not within a split, as in archives that number the clips of each split anew, a clip is called `split/name`.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np

from signjax.data import layouts
from signjax.data.clip import Clip, Rejected
from signjax.data.sources.item import Item, Request
from signjax.errors import InputError

HEAD = "gloss"
_FRAME_KEYS = ("frames", "features")
_KEYS = (*_FRAME_KEYS, "offsets", "lengths", "labels", "classes", "clips", "signers", "split", "groups")


def source_files(request: Request) -> list[Path]:
    """The files that the clips come from.

    Raises:
      InputError: neither an .npz file nor a folder with `features.npy` or `frames.npy`.
    """
    return _array_files(request.path)


def _array_files(path: Path) -> list[Path]:
    if path.is_dir():
        files = [file for key in _KEYS if (file := path / f"{key}.npy").is_file()]
        if any(file.stem in ("features", "frames") for file in files):
            return files
        raise InputError(f"{path}: the folder has no features.npy (or frames.npy); source arrays needs one")
    if not path.is_file():
        raise InputError(f"{path}: no such file; source arrays needs an .npz file or a folder with features.npy")
    return [path]


def _read_arrays(path: Path, keys: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The arrays of those names that the source has, those of a folder through a memory map."""
    try:
        if path.is_dir():
            files = [file for file in _array_files(path) if file.stem in keys]
            return {file.stem: np.load(file, mmap_mode="r", allow_pickle=False) for file in files}
        with np.load(path, allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files if key in keys}
    except (ValueError, OSError, EOFError, AttributeError) as error:
        # np.load raises AttributeError (no `files`) for a lone .npy, ValueError for pickles, OSError for bad archives.
        raise InputError(f"{path}: expected NumPy arrays without pickled objects (.npz or .npy): {error}") from error


def _labels(path: Path, labels: np.ndarray, classes: np.ndarray | None) -> list[str | None]:
    """A class name for each clip; None where the label is negative."""
    if labels.ndim == 2:
        one_hot = labels.astype(bool)
        wrong = int((one_hot.sum(1) > 1).sum())
        if wrong:
            raise InputError(
                f"{path}: labels of shape {labels.shape} must be one-hot; {wrong} rows have several classes"
            )
        labels = np.where(one_hot.any(1), one_hot.argmax(1), -1)
    if labels.ndim != 1:
        raise InputError(f"{path}: labels must have shape (N,) or (N, C), they have {labels.shape}")
    if labels.dtype.kind in "US":
        return [str(label) or None for label in labels]
    if labels.dtype.kind not in "iu":
        raise InputError(f"{path}: labels must be integers or text, they are {labels.dtype}")
    if classes is None:
        digits = len(str(int(labels.max(initial=0))))
        return [f"class {label:0{digits}d}" if label >= 0 else None for label in labels.tolist()]
    if labels.max(initial=-1) >= len(classes):
        raise InputError(f"{path}: label {labels.max()} has no name, there are {len(classes)} classes")
    return [str(classes[label]) if label >= 0 else None for label in labels]


def _bounds(path: Path, arrays: dict[str, np.ndarray], frames: np.ndarray) -> np.ndarray:
    """int64 (N, 2): first and last-plus-one row of each clip in the flattened frames."""
    if frames.ndim == 3:
        count, length = frames.shape[:2]
        lengths = np.asarray(arrays.get("lengths", np.full(count, length)), np.int64)
        if lengths.shape != (count,) or lengths.min(initial=0) < 0 or lengths.max(initial=0) > length:
            raise InputError(f"{path}: lengths must be {count} numbers from 0 to {length}")
        starts = np.arange(count, dtype=np.int64) * length
        return np.stack([starts, starts + lengths], 1)
    offsets = np.asarray(arrays["offsets"], np.int64)
    if (
        offsets.ndim != 1
        or len(offsets) < 2
        or offsets[0] != 0
        or (np.diff(offsets) < 0).any()
        or offsets[-1] != len(frames)
    ):
        raise InputError(f"{path}: offsets must rise from 0 to the number of frames, {len(frames)}")
    return np.stack([offsets[:-1], offsets[1:]], 1)


def _names(arrays: dict[str, np.ndarray], count: int) -> list[str]:
    """A name for each clip; whether they are unique is for others to check."""
    digits = len(str(count))
    numbered = [f"clip_{index:0{digits}d}" for index in range(count)]
    if "clips" not in arrays:
        return numbered
    names = [str(name) or number for name, number in zip(arrays["clips"], numbered, strict=True)]
    if len(set(names)) < count and "split" in arrays:
        return [f"{split}/{name}" for split, name in zip(arrays["split"], names, strict=True)]
    return names


@lru_cache(maxsize=1)
def _flat_frames(path: str, changed_ns: int) -> np.ndarray:
    """All frames (sum of T, F), kept for the next clip of the same file as long as that does not change."""
    frames = _frames(Path(path), _read_arrays(Path(path), _FRAME_KEYS))
    return frames.reshape(-1, frames.shape[-1])


def _frames(path: Path, arrays: dict[str, np.ndarray]) -> np.ndarray:
    frames = arrays.get("frames", arrays.get("features"))
    if frames is None:
        raise InputError(f"{path}: no key 'frames' or 'features'; it has {', '.join(arrays) or 'none that is known'}")
    if frames.ndim not in (2, 3) or frames.dtype.kind not in "fiu":
        raise InputError(
            f"{path}: frames must be numbers of shape (sum of T, F) or (N, T, F); {frames.dtype} {frames.shape}"
        )
    return frames


def default_layout(request: Request, width: int) -> layouts.Layout:
    """Nothing is known of the channels."""
    return layouts.generic(width)


def list_items(request: Request) -> list[Item | Rejected]:
    """An item for each clip of the arrays; an unlabelled one has no label.

    Raises:
      InputError: a key is missing, or shapes and values do not agree.
    """
    path = request.path
    arrays = _read_arrays(path, _KEYS)
    frames = _frames(path, arrays)
    if frames.ndim == 2 and "offsets" not in arrays:
        raise InputError(f"{path}: frames of shape {frames.shape} need 'offsets', which say where each clip begins")
    bounds = _bounds(path, arrays, frames)
    if request.labelled and "labels" not in arrays:
        raise InputError(f"{path}: no labels; add an array 'labels' with one entry a clip")
    for key in ("labels", "clips", "signers", "split", "groups"):
        if key in arrays and len(arrays[key]) != len(bounds):
            raise InputError(f"{path}: '{key}' has {len(arrays[key])} entries for {len(bounds)} clips")
    unlabelled: list[str | None] = [None] * len(bounds)
    classes = _labels(path, arrays["labels"], arrays.get("classes")) if request.labelled else unlabelled
    names = _names(arrays, len(bounds))

    def text(key: str, index: int) -> str | None:
        return (str(arrays[key][index]) or None) if key in arrays else None

    return [
        Item(
            name=names[index],
            file=str(path),
            labels={} if (label := classes[index]) is None else {HEAD: label},
            signer=text("signers", index),
            group=text("groups", index),
            split=text("split", index),
            start=start,
            stop=stop,
        )
        for index, (start, stop) in enumerate(bounds.tolist())
    ]


def read_item(item: Item) -> Clip:
    """One clip's frames out of the arrays."""
    return item.clip(_flat_frames(item.file, Path(item.file).stat().st_mtime_ns)[item.start : item.stop])

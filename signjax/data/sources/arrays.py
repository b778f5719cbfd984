"""Clips that are already arrays: an `.npz` file, a folder with one `.npy` file per key, or a folder with one file per clip.

| key | dtype, shape | meaning |
|---|---|---|
| `frames` (or `features`) | numbers (sum of T, F), or dense (N, T, F) | all clips, one after another |
| `offsets` | integers (N + 1) | clip i is `frames[offsets[i]:offsets[i + 1]]`; absent if frames are dense |
| `lengths` | integers (N,), optional | number of real frames in each clip, if frames are dense |
| `labels` | integers (N,), one-hot (N, C), or text (N,) | the class of each clip |
| `classes` | text (C,), optional | class names |
| `clips`, `signers`, `split`, `groups` | text (N,), optional | name, signer, split, group of each clip |
| `channels` | text (F,), optional | name of each channel, such as `pose11.x`; layout `auto` is derived from them |

If names repeat but not within a split, as in archives that number the clips of each split from 0, a clip is named `split/name`.
If a label table is given, it adds to what the arrays say about the clips, or replaces it.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np

from signjax.data.clip import Clip, ClipInfo, Item, Rejected, Request, Say
from signjax.data.layout.by_width import layout_by_width
from signjax.data.layout.parts import ChosenLayout, Layout
from signjax.data.layout.recognition import recognize, unknown
from signjax.data.sources import array_files
from signjax.data.sources.array_fields import CHANNELS, channel_names, class_names, texts_of, whole_numbers
from signjax.data.sources.shared import npy
from signjax.data.sources.shared.npy import NUMPY_ERRORS, read_arrays
from signjax.data.sources.shared.npy_faults import fault
from signjax.data.tables.label_table import split_name
from signjax.data.tables.matching import find_label_tables, given_label_tables, with_table
from signjax.errors import InputError, first_few

HEAD = "gloss"
_SOME_FRAMES = 4000
_PACKED = "packed"  # marks an item whose clip is one of many in an array
_TEXTS = ("clips", "signers", "split", "groups")
_NO_OBJECTS = (
    "Store clips of different lengths one after another: frames=np.concatenate(clips), offsets=np.cumsum([0, *map(len, clips)]); "
    "and names as text: np.array(names, str)"
)
_KEYS = (*array_files.FRAME_KEYS, "offsets", "lengths", "labels", "classes", CHANNELS, *_TEXTS)


def source_files(request: Request) -> list[Path]:
    """The files that contain the clips.

    Raises:
      InputError: there is no such file or folder.
    """
    path = request.path
    if not path.exists():
        raise InputError(f"{path}: no such file; source arrays needs an .npz file or a folder with .npy files")
    if not _one_file_a_clip(path):
        return [*_packed_files(path), *given_label_tables(request.labels)]
    files = array_files.clip_files(path)
    return [*files, *find_label_tables(request)] if request.labelled and files else files


def default_layout(request: Request, width: int) -> ChosenLayout:
    """The layout described by the names of the channels (of the first file, if each clip has a file); without names, a layout of
    MediaPipe landmarks if the positions match.
    """
    names = _channel_names(request.path)
    if names is None:
        found = layout_by_width(_some_frames(request.path, width))
        return unknown(width, "the source does not name its channels") if found is None else found
    if len(names) != width:
        return unknown(width, f"the array 'channels' has {len(names)} names for {width} channels")
    return recognize(names)


def layout_like(request: Request, trained: Layout) -> Layout:
    """The layout `trained`, adapted to the order of the channels in this source.

    Raises:
      InputError: the source has other channels.
    """
    names = _channel_names(request.path)
    if names is None or trained.names is None:
        return trained
    if sorted(names) != sorted(trained.names):
        others = [*(name for name in trained.names if name not in names), *(n for n in names if n not in trained.names)]
        raise InputError(
            f"{request.path}: its {len(names)} channels are not the {trained.width} that the model was trained on; only "
            f"one of the two has {first_few(others)}"
        )
    return trained.in_columns(names)


def list_items(request: Request, say: Say) -> list[Item | Rejected]:
    """An item for each clip of the arrays.

    Raises:
      InputError: a key is missing, or shapes and values are inconsistent.
    """
    source_files(request)
    if _one_file_a_clip(request.path):
        return array_files.list_items(request, say)
    return with_table(request, _packed_items(request), say)


def _channel_names(path: Path) -> list[str] | None:
    """The names of the channels; None if there are none, or they are not text."""
    source_files(Request(path, labelled=False))
    if _one_file_a_clip(path):
        return array_files.first_channel_names(path)
    return channel_names(path, _read_packed(path, (CHANNELS,)))


def _some_frames(path: Path, width: int) -> np.ndarray:
    """Frames (T, F) spread over the whole source."""
    if _one_file_a_clip(path):
        return array_files.some_frames(path, width)
    frames = _flat_frames(str(path), _packed_files(path)[0].stat().st_mtime_ns)
    return np.asarray(frames[:: max(1, len(frames) // _SOME_FRAMES)])


def verify(request: Request) -> None:
    """Verifies an archive of clips by reading it once from end to end; files with one clip are verified when they are read.

    Raises:
      InputError: the archive is damaged.
    """
    if request.path.is_file():
        try:
            npy.verify(request.path)
        except NUMPY_ERRORS as error:
            raise InputError(f"{request.path}: the file is damaged: {fault(request.path, error)}") from error


def read_item(item: Item) -> Clip | Rejected:
    """Reads one clip's frames from the arrays."""
    file = Path(item.file)
    if item.how != _PACKED:
        return array_files.read_item(item)
    frames = _flat_frames(item.file, _packed_files(file)[0].stat().st_mtime_ns)
    return item.clip(frames[item.start : item.stop])


def _one_file_a_clip(path: Path) -> bool:
    return path.is_dir() and not any(file.stem in array_files.FRAME_KEYS for file in _packed_files(path))


def _packed_files(path: Path) -> list[Path]:
    """The file, or the files of the folder, frames first."""
    if not path.is_dir():
        return [path]
    found = ((path / f"{key}.npy", path / f"{key}.NPY") for key in _KEYS)
    return [lower if lower.is_file() else upper for lower, upper in found if lower.is_file() or upper.is_file()]


def _read_packed(path: Path, keys: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The arrays with those names that the source has."""
    arrays: dict[str, np.ndarray] = {}
    for file in _packed_files(path):
        if file.suffix.lower() == ".npy" and file.stem not in keys and path.is_dir():
            continue
        try:
            arrays |= read_arrays(file, keys)
        except npy.ObjectArrayError as error:
            raise InputError(f"{path}: {error}. {_NO_OBJECTS}") from error
        except NUMPY_ERRORS as error:
            raise InputError(f"{file}: expected NumPy arrays (.npz or .npy): {fault(file, error)}") from error
    for key in array_files.FRAME_KEYS:
        if key in arrays and arrays[key].dtype == object:  # an array of clips of different lengths
            arrays.setdefault("offsets", np.cumsum([0, *map(len, arrays[key])]))
            arrays[key] = np.concatenate(list(arrays[key]))
    return arrays


@lru_cache(maxsize=1)
def _flat_frames(path: str, changed_ns: int) -> np.ndarray:
    """All frames (sum of T, F), cached for the next clip of the same file until the file changes."""
    frames = _frames(Path(path), _read_packed(Path(path), array_files.FRAME_KEYS))
    return frames.reshape(-1, frames.shape[-1])


def _frames(path: Path, arrays: dict[str, np.ndarray]) -> np.ndarray:
    frames = arrays.get("frames", arrays.get("features"))
    if frames is None:
        raise InputError(f"{path}: {_no_frames(path)}")
    if frames.ndim not in (2, 3) or frames.dtype.kind not in "fiu":
        advice = "; flatten the points: frames.reshape(N, T, -1)" if frames.ndim == 4 else ""
        advice = "; source skeletons reads arrays (N, C, T, V, M) that are .npy files" if frames.ndim == 5 else advice
        raise InputError(
            f"{path}: frames must be numbers of shape (sum of T, F) or (N, T, F); they are {frames.dtype} {frames.shape}{advice}"
        )
    if frames.shape[-1] == 0:
        raise InputError(f"{path}: a frame must have at least one value; the frames have shape {frames.shape}")
    return frames


def _no_frames(path: Path) -> str:
    """Why a source has no array of frames, and what to do."""
    if path.suffix.lower() == ".npy":
        return (
            "a single .npy file holds no labels. Save it as features.npy in a folder with labels.npy, or write an .npz file with "
            "the arrays 'frames' and 'labels'. Source skeletons reads arrays (N, C, T, V, M) with the pickle of their labels"
        )
    return (
        f"there is no array 'frames' (or 'features'); the file has {', '.join(npy.array_names(path)) or 'no arrays'}. Call the "
        "clips 'frames' and their classes 'labels': np.savez(path, frames=..., labels=...)"
    )


def _bounds(path: Path, arrays: dict[str, np.ndarray], frames: np.ndarray) -> np.ndarray:
    """int64 (N, 2): the first row of each clip in the flattened frames, and the one after its last."""
    if frames.ndim == 3 and "offsets" not in arrays:
        count, length = frames.shape[:2]
        lengths = whole_numbers(path, "lengths", arrays["lengths"]) if "lengths" in arrays else np.full(count, length)
        if lengths.shape != (count,) or lengths.min(initial=0) < 0 or lengths.max(initial=0) > length:
            raise InputError(f"{path}: lengths must be {count} numbers from 0 to {length}")
        starts = np.arange(count, dtype=np.int64) * length
        return np.stack([starts, starts + lengths], 1)
    if frames.ndim == 3:
        raise InputError(f"{path}: 'offsets' requires frames of shape (sum of T, F); they have shape {frames.shape}")
    if "offsets" not in arrays:
        raise InputError(f"{path}: frames of shape {frames.shape} require 'offsets', which say where each clip begins")
    offsets = whole_numbers(path, "offsets", arrays["offsets"])
    if offsets.ndim != 1 or len(offsets) < 2 or offsets[0] != 0 or (np.diff(offsets) < 0).any():
        raise InputError(f"{path}: offsets must increase from 0 to the number of frames, {len(frames)}")
    if offsets[-1] != len(frames):
        clips = len(arrays["labels"]) if "labels" in arrays and arrays["labels"].ndim else None
        if len(offsets) == clips and offsets[-1] < len(frames):
            raise InputError(
                f"{path}: offsets has {clips} entries for {clips} clips; it needs one more at its end, the number of frames, "
                f"{len(frames)}: np.append(offsets, {len(frames)})"
            )
        raise InputError(
            f"{path}: the last entry of offsets must be the number of frames, {len(frames)}; it is {offsets[-1]}. Clip i is "
            "frames[offsets[i]:offsets[i + 1]]"
        )
    return np.stack([offsets[:-1], offsets[1:]], 1)


def _names(texts: dict[str, list[str]], count: int) -> list[str]:
    """A name for each clip; uniqueness is checked elsewhere."""
    digits = len(str(count))
    numbered = [f"clip_{index:0{digits}d}" for index in range(count)]
    if "clips" not in texts:
        return numbered
    names = [name or number for name, number in zip(texts["clips"], numbered, strict=True)]
    if len(set(names)) < count and "split" in texts:
        return [f"{split}/{name}" for split, name in zip(texts["split"], names, strict=True)]
    return names


def _packed_items(request: Request) -> list[Item | Rejected]:
    """An item for each clip, as the arrays describe it."""
    path = request.path
    arrays = _read_packed(path, _KEYS)
    bounds = _bounds(path, arrays, _frames(path, arrays))
    count = len(bounds)
    labelled_here = request.labelled and "labels" in arrays
    if request.labelled and not labelled_here and not request.labels:
        raise InputError(
            f"{path}: there are no labels. Add an array 'labels' with one entry per clip, or name a table with "
            "--config.data.labels=FILE"
        )
    for key in ("labels", *_TEXTS):
        if key in arrays and arrays[key].shape[:1] != (count,):
            found = len(arrays[key]) if arrays[key].ndim else "none"
            raise InputError(f"{path}: '{key}' must have one entry for each of {count} clips; it has {found}")
    none: list[str | None] = [None] * count
    classes = class_names(path, arrays["labels"], arrays.get("classes")) if labelled_here else none
    texts = {key: texts_of(path, key, arrays[key]) for key in _TEXTS if key in arrays}
    known = {key: [text or None for text in texts[key]] if key in texts else none for key in _TEXTS}
    return [
        Item(
            ClipInfo(name, str(path), {HEAD: label} if label else {}, signer, group, split_name(split)),
            start,
            stop,
            _PACKED,
        )
        for name, label, signer, group, split, (start, stop) in zip(
            _names(texts, count),
            classes,
            known["signers"],
            known["groups"],
            known["split"],
            bounds.tolist(),
            strict=True,
        )
    ]

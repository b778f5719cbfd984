"""MediaPipe landmarks as the tutorials save them: `class/sequence/frame.npy`, one array per frame.

A class folder may also hold one `.npy` file (T, F) per sequence. Folders `train`, `test` and so on above the classes become the
split. The width of a frame tells which landmarks it has:

| values | landmarks |
|---|---|
| 1662 | pose (x, y, z, visibility of 33), face (x, y, z of 468), left hand, right hand (x, y, z of 21): the `MP_Data` tutorials |
| 1692 | the same with the 10 points of the irises, which are left out |
| 1629 | pose, face, left hand, right hand, without visibility |
| 1659 | the same with the irises, which are left out: 553 landmarks, as MediaPipe Tasks finds them |
| 1086, 1106 | the same two, only x and y |
| 1404, 1434 | face, without and with the irises, which are left out |
| 258, 225 | pose with and without visibility, left hand, right hand |
| 158 | face (points 10, 152, 234, 454), pose, left hand, right hand, only x and y |
| 150, 84, 42 | pose and both hands, both hands, one hand, only x and y |
| 132, 99 | pose with and without visibility |
| 126, 63 | both hands, one hand |

A part that was not found is all zeros. A file may also hold (T, points, coordinates), or a single frame, such as of a picture.
"""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from signjax.data.clip import Clip, ClipInfo, Item, Rejected, Request, Say
from signjax.data.layout import landmarks
from signjax.data.layout.landmarks import LandmarkPart, landmark_layout
from signjax.data.layout.parts import ChosenLayout, Layout
from signjax.data.sources.shared.choosing import by_name, channels_of
from signjax.data.sources.shared.frame_numbers import timeline
from signjax.data.sources.shared.leftovers import contents_of, is_leftover
from signjax.data.sources.shared.npy import NUMPY_ERRORS, read_array
from signjax.data.sources.shared.npy_faults import fault
from signjax.data.sources.split_folders import class_folders, entries, in_order, is_array
from signjax.data.tables.label_table import split_name
from signjax.data.tables.matching import given_label_tables, segment, with_table
from signjax.data.tables.names import canonical
from signjax.errors import InputError

HEAD = "gloss"
_HANDS = ("left_hand", "right_hand")


def _layout(name: str, kind: str, *sets: str, visibility: bool = False) -> Layout:
    parts = [LandmarkPart(landmark, kind) for landmark in sets]
    if visibility:
        parts.insert(1, LandmarkPart("pose", "scalar"))
    return landmark_layout(name, parts)


# Width of a saved frame -> its layout, which has the visibility of the pose separate from x, y, z. A single hand may be either
# hand: it has no partner, so it is not mirrored.
LAYOUTS = {
    1692: landmarks.holistic_1662(),
    1662: landmarks.holistic_1662(),
    1659: _layout("pose_face_hands", "xyz", "pose", "face", *_HANDS),
    1629: _layout("pose_face_hands", "xyz", "pose", "face", *_HANDS),
    1434: _layout("face", "xyz", "face"),
    1404: _layout("face", "xyz", "face"),
    1106: _layout("pose_face_hands_xy", "xy", "pose", "face", *_HANDS),
    1086: _layout("pose_face_hands_xy", "xy", "pose", "face", *_HANDS),
    258: landmarks.pose_hands_258(),
    225: landmarks.pose_hands(),
    158: landmarks.face4_pose_hands(),
    150: landmarks.pose_hands("xy"),
    132: _layout("pose_132", "xyz", "pose", visibility=True),
    126: landmarks.hands(),
    99: _layout("pose", "xyz", "pose"),
    84: landmarks.hands("xy"),
    63: _layout("one_hand", "xyz", "right_hand"),
    42: _layout("one_hand_xy", "xy", "right_hand"),
}
# Width of a saved frame -> the channels of the irises in it.
_IRISES = {
    1692: slice(132 + 3 * 468, 132 + 3 * 478),
    1659: slice(99 + 3 * 468, 99 + 3 * 478),
    1434: slice(3 * 468, 3 * 478),
    1106: slice(66 + 2 * 468, 66 + 2 * 478),
}


def source_files(request: Request) -> list[Path]:
    """The files of all frames, and the label table if one is given."""
    files: list[Path] = []
    for _, _, path in _sequences(request.path):
        files += [path / name for name in _frame_names(path)] if path.is_dir() else [path]
    return [*files, *given_label_tables(request.labels)] if request.labelled else files


def default_layout(request: Request, width: int) -> ChosenLayout:
    """The layout of frames of that width.

    Raises:
      InputError: no known selection of landmarks has that width.
    """
    if width not in LAYOUTS:
        raise InputError(f"{request.path}: {_unknown(width)}")
    return ChosenLayout(LAYOUTS[width], f"frames of {width} values")


def list_items(request: Request, say: Say) -> list[Item | Rejected]:
    """An item for each sequence, named `class/sequence`; a label table may add to it.

    If that is not unique, because sequences are numbered from 0 in each split, a clip is named `split/class/sequence`.

    Raises:
      InputError: there is no such folder, or it has no class folders with sequences.
    """
    found = _sequences(request.path)
    splits = [split_name(folder.name) if folder else None for folder, _, _ in found]
    items: list[Item | Rejected] = [
        Item(
            ClipInfo(name, str(path), {HEAD: label} if request.labelled else {}, split=split),
            how=request.layout,
        )
        for name, split, (_, label, path) in zip(_names(found, splits), splits, found, strict=True)
    ]
    return with_table(request, items, say)


def _names(found: list[tuple[Path | None, str, Path]], splits: list[str | None]) -> list[str]:
    """The shortest names that differ; if two folders mean the same split, the folder's own name is used."""
    folders = [folder.name if folder else None for folder, _, _ in found]
    plain = [f"{label}/{path.stem if path.is_file() else path.name}" for _, label, path in found]
    candidates = [
        [canonical(name if split is None else f"{split}/{name}") for split, name in zip(above, plain, strict=True)]
        for above in ([None] * len(found), splits, folders)
    ]
    return next((names for names in candidates if len(set(names)) == len(names)), candidates[-1])


def _sequences(path: Path) -> list[tuple[Path | None, str, Path]]:
    """(folder of the split, class, sequence) of every sequence, with numbers in numerical order."""
    if not path.is_dir():
        raise InputError(
            f"{path}: the folder does not exist; source mediapipe needs a folder with class/sequence/frame.npy"
        )
    found = [
        (split, folder.name, sequence)
        for split, folder in class_folders(path, LAYOUTS)
        for sequence in entries(folder, folders=False)
    ]
    if not found:
        raise InputError(
            f"{path}: there is no class/sequence/frame.npy; each folder in it must be a class that contains sequences"
            f"{contents_of(path)}"
        )
    return found


def _frame_names(folder: Path) -> list[str]:
    with os.scandir(folder) as found:
        names = (entry.name for entry in found if is_array(entry.name) and not is_leftover(entry.name))
        return sorted(names, key=in_order)


def read_item(item: Item) -> Clip | Rejected:
    """Reads one sequence, in the requested layout."""
    path = Path(item.file)
    try:
        found = _read_frames(item, path) if path.is_dir() else read_array(path)
    except NUMPY_ERRORS as error:
        return item.rejected("unreadable", f"expected a NumPy array of numbers: {fault(path, error)}")
    if isinstance(found, Rejected):
        return found
    if found.shape[:1] == (0,):
        return item.rejected("empty", f"the file has no frames: its array is {found.dtype} {found.shape}")
    if found.ndim == 1 or (found.ndim == 2 and found.shape[1] in (2, 3, 4) and found.size in LAYOUTS):
        found = found.reshape(1, -1)  # the landmarks of a picture
    if found.ndim == 3:
        found = found.reshape(len(found), -1)
    if found.ndim != 2 or found.dtype.kind not in "fiu":
        return item.rejected(
            "wrong_width", f"expected numbers of shape (T, F) or (T, N, D), found {found.dtype} {found.shape}"
        )
    chosen = segment(item, len(found))
    if isinstance(chosen, Rejected):
        return chosen
    if chosen != slice(0, len(found)):
        item = replace(item, file_frames=len(found))
    return _as_wanted(item, found[chosen])


def _read_frames(item: Item, folder: Path) -> np.ndarray | Rejected:
    """(T, F): the frames of a folder, with zeros for missing frame numbers."""
    names = _frame_names(folder)
    if not names:
        return item.rejected("empty", "the folder has no frames (.npy)")
    unnumbered = [name for name in names if in_order(name)[0] < 0]
    if unnumbered:
        return item.rejected("unreadable", f"frames must be named by numbers; found {unnumbered[0]}")
    frames: list[np.ndarray] = []
    for name in names:
        try:
            frame = read_array(folder / name)
        except NUMPY_ERRORS as error:
            detail = f"{name}: expected a NumPy array of numbers: {fault(folder / name, error)}"
            return item.rejected("unreadable", detail)
        if frame.dtype.kind not in "fiu" or (frames and frame.size != frames[0].size):
            expected = f"{frames[0].size} numbers as in {names[0]}" if frames else "numbers"
            return item.rejected("wrong_width", f"{name}: expected {expected}, found {frame.dtype} {frame.shape}")
        frames.append(frame.reshape(-1))
    numbers = np.array([in_order(name)[0] for name in names])
    if int(numbers[-1]) - int(numbers[0]) + 1 > 2 * len(numbers):
        lost = int(numbers[-1]) - int(numbers[0]) + 1 - len(numbers)
        return item.rejected(
            "missing_frames", f"{lost} frames from {names[0]} to {names[-1]} are missing; only {len(names)} exist"
        )
    stacked, time = np.stack(frames), timeline(numbers)
    return stacked if time is None else np.where(time.there[:, None], stacked[time.row], 0)


def _as_wanted(item: Item, frames: np.ndarray) -> Clip | Rejected:
    """The frames in the requested layout: unchanged if it has their width, else selected from the layout of their width."""
    if item.how in ("auto", "generic"):
        return _by_width(item, frames) if item.how == "auto" else item.clip(frames)
    wanted = by_name(item.how)
    if wanted.width == frames.shape[1] and wanted != LAYOUTS.get(wanted.width):
        return item.clip(frames)
    clip = _by_width(item, frames)
    if isinstance(clip, Rejected):
        return clip
    given = LAYOUTS[frames.shape[1]]
    try:
        chosen = channels_of(wanted, given)
    except InputError as error:
        return item.rejected("wrong_width", str(error))
    parts = [given.part_names.index(name) for name in wanted.part_names]
    return item.clip(clip.frames[:, chosen], None if clip.valid is None else clip.valid[:, parts])


def _by_width(item: Item, frames: np.ndarray) -> Clip | Rejected:
    width = frames.shape[1]
    if width not in LAYOUTS:
        return item.rejected("wrong_width", _unknown(width))
    layout = LAYOUTS[width]
    if width in _IRISES:
        frames = np.delete(frames, _IRISES[width], axis=1)
    if "visibility" not in layout.part_names:
        return item.clip(frames)
    frames = landmarks.visibility_last(frames)
    valid = np.ones((len(frames), len(layout.parts)), bool)
    pose = frames[:, layout.channels_of("pose")]
    valid[:, layout.part_names.index("visibility")] = pose.any(1)
    return item.clip(frames, valid)


def _unknown(width: int) -> str:
    return (
        f"frames have {width} values, which matches no known set of MediaPipe landmarks (known: {', '.join(map(str, LAYOUTS))}). "
        "Describe yours in a JSON file (docs/data.md#layouts), and name it with --config.data.layout=FILE.json"
    )

"""The same clips in every format that a source reads, for tests that all sources must pass."""

import json
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from signjax.data.clip import Request
from signjax.data.layout import point_names
from signjax.pickles.conversion.convert import convert
from signjax.pickles.write import write_plain

WIDTH = 126  # both hands of MediaPipe
_HAND_POINTS = 21
Lengths = Mapping[str, int]


class Form(NamedTuple):
    """A way to store clips.

    Attributes:
      source: the source that reads it.
      write: writes clips of the given lengths into a folder; returns the path of the source.
      needs_table: whether a label table must list the clips; otherwise a table may add to what the source knows.
      prefix: the prefix that the source adds to the names of clips.
    """

    source: str
    write: Callable[[Path, Lengths], Path]
    needs_table: bool
    prefix: str = ""


def frames(count: int, width: int = WIDTH) -> np.ndarray:
    """Distinct numbers."""
    return np.arange(1, count * width + 1, dtype=np.float32).reshape(count, width)


def _npy(folder: Path, clips: Lengths) -> Path:
    for name, count in clips.items():
        np.save(folder / f"{name}.npy", frames(count))
    return folder


def _npz(folder: Path, clips: Lengths) -> Path:
    for name, count in clips.items():
        np.savez(folder / f"{name}.npz", frames=frames(count).reshape(count, -1, 3) if count else frames(0), fps=25)
    return folder


def _packed(folder: Path, clips: Lengths) -> Path:
    offsets = np.cumsum([0, *clips.values()])
    names = np.array(list(clips))
    np.savez(folder / "a.npz", frames=frames(offsets[-1]), offsets=offsets, clips=names, labels=["G"] * len(names))
    return folder / "a.npz"


def _dense(folder: Path, clips: Lengths) -> Path:
    longest = max(clips.values())
    dense = np.zeros((len(clips), longest, WIDTH), np.float32)
    for row, count in zip(dense, clips.values(), strict=True):
        row[:count] = frames(count)
    arrays = {"features": dense, "lengths": list(clips.values()), "clips": list(clips), "labels": ["G"] * len(clips)}
    for key, array in arrays.items():
        np.save(folder / f"{key}.npy", np.array(array))
    return folder


def _frame_files(folder: Path, clips: Lengths) -> Path:
    for name, count in clips.items():
        (folder / "G" / name).mkdir(parents=True)
        for number, frame in enumerate(frames(count)):
            np.save(folder / "G" / name / f"{number}.npy", frame)
    return folder


def _sequence_files(folder: Path, clips: Lengths) -> Path:
    (folder / "G").mkdir()
    _npy(folder / "G", clips)
    return folder


def _smplx(count: int) -> dict[str, np.ndarray]:
    return {"smplx": frames(count, 182), "left_valid": np.ones(count, bool)}


def _pickles(folder: Path, clips: Lengths) -> Path:
    for name, count in clips.items():
        write_plain(folder / f"{name}.pkl", _smplx(count))
    return folder


def _own_names(folder: Path, clips: Lengths) -> Path:
    for name, count in clips.items():
        widths = {
            "global_orient": 3,
            "body_pose": 63,
            "left_hand_pose": 45,
            "right_hand_pose": 45,
            "jaw_pose": 3,
            "expression": 10,
        }
        write_plain(folder / f"{name}.pkl", {key: frames(count, width) for key, width in widths.items()})
    return folder


def _one_pickle(folder: Path, clips: Lengths) -> Path:
    # Of the standard library, which writes any name.
    (folder / "all.pkl").write_bytes(pickle.dumps({name: _smplx(count) for name, count in clips.items()}, 2))
    return folder / "all.pkl"


def _converted(folder: Path, clips: Lengths) -> Path:
    (folder / "pickles").mkdir()
    assert convert(_pickles(folder / "pickles", clips), folder / "arrays", recursive=True) == 0
    return folder / "arrays"


def _points(count: int) -> np.ndarray:
    return frames(count).reshape(count, WIDTH // 3, 3)


def _pyskl(folder: Path, clips: Lengths) -> Path:
    annotations = [
        {"frame_dir": name, "label": 0, "total_frames": count, "keypoint": _points(count)[None]}
        for name, count in clips.items()
    ]
    (folder / "all.pkl").write_bytes(pickle.dumps({"split": {}, "annotations": annotations}, 2))
    return folder / "all.pkl"


def _openhands(folder: Path, clips: Lengths) -> Path:
    for name, count in clips.items():
        write_plain(folder / f"{name}.pkl", {"keypoints": _points(count), "confidences": np.ones((count, 42))})
    return folder


def _pose(folder: Path, clips: Lengths) -> Path:
    package = pytest.importorskip("pose_format", reason="pose-format is not installed: pip install pose-format")
    from pose_format.numpy import NumPyPoseBody
    from pose_format.pose_header import PoseHeaderComponent, PoseHeaderDimensions

    names = ("LEFT_HAND_LANDMARKS", "RIGHT_HAND_LANDMARKS")
    parts = [PoseHeaderComponent(name, list(point_names.HAND_NAMES), [(0, 1)], [(255, 0, 0)], "XYZC") for name in names]
    head = package.PoseHeader(0.2, PoseHeaderDimensions(640, 480, 0), parts)
    for name, count in clips.items():
        data = frames(count).reshape(count, 1, 2 * _HAND_POINTS, 3)
        with (folder / f"{name}.pose").open("wb") as file:
            package.Pose(head, NumPyPoseBody(25.0, data, np.ones(data.shape[:3], np.float32))).write(file)
    return folder


def _parquet(folder: Path, clips: Lengths) -> Path:
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed: pip install pyarrow")
    from pyarrow import parquet

    kinds = {"face": 468, "left_hand": 21, "pose": 33, "right_hand": 21}
    (folder / "files").mkdir()
    for name, count in clips.items():
        points = frames(count, 543 * 3).reshape(-1, 3)
        table = pyarrow.table(
            {
                "frame": np.repeat(np.arange(count, dtype=np.int16), 543),
                "type": pyarrow.array(list(np.repeat(list(kinds), list(kinds.values()))) * count, pyarrow.string()),
                "landmark_index": np.tile(np.concatenate([np.arange(n) for n in kinds.values()]), count).astype(
                    np.int16
                ),
                **dict(zip("xyz", points.T, strict=True)),
            }
        )
        with (folder / "files" / f"{name}.parquet").open("wb") as file:
            parquet.write_table(table, file)
    lines = [f"files/{name}.parquet,1,{name},G" for name in clips if name.isalnum()]
    (folder / "train.csv").write_text("\n".join(["path,participant_id,sequence_id,sign", *lines]))
    return folder


FORMS = {
    "npy": Form("arrays", _npy, True),
    "npz": Form("arrays", _npz, True),
    "packed": Form("arrays", _packed, False),
    "dense": Form("arrays", _dense, False),
    "frame files": Form("mediapipe", _frame_files, False, "G/"),
    "sequence files": Form("mediapipe", _sequence_files, False, "G/"),
    "pickles": Form("signavatars", _pickles, True),
    "own names": Form("smplx", _own_names, True),
    "one pickle": Form("signavatars", _one_pickle, True),
    "converted": Form("signavatars", _converted, True),
    "pyskl": Form("skeletons", _pyskl, False),
    "openhands": Form("skeletons", _openhands, True),
    "pose": Form("pose", _pose, True),
    "gislr": Form("gislr", _parquet, False, "1/"),
}


def labelled(form: Form, folder: Path, clips: Lengths, rows: list[dict[str, str]] | None = None) -> Request:
    """Writes clips and, if there are rows or the source needs some, a label table that names the clips."""
    (folder / "source").mkdir(parents=True)
    path = form.write(folder / "source", clips)
    if rows is None and not form.needs_table:
        return Request(path)
    told = [{"clip": name, "gloss": "G"} for name in clips] if rows is None else rows
    keys = ("file",) if any("file" in row for row in told) else ("clip",)
    table = [{key: form.prefix + text if key in keys else text for key, text in row.items()} for row in told]
    (folder / "table.json").write_text(json.dumps(table))
    return Request(path, str(folder / "table.json"))

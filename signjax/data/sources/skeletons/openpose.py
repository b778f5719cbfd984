"""OpenPose's folders: a folder for each clip, with one JSON file for each frame.

`{"people": [{"pose_keypoints_2d": [x, y, confidence, ...], "face_keypoints_2d": [...], "hand_left_keypoints_2d": [...], ...}]}`;
without people, nobody was found in the frame. Of several people, the one with the highest confidence is taken, frame by frame:
OpenPose does not number people from one frame to the next.
"""

import json
import os
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from signjax.data.sources.shared.frame_numbers import timeline
from signjax.data.sources.shared.leftovers import is_leftover, what_it_is
from signjax.data.sources.skeletons.collection import ContentError
from signjax.data.sources.skeletons.forms import FormError, Frames
from signjax.data.sources.skeletons.points import COCO_17, HANDS, OPENPOSE_18, OPENPOSE_25, face

_SUFFIX = ".json"
_LISTS = ("pose", "face", "hand_left", "hand_right")
_BODIES = {25: OPENPOSE_25, 18: OPENPOSE_18, 17: COCO_17}
_FACE, _HAND = 70, 21
_NUMBER = re.compile(r"(\d+)(?:\D*)$")
_NAMED_BY_OPENPOSE = re.compile(r"\d_keypoints\.json$", re.IGNORECASE)
_FEW = 3  # files that are read to see whether they are frames, if their names do not say so
_PROBES = 20  # frames that are read to find which lists a clip has


class Lists(NamedTuple):
    """Which points a clip has.

    Attributes:
      pose: the number of points of the body: 25, 18 or 17.
      face: the number of points of the face: 70, or 0.
      hands: the number of points of each hand: 21, or 0.
    """

    pose: int
    face: int
    hands: int

    @property
    def sizes(self) -> tuple[int, int, int, int]:
        """The number of points of each of `_LISTS`."""
        return self.pose, self.face, self.hands, self.hands

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the points, in the order of `read`."""
        return (*_BODIES.get(self.pose, ()), *face(self.face), *(HANDS if self.hands else ()))


def is_frame(path: Path) -> bool:
    """Whether a JSON file is a frame of OpenPose."""
    try:
        return isinstance(_frame(path).get("people"), list)
    except ContentError:
        return False


class Recording(NamedTuple):
    """The frames of one clip.

    Attributes:
      folder: where they lie.
      start: with what their names begin, if the folder holds the frames of several clips; else empty.
    """

    folder: Path
    start: str

    @property
    def name(self) -> str:
        """The name of the clip."""
        return self.start or self.folder.name


def recordings(path: Path) -> list[Recording]:
    """The clips below a folder, in a fixed order."""
    found = []
    for place, inner, names in os.walk(path):
        inner[:] = [name for name in inner if not is_leftover(name)]
        frames = sorted(filter(_is_json, names))
        if any(_NAMED_BY_OPENPOSE.search(name) for name in frames) or any(
            is_frame(Path(place, n)) for n in frames[:_FEW]
        ):
            starts = sorted({_start(name) for name in frames if _number(name) >= 0})
            found += (
                [Recording(Path(place), start) for start in starts] if len(starts) > 1 else [Recording(Path(place), "")]
            )
    return sorted(found)


def _is_json(name: str) -> bool:
    return name.lower().endswith(_SUFFIX) and not is_leftover(name)


def frame_files(clip: Recording) -> list[Path]:
    """The frames of a clip, in the order of their numbers."""
    with os.scandir(clip.folder) as found:
        names = [entry.name for entry in found if _is_json(entry.name)]
    names = [name for name in names if _number(name) >= 0 and clip.start in ("", _start(name))]
    return [clip.folder / name for name in sorted(names, key=lambda name: (_number(name), name))]


def _start(name: str) -> str:
    """A name up to the number of its frame."""
    found = _NUMBER.search(name[: -len(_SUFFIX)])
    return name[: found.start()].rstrip("_-. ") if found else name


def _number(name: str) -> int:
    """The number of a frame: the last one in `clip_000000000012_keypoints.json`."""
    found = _NUMBER.search(name[: -len(_SUFFIX)])
    return int(found.group(1)) if found else -1


def lists_of(clip: Recording) -> Lists | None:
    """Which points the people in a clip have; None if nobody is in the first frames."""
    for file in frame_files(clip)[:_PROBES]:
        try:
            people = _people(_frame(file), file)
        except (ContentError, FormError):
            continue
        for person in people:
            pose, of_face, left, right = (len(person[name]) for name in _LISTS)
            if pose or of_face or left or right:
                return Lists(pose, _FACE if of_face else 0, _HAND if left or right else 0)
    return None


def read(clip: Recording, lists: Lists) -> Frames:
    """One clip: points (T, V, 3), the third number being the confidence; 0 where nobody was found.

    Raises:
      FormError: a file is not a frame, or has other points.
      ContentError: a file cannot be read.
    """
    files = frame_files(clip)
    if not files:
        raise ContentError("the frames are gone")
    points = np.zeros((len(files), sum(lists.sizes), 3))
    starts = np.cumsum([0, *lists.sizes])
    for number, file in enumerate(files):
        people = _people(_frame(file), file)
        if not people:
            continue
        best = max(people, key=lambda person: sum(found[:, 2].sum() for found in person.values()))
        for name, start, size in zip(_LISTS, starts, lists.sizes, strict=False):
            found = best[name]
            if size and len(found) not in (0, size):
                raise FormError(f"{file.name}: '{name}_keypoints_2d' has {len(found)} points, other frames have {size}")
            if size and len(found):
                points[number, start : start + size] = found
    numbers = np.array([_number(file.name) for file in files])
    time = timeline(numbers)
    if time is not None:
        points = np.where(time.there[:, None, None], points[time.row], 0)
    return Frames(points)


def _frame(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise ContentError(f"{path.name}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        what = what_it_is(path)
        said = f"it is {what}" if what else f"the JSON is damaged or cut short ({error}); copy it again"
        raise ContentError(f"{path.name}: {said}") from error
    if not isinstance(content, dict):
        raise ContentError(f"{path.name}: expected an object with 'people', found a {type(content).__name__}")
    return content


def _people(content: dict[str, Any], path: Path) -> list[dict[str, np.ndarray]]:
    """The points (V, 3) of each person, by list."""
    people = content.get("people")
    if not isinstance(people, list):
        raise FormError(
            f"{path.name}: expected 'people', as OpenPose writes it; found {', '.join([*content][:5]) or 'nothing'}"
        )
    found = []
    for person in people:
        points = {}
        for name in _LISTS:
            # Versions before 1.2 write no `_2d`.
            values = (
                person.get(f"{name}_keypoints_2d", person.get(f"{name}_keypoints", []))
                if isinstance(person, dict)
                else []
            )
            try:
                points[name] = np.asarray(values, np.float64).reshape(-1, 3)
            except (TypeError, ValueError) as error:
                raise FormError(
                    f"{path.name}: '{name}_keypoints_2d' must be x, y and confidence of each point"
                ) from error
        found.append(points)
    return found

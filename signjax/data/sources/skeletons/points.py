"""The points that trackers find, by their number, and the layouts of these points.

Shapes: T frames, V points, C numbers for each point.
"""

from typing import NamedTuple

import numpy as np

from signjax.data.layout import landmarks
from signjax.data.layout.by_width import layout_by_width
from signjax.data.layout.landmarks import LandmarkPart, landmark_layout
from signjax.data.layout.parts import ChosenLayout, Layout, Part
from signjax.data.layout.point_names import HAND_NAMES
from signjax.data.layout.recognition import recognize, unknown

COCO_17 = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow",
    "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
)  # fmt: skip
_FEET = ("left_big_toe", "left_small_toe", "left_heel", "right_big_toe", "right_small_toe", "right_heel")
OPENPOSE_18 = (
    "nose", "neck", "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow", "left_wrist", "right_hip",
    "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle", "right_eye", "left_eye", "right_ear", "left_ear",
)  # fmt: skip
OPENPOSE_25 = (
    *OPENPOSE_18[:8], "mid_hip", *OPENPOSE_18[8:], "left_big_toe", "left_small_toe", "left_heel", "right_big_toe",
    "right_small_toe", "right_heel",
)  # fmt: skip
KINECT_25 = (
    "spine_base", "spine_mid", "neck", "head", "left_shoulder", "left_elbow", "left_wrist", "left_hand", "right_shoulder",
    "right_elbow", "right_wrist", "right_hand", "left_hip", "left_knee", "left_ankle", "left_foot", "right_hip", "right_knee",
    "right_ankle", "right_foot", "spine_shoulder", "left_hand_tip", "left_thumb", "right_hand_tip", "right_thumb",
)  # fmt: skip
LEFT_HAND, RIGHT_HAND = (tuple(f"{side}_hand_{name}" for name in HAND_NAMES) for side in ("left", "right"))
HANDS = (*LEFT_HAND, *RIGHT_HAND)
_MEDIAPIPE_POSE = tuple(f"pose{number}" for number in range(landmarks.POSE))
_COCO_133 = (*COCO_17, *_FEET, *(f"face-{number}" for number in range(68)), *HANDS)
# The points of the hands that the winners of the AUTSL challenge kept (SL-GCN): the wrist, and per finger its base and its tip.
_FEW = (0, 4, 5, 8, 9, 12, 13, 16, 17, 20)
_FEW_OF_HANDS = tuple(hand[number] for hand in (LEFT_HAND, RIGHT_HAND) for number in _FEW)


def face(count: int) -> tuple[str, ...]:
    """The names of the points of OpenPose's face."""
    return tuple(f"face-{number}" for number in range(count))


# Trackers that find points in a picture: a third number is the confidence.
_IN_PICTURE: dict[int, tuple[str, tuple[str, ...]]] = {
    17: ("COCO", COCO_17),
    18: ("OpenPose", OPENPOSE_18),
    25: ("OpenPose", OPENPOSE_25),
    27: ("SL-GCN", (COCO_17[0], *COCO_17[5:11], *_FEW_OF_HANDS)),
    31: ("SL-GCN", (*COCO_17[:11], *_FEW_OF_HANDS)),
    59: ("COCO-WholeBody, body and hands", (*COCO_17, *HANDS)),
    60: ("OpenPose", (*OPENPOSE_18, *HANDS)),
    67: ("OpenPose", (*OPENPOSE_25, *HANDS)),
    130: ("OpenPose", (*OPENPOSE_18, *face(70), *HANDS)),
    133: ("COCO-WholeBody", _COCO_133),
    137: ("OpenPose", (*OPENPOSE_25, *face(70), *HANDS)),
}
# Trackers that also estimate depth.
_WITH_DEPTH: dict[int, tuple[str, tuple[str, ...]]] = {
    21: ("MediaPipe, one hand", RIGHT_HAND),
    33: ("MediaPipe, pose", _MEDIAPIPE_POSE),
    42: ("MediaPipe, both hands", HANDS),
    75: ("MediaPipe, pose and both hands", (*_MEDIAPIPE_POSE, *HANDS)),
    468: ("MediaPipe, face", tuple(f"face{number}" for number in range(landmarks.FACE))),
}
# MediaPipe's pose, face and hands, whose order differs between programs; with the irises there are 553.
_ANY_ORDER = (543, 553)
_SCORE_AT_MOST = 1.5  # heat maps of some trackers exceed 1 a little


class Numbers(NamedTuple):
    """What the numbers of each point are.

    Attributes:
      points: V.
      given: how many numbers each has.
      axes: how many of them are coordinates: the first 2 or 3.
      scored: whether the next number is the confidence.
      names: the names of the points; empty if they are not known.
      tracker: for messages.
    """

    points: int
    given: int
    axes: int
    scored: bool
    names: tuple[str, ...]
    tracker: str

    @property
    def width(self) -> int:
        """Number of channels of a frame."""
        return self.points * self.axes


def numbers_of(points: np.ndarray, scores_apart: bool) -> Numbers:
    """What the numbers of points mean, by how many there are and how large they are.

    Args:
      points: (T, V, C) of some clips.
      scores_apart: whether confidences are stored in another array.
    """
    count, given = points.shape[1:]
    scored = not scores_apart and given > 2 and _are_scores(points)
    if given == 3 and scored and count in _WITH_DEPTH.keys() | {*_ANY_ORDER}:
        scored = False  # depth
    axes = min(given - scored, 3)
    tracker, names = "", tuple[str, ...]()
    if count in _WITH_DEPTH:
        tracker, names = _WITH_DEPTH[count]
    elif count == len(KINECT_25) and axes == 3:
        tracker, names = "Kinect", KINECT_25
    elif count in _IN_PICTURE and axes == 2:
        tracker, names = _IN_PICTURE[count]
    elif count in _ANY_ORDER:
        tracker = "MediaPipe"
    return Numbers(count, given, axes, scored, names, tracker)


def _are_scores(points: np.ndarray) -> bool:
    """Whether the last number of each point is its confidence: from 0 to 1, other than the other numbers if it is the third."""
    last = points[..., -1]
    known = last[np.isfinite(last)]
    if not known.size or known.min() < 0 or known.max() > _SCORE_AT_MOST:
        return False
    return points.shape[2] > 3 or points.shape[1] in _IN_PICTURE or float(np.nanmax(np.abs(points[..., :2]))) > 2


def coordinates(points: np.ndarray, scores: np.ndarray | None, numbers: Numbers) -> np.ndarray:
    """float32 (T, V * axes), NaN for points that were not found.

    A point was not found if its confidence is not positive or all of its coordinates are 0, except a point that is at 0 in every
    frame, which may be the origin.

    Args:
      points: (T, V, C).
      scores: (T, V); None if they are among the numbers or unknown.
      numbers: what the numbers are.
    """
    with np.errstate(over="ignore"):  # too large a number becomes infinite, which is reported later
        frames = points[..., : numbers.axes].astype(np.float32)
    if numbers.scored:
        scores = points[..., numbers.axes]
    if scores is not None:
        frames[~(scores > 0)] = np.nan
    else:
        lost = (frames == 0).all(2)
        frames[lost & ~lost.all(0)] = np.nan
    return frames.reshape(len(frames), numbers.width)


def layout_of(numbers: Numbers, frames: np.ndarray) -> ChosenLayout:
    """The layout of these points, with the column of each channel.

    Args:
      numbers: what the numbers are.
      frames: some frames (T, V * axes), which tell the order of MediaPipe's points.
    """
    axes = "xyz"[: numbers.axes]
    if numbers.names:
        found = recognize([f"{name}.{axis}" for name in numbers.names for axis in axes])
        lacks = found.reason.partition("; ")[2]
        reason = f"{numbers.points} points are those of {numbers.tracker}" + (f"; {lacks}" if lacks else "")
        return ChosenLayout(found.layout, reason)
    if numbers.points in _ANY_ORDER:
        ordered = layout_by_width(frames)
        if ordered is not None:
            return ordered
    return ChosenLayout(
        points_alone(numbers.points, axes),
        f"{numbers.points} points are kept in their order, centred and scaled together, and not mirrored, because no tracker "
        "known to signjax has so many; describe them in a JSON file (docs/data.md#layouts) to have left and right"
        if numbers.points not in _ANY_ORDER
        else f"the order of pose, face and hands among {numbers.points} points is not known, because no order puts both hands at "
        "the wrists of their arms; nothing is mirrored",
    )


def points_alone(count: int, axes: str) -> Layout:
    """A layout of points without names: one part, without left and right."""
    return Layout("points", (Part("points", count, axes, "points"),), mirrors=False)


# Numbers of a frame that are MediaPipe's hands, as tutorials on fingerspelling flatten them.
_FLAT_HANDS = {42: "xy", 63: "xyz", 84: "xy", 126: "xyz"}


def layout_of_values(width: int, frames: np.ndarray) -> ChosenLayout:
    """The layout of frames of plain numbers: of MediaPipe if their number and positions say so, else none."""
    found = layout_by_width(frames)
    if found is not None:
        return found
    if width in _FLAT_HANDS:
        kind = _FLAT_HANDS[width]
        if width in (84, 126):
            return ChosenLayout(landmarks.hands(kind), f"frames of {width} values: both hands of MediaPipe")
        one = landmark_layout("one_hand" if kind == "xyz" else "one_hand_xy", [LandmarkPart("right_hand", kind)])
        return ChosenLayout(one, f"frames of {width} values: one hand of MediaPipe, not mirrored")
    return unknown(width, f"{width} values per frame have no names")

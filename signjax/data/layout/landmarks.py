"""MediaPipe landmarks: mirror partners, connecting lines, and the layouts made of them.

A frame of MediaPipe Holistic has 468 landmarks of the face, 33 of the pose and 21 of each hand. Left and right are the signer's
own. Source: the landmark numbers and connections of MediaPipe's face mesh, pose and hand solutions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from signjax.data.layout.parts import (
    COORDINATES,
    Layout,
    Part,
    Point,
)

FACE, POSE, HAND = 468, 33, 21
IRISES = 10  # of both eyes, which newer versions append to the face: 478 points, and 553 in all
COUNTS = {"face": FACE, "pose": POSE, "left_hand": HAND, "right_hand": HAND}

_LEFT_SHOULDER, _RIGHT_SHOULDER, _LEFT_WRIST, _RIGHT_WRIST = 11, 12, 15, 16
_NOSE_OF_POSE, _NOSE_OF_FACE = 0, 1

# The landmarks on the midline of the face. All others form two halves of 220 in the same order: the right half has numbers below
# 248, the left half begins there. (All 1,322 edges of MediaPipe's face mesh map onto themselves under this, except in three
# quadrilaterals that are cut along the other diagonal.)
_FACE_MIDLINE = (
    *(0, 1, 2, 4, 5, 6), *range(8, 20), 94, 151, 152, 164, 168, 175, 195, 197, 199, 200,
)  # fmt: skip
_FIRST_OF_LEFT_HALF = 248

# Lines of the right half of the face, from end to end; the left half has their mirror images.
_FACE_LINES = (
    (10, 109, 67, 103, 54, 21, 162, 127, 234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152),  # outline
    (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246, 33),  # eye
    (46, 53, 52, 65, 55), (70, 63, 105, 66, 107),  # brow, lower and upper edge
    (17, 84, 181, 91, 146, 61, 185, 40, 39, 37, 0),  # outer edge of the lips
    (14, 87, 178, 88, 95, 78, 191, 80, 81, 82, 13),  # inner edge of the lips
)  # fmt: skip
_POSE_LINES = (
    (8, 6, 5, 4, 0, 1, 2, 3, 7), (9, 10), (11, 12, 24, 23, 11), (11, 13, 15, 17, 19, 15, 21), (12, 14, 16, 18, 20, 16, 22),
    (23, 25, 27, 29, 31, 27), (24, 26, 28, 30, 32, 28),
)  # fmt: skip
_HAND_LINES = (
    (0, 1, 2, 3, 4), (0, 5, 6, 7, 8), (5, 9, 10, 11, 12), (9, 13, 14, 15, 16), (13, 17, 18, 19, 20), (0, 17),
)  # fmt: skip


def _face_partners() -> tuple[int, ...]:
    partners = list(range(FACE))
    right_half = (point for point in range(_FIRST_OF_LEFT_HALF) if point not in _FACE_MIDLINE)
    for left, right in zip(range(_FIRST_OF_LEFT_HALF, FACE), right_half, strict=True):
        partners[left], partners[right] = right, left
    return tuple(partners)


def _pose_partners() -> tuple[int, ...]:
    partners = list(range(POSE))
    pairs = [(1, 4), (2, 5), (3, 6), *((left, left + 1) for left in range(7, POSE, 2))]
    for left, right in pairs:
        partners[left], partners[right] = right, left
    return tuple(partners)


# The mirror partner of each landmark, in the same set.
FACE_PARTNERS, POSE_PARTNERS = _face_partners(), _pose_partners()


def edges(landmarks: str) -> list[tuple[int, int]]:
    """The pairs of landmarks of a set that a line joins."""
    lines = {"face": _FACE_LINES, "pose": _POSE_LINES}.get(landmarks, _HAND_LINES)
    edges = [edge for line in lines for edge in pairwise(line)]
    if landmarks == "face":
        edges += [(FACE_PARTNERS[a], FACE_PARTNERS[b]) for a, b in edges]
    return edges


@dataclass(frozen=True)
class LandmarkPart:
    """Landmarks of one set as a part of a layout; the part is named after the set.

    Attributes:
      landmarks: `face`, `pose`, `left_hand` or `right_hand`.
      kind: `xyz` or `xy`; `scalar` for one number per landmark, for a part `visibility` of the pose.
      indices: MediaPipe's numbers of the landmarks, in their order; None: all of the set.
    """

    landmarks: str
    kind: str
    indices: tuple[int, ...] | None = None

    @property
    def numbers(self) -> tuple[int, ...]:
        """MediaPipe's numbers of the landmarks."""
        return tuple(range(COUNTS[self.landmarks])) if self.indices is None else self.indices

    @property
    def name(self) -> str:
        """The name of the part."""
        return self.landmarks if self.kind in COORDINATES else "visibility"


def landmark_layout(name: str, chosen: Sequence[LandmarkPart]) -> Layout:
    """A layout of any selection of landmarks.

    It can be mirrored if it has both landmarks of every left/right pair. It has those lines, shoulders, wrists and nose whose
    landmarks were selected.
    """
    of = {part.name: part for part in chosen}
    position_of = {name: {number: at for at, number in enumerate(part.numbers)} for name, part in of.items()}

    def point(landmarks: str, number: int) -> Point | None:
        position = position_of.get(landmarks, {}).get(number)
        return None if position is None else (landmarks, position)

    def both(left: Point | None, right: Point | None) -> tuple[Point, Point] | None:
        return None if left is None or right is None else (left, right)

    mirrors = True
    parts = []
    for part in chosen:
        partner, point_partners = part.name, None
        if part.landmarks in ("left_hand", "right_hand"):
            partner = "right_hand" if part.landmarks == "left_hand" else "left_hand"
            whole = partner in of and of[partner].numbers == part.numbers and of[partner].kind == part.kind
        else:
            table = FACE_PARTNERS if part.landmarks == "face" else POSE_PARTNERS
            position, wanted = position_of[part.name], [table[number] for number in part.numbers]
            whole = set(wanted) == position.keys()
            if whole:
                point_partners = tuple(position[number] for number in wanted)
        mirrors &= whole
        parts.append(Part(part.name, len(part.numbers), part.kind, partner if whole else part.name, point_partners))
    joined = [
        (point(part.landmarks, a), point(part.landmarks, b))
        for part in chosen
        if part.kind in COORDINATES
        for a, b in edges(part.landmarks)
    ]
    joined += [
        (point("pose", _LEFT_WRIST), point("left_hand", 0)),
        (point("pose", _RIGHT_WRIST), point("right_hand", 0)),
    ]
    return Layout(
        name,
        tuple(parts),
        mirrors=mirrors,
        skeleton=tuple((a, b) for a, b in joined if a is not None and b is not None),
        shoulders=both(point("pose", _LEFT_SHOULDER), point("pose", _RIGHT_SHOULDER)),
        wrists=both(point("left_hand", 0), point("right_hand", 0)),
        head=point("pose", _NOSE_OF_POSE) or point("face", _NOSE_OF_FACE),
    )


def _of(name: str, sets: Sequence[str], kind: str) -> Layout:
    return landmark_layout(name, [LandmarkPart(landmarks, kind) for landmarks in sets])


def holistic(kind: str = "xyz") -> Layout:
    """All 543 landmarks in the order of the Kaggle `asl-signs` files: face, left hand, pose, right hand. 1629 or 1086 channels."""
    return _of("holistic" if kind == "xyz" else "holistic_xy", ("face", "left_hand", "pose", "right_hand"), kind)


def holistic_553(kind: str = "xyz") -> Layout:
    """`holistic` with the irises after the face, as MediaPipe Tasks and refined face meshes have them: 1659 or 1106 channels.

    An iris is its centre and then the points to the right, top, left and bottom in the picture; the right iris comes first.
    """
    layout = holistic(kind)
    irises = Part("irises", IRISES, kind, "irises", (5, 8, 7, 6, 9, 0, 3, 2, 1, 4))
    face, *others = layout.parts
    return replace(layout, name="holistic_553" if kind == "xyz" else "holistic_553_xy", parts=(face, irises, *others))


def pose_hands(kind: str = "xyz") -> Layout:
    """Pose, left hand, right hand without the face: 225 channels, or 150 for `xy`."""
    return _of("pose_hands" if kind == "xyz" else "pose_hands_xy", ("pose", "left_hand", "right_hand"), kind)


def hands(kind: str = "xyz") -> Layout:
    """Left hand, right hand: 126 channels, or 84 for `xy`."""
    return _of("hands" if kind == "xyz" else "hands_xy", ("left_hand", "right_hand"), kind)


def face4_pose_hands() -> Layout:
    """Top, chin, right and left side of the face, pose, left hand, right hand, only x and y: 158 channels."""
    face = LandmarkPart("face", "xy", (10, 152, 234, 454))
    return landmark_layout(
        "face4_pose_hands_xy", [face, *(LandmarkPart(name, "xy") for name in ("pose", "left_hand", "right_hand"))]
    )


def holistic_1662() -> Layout:
    """The 1662 values that the `MP_Data` tutorials save: pose, visibility of the pose, face, left hand, right hand.

    The tutorials write x, y, z, visibility of one pose landmark after another; `visibility_last` puts them into this order.
    """
    parts = [LandmarkPart("pose", "xyz"), LandmarkPart("pose", "scalar")]
    parts += [LandmarkPart(landmarks, "xyz") for landmarks in ("face", "left_hand", "right_hand")]
    return landmark_layout("holistic_1662", parts)


def pose_hands_258() -> Layout:
    """`holistic_1662` without the face, as many tutorials save it: 258 channels."""
    parts = [LandmarkPart("pose", "xyz"), LandmarkPart("pose", "scalar")]
    parts += [LandmarkPart(landmarks, "xyz") for landmarks in ("left_hand", "right_hand")]
    return landmark_layout("pose_hands_258", parts)


def visibility_last(frames: np.ndarray) -> np.ndarray:
    """(T, F) whose first 132 channels are x, y, z, visibility of each pose landmark -> the order of `holistic_1662`."""
    interleaved = frames[:, : 4 * POSE].reshape(len(frames), POSE, 4)
    coordinates = interleaved[:, :, :3].reshape(len(frames), 3 * POSE)
    return np.concatenate([coordinates, interleaved[:, :, 3], frames[:, 4 * POSE :]], axis=1)

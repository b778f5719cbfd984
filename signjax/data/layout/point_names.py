"""Names of body points, as MediaPipe, other trackers, depth cameras and body models spell them.

A point is identified by its part, its side, and the remaining words of its name: `LEFT_WRIST`, `WristLeft`,
`lwrist` and `left_wrist` are all
`BodyPoint("pose", "left", ("wrist",))`. Left and right are the signer's own.
"""

import re
from typing import NamedTuple

from signjax.data.layout.landmarks import FACE, FACE_PARTNERS

# The names of MediaPipe's landmarks, in the order of their numbers.
POSE_NAMES = (
    "NOSE", "LEFT_EYE_INNER", "LEFT_EYE", "LEFT_EYE_OUTER", "RIGHT_EYE_INNER", "RIGHT_EYE", "RIGHT_EYE_OUTER", "LEFT_EAR",
    "RIGHT_EAR", "MOUTH_LEFT", "MOUTH_RIGHT", "LEFT_SHOULDER", "RIGHT_SHOULDER", "LEFT_ELBOW", "RIGHT_ELBOW", "LEFT_WRIST",
    "RIGHT_WRIST", "LEFT_PINKY", "RIGHT_PINKY", "LEFT_INDEX", "RIGHT_INDEX", "LEFT_THUMB", "RIGHT_THUMB", "LEFT_HIP",
    "RIGHT_HIP", "LEFT_KNEE", "RIGHT_KNEE", "LEFT_ANKLE", "RIGHT_ANKLE", "LEFT_HEEL", "RIGHT_HEEL", "LEFT_FOOT_INDEX",
    "RIGHT_FOOT_INDEX",
)  # fmt: skip
_FINGERS = (
    ("THUMB", ("CMC", "MCP", "IP", "TIP")),
    *((finger, ("MCP", "PIP", "DIP", "TIP")) for finger in ("INDEX_FINGER", "MIDDLE_FINGER", "RING_FINGER", "PINKY")),
)
HAND_NAMES = ("WRIST", *(f"{finger}_{joint}" for finger, joints in _FINGERS for joint in joints))

# Runs of the 68 points of a face (of OpenPose's 70 the last two are the pupils) whose mirror image is the run read backwards; for
# the eyes, each half of one eye has its mirror image in the other.
_FACE_RUNS = ((0, 17), (17, 27), (31, 36), (36, 46), (48, 55), (55, 60), (60, 65), (65, 68), (68, 70))
_EYE_PARTNERS = {36: 45, 37: 44, 38: 43, 39: 42, 40: 47, 41: 46}
FACE_COUNTS = (68, 70)


def face_partner(point: int) -> int:
    """The mirror partner of a point in a face of 68 or 70 points."""
    eyes = _EYE_PARTNERS | {there: here for here, there in _EYE_PARTNERS.items()}
    if point in eyes:
        return eyes[point]
    run = next((run for run in _FACE_RUNS if run[0] <= point < run[1]), (point, point + 1))
    return run[0] + run[1] - 1 - point


class BodyPoint(NamedTuple):
    """A point of the body.

    Attributes:
      part: `pose`, `face`, `left_hand`, `right_hand`, or `hand` if the name does not say which.
      side: `left`, `right`, or empty.
      words: the rest of its name, such as `("elbow",)`, or its number.
    """

    part: str
    side: str
    words: tuple[str, ...]

    @property
    def number(self) -> int | None:
        """Its number, if it has no other name."""
        return int(self.words[0]) if len(self.words) == 1 and self.words[0].isdecimal() else None


_SIDES = {"left": "left", "right": "right", "l": "left", "r": "right", "lt": "left", "rt": "right"}
_OTHER_SIDE = {"left": "right", "right": "left", "": ""}
_OTHER_PART = {"left_hand": "right_hand", "right_hand": "left_hand"}
_HANDS = {"lhand": "left", "rhand": "right", "lh": "left", "rh": "right"}
# Words that do not affect which point is meant.
_IDLE = {
    "landmark", "landmarks", "keypoint", "keypoints", "kp", "kpt", "joint", "joints", "point", "points", "pt", "position", "pos",
    "finger", "coord", "coords", "coordinate", "smplhf", "mesh",
}  # fmt: skip
_SYNONYMS = {
    "centre": "center", "mid": "center", "little": "pinky", "pinkie": "pinky", "fore": "index",
    "forefinger": "index", "pointer": "index", "hands": "hand", "shldr": "shoulder", "sho": "shoulder", "elb": "elbow",
    "wri": "wrist", "clavicle": "collar", "body": "pose", "eyebrow": "brow", "lips": "lip", "facemesh": "face",
}  # fmt: skip
_FINGER_WORDS = {"thumb", "index", "middle", "ring", "pinky"}
_FINGER_JOINTS = {"cmc", "mcp", "pip", "dip", "ip", "tip"}
# Points on the midline are their own mirror images.
_MIDLINE = {
    "nose", "neck", "head", "spine", "chest", "pelvis", "torso", "thorax", "abdomen", "jaw", "chin", "forehead", "center", "root",
    "sternum", "mouth",
}  # fmt: skip
_PAIRED = {
    "eye", "ear", "shoulder", "elbow", "wrist", "hand", "hip", "knee", "ankle", "foot", "heel", "toe", "collar", "brow", "lip",
    "cheek", "palm", "arm", "forearm",
}  # fmt: skip
# Words that only distinguish points of the same joint.
_TELLING = {"inner", "outer", "upper", "lower", "top", "base", "big", "small", "end"}
_WORDS = _MIDLINE | _PAIRED | _TELLING | _FINGER_WORDS | _FINGER_JOINTS


def words_of(name: str) -> list[str]:
    """The words of a name in lower case, split at separators, capitals and numbers, with sides written out.

    >>> words_of("ShoulderLeft.x"), words_of("RShoulder"), words_of("lhand12_x")
    (['shoulder', 'left', 'x'], ['right', 'shoulder'], ['left', 'hand', '12', 'x'])
    """
    found: list[str] = []
    for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]{1,9}", name):
        found += _split(word.lower())
    return found


def _split(word: str) -> list[str]:
    """Splits a side from the word it is joined to: `lwrist`, `leftwrist`, `wristleft`."""
    if word.isdecimal():
        return [str(int(word))]
    word = _SYNONYMS.get(word, word)
    if word in _HANDS:
        return [_HANDS[word], "hand"]
    if word in _WORDS or word in _SIDES:
        return [_SIDES.get(word, word)]
    for short, side in _SIDES.items():
        for rest, words in ((word.removeprefix(short), 0), (word.removesuffix(short) if len(short) > 2 else word, 1)):
            rest = _SYNONYMS.get(rest, rest)  # noqa: PLW2901
            if rest != word and rest in _WORDS:
                return [rest, side] if words else [side, rest]
    return [word]


def body_point(words: list[str]) -> BodyPoint | None:
    """The point that the words name; None if one of them does not belong to the body, or the point is ambiguous.

    >>> body_point(["left", "hand", "3"])
    BodyPoint(part='left_hand', side='left', words=('3',))
    """
    sides = {word for word in words if word in _OTHER_SIDE}
    left = [word for word in words if word not in _IDLE and word not in _OTHER_SIDE]
    numbers = [word for word in left if word.isdecimal()]
    if len(sides) > 1 or len(numbers) > 1:
        return None
    side = next(iter(sides), "")
    part = "pose"
    if left[:1] in (["pose"], ["face"]) or left[-1:] == ["face"]:
        part = left.pop(0 if left[0] in ("pose", "face") else -1)
    elif ("hand" in left and (numbers or {*left} & {*_FINGER_WORDS, "wrist", "root"})) or (
        {*left} & _FINGER_WORDS and (numbers or {*left} & _FINGER_JOINTS)
    ):
        part = f"{side}_hand" if side else "hand"
        left = ["wrist" if word == "root" else word for word in left if word != "hand"]
    elif left == numbers:
        return None  # a number of what?
    if not left or not all(word in _WORDS or word.isdecimal() for word in left):
        return None
    return BodyPoint(part, side, tuple(left))


def partner_of(point: BodyPoint, face_points: int) -> BodyPoint | None:
    """The mirror partner of a point; None if its name does not determine it.

    Args:
      point: with its name instead of MediaPipe's number, if that is known.
      face_points: the size of the face model whose numbers the face has: `FACE` (MediaPipe), 68, 70, or 0 if unknown.
    """
    if point.side:
        return BodyPoint(_OTHER_PART.get(point.part, point.part), _OTHER_SIDE[point.side], point.words)
    if point.part == "face" and point.number is not None:
        if face_points == FACE and point.number < FACE:
            return point._replace(words=(str(FACE_PARTNERS[point.number]),))
        return point._replace(words=(str(face_partner(point.number)),)) if face_points in FACE_COUNTS else None
    return point if point.part in ("pose", "face") and {*point.words} & _MIDLINE else None

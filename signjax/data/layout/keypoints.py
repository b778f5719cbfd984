"""The 106 image keypoints that SignAvatars stores alongside the parameters of a body.

They are the SMPL-X joints that supervise the fitting, without the legs: 16 of the body, 48 of the face, and for each hand the wrist
and four points per finger, thumb first. Left and right are the signer's own.
Source: `joint_idx` in `common/utils/human_models.py` of the SignAvatars repository.
"""

from collections.abc import Iterator

from signjax.data.layout.parts import Layout, Part, Point

BODY = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow",
    "pelvis", "left_hip", "right_hip", "neck", "spine1", "spine2", "spine3",
)  # fmt: skip
_FACE, _HAND = 48, 21

_BODY_LINES = (
    ("left_ear", "left_eye"), ("left_eye", "nose"), ("nose", "right_eye"), ("right_eye", "right_ear"), ("nose", "neck"),
    ("neck", "left_shoulder"), ("neck", "right_shoulder"), ("left_shoulder", "left_elbow"),
    ("right_shoulder", "right_elbow"), ("neck", "spine3"), ("spine3", "spine2"), ("spine2", "spine1"),
    ("spine1", "pelvis"), ("pelvis", "left_hip"), ("pelvis", "right_hip"),
)  # fmt: skip
# Runs of the face's points, as (first, one after the last): outline, brows, ridge of the nose, its lower edge. Each except the
# ridge goes from one side of the face to the other, so its mirror image is the reversed run.
_OUTLINE, _BROWS, _LOWER_NOSE = (0, 17), (17, 27), (31, 36)
_EYES = 36  # six points each, numbered around
_EYE_PARTNERS = (9, 8, 7, 6, 11, 10, 3, 2, 1, 0, 5, 4)


def _body_partners() -> tuple[int, ...]:
    other = {"left": "right", "right": "left"}
    swapped = (name.split("_", 1) for name in BODY)
    return tuple(BODY.index("_".join([other.get(words[0], words[0]), *words[1:]])) for words in swapped)


def _face_partners() -> tuple[int, ...]:
    partners = list(range(_FACE))
    for first, end in (_OUTLINE, _BROWS, _LOWER_NOSE):
        partners[first:end] = reversed(range(first, end))
    partners[_EYES:] = [_EYES + partner for partner in _EYE_PARTNERS]
    return tuple(partners)


def _lines() -> Iterator[tuple[Point, Point]]:
    for start, stop in _BODY_LINES:
        yield ("body", BODY.index(start)), ("body", BODY.index(stop))
    for first, end in (_OUTLINE, (17, 22), (22, 27), (27, 31), _LOWER_NOSE, (_EYES, 42), (42, _FACE)):
        for point in range(first, end - 1):
            yield ("face", point), ("face", point + 1)
    for first in (_EYES, 42):
        yield ("face", first + 5), ("face", first)
    for side in ("left", "right"):
        yield ("body", BODY.index(f"{side}_elbow")), (f"{side}_hand", 0)
        for finger in range(1, _HAND, 4):
            for joint in range(finger, finger + 4):
                yield (f"{side}_hand", joint - 1 if joint > finger else 0), (f"{side}_hand", joint)


def keypoints_106() -> Layout:
    """Body, face, left hand, right hand, x and y in pixels: 212 channels."""
    parts = (
        Part("body", len(BODY), "xy", "body", _body_partners()),
        Part("face", _FACE, "xy", "face", _face_partners()),
        Part("left_hand", _HAND, "xy", "right_hand"),
        Part("right_hand", _HAND, "xy", "left_hand"),
    )
    return Layout(
        "keypoints_106",
        parts,
        mirrors=True,
        skeleton=tuple(_lines()),
        shoulders=(("body", BODY.index("left_shoulder")), ("body", BODY.index("right_shoulder"))),
        wrists=(("left_hand", 0), ("right_hand", 0)),
        head=("body", 0),
    )

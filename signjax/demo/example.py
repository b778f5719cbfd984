"""The clip that the page shows first: synthetic, in the layout of the model, so that the page has something to show anywhere.

Shapes: T frames, F channels, J joints of SMPL-X.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from signjax.data.clip import Clip, ClipInfo
from signjax.data.geometry.kinematics import forward_kinematics, joint_rotations
from signjax.data.geometry.rotations import axis_angle_to_6d
from signjax.data.layout import registry as layout_registry
from signjax.data.layout.landmarks import COUNTS
from signjax.data.layout.parts import COORDINATES, ROTATIONS, Layout, Part
from signjax.data.layout.smplx import smplx_with_signer
from signjax.data.synthetic.signing import Sign, make_signer, sign_clip, smooth_noise, vocabulary
from signjax.demo.landmarks import selections, unordered
from signjax.rng.numpy_streams import numpy_stream

NAME = "synthetic example"
_SIGNS = 24  # of the vocabulary that are looked through for one that the model knows
_SEED, _SIGNER = 0, 1000  # a signer that no corpus has
_FRAMES = 48  # of a clip of a layout that says nothing about a body

# The columns of `sign_clip`: its pose without the expression, the shape, the expression, the camera.
_COLUMNS = {
    "root": slice(0, 3), "body": slice(3, 66), "left_hand": slice(66, 111), "right_hand": slice(111, 156),
    "jaw": slice(156, 159), "shape": slice(159, 169), "expression": slice(169, 179), "camera": slice(179, 182),
}  # fmt: skip

# The pose landmarks of MediaPipe that are joints of SMPL-X, left and right.
_JOINTS = {11: 16, 12: 17, 13: 18, 14: 19, 15: 20, 16: 21, 23: 1, 24: 2, 25: 4, 26: 5, 27: 7, 28: 8, 31: 10, 32: 11}
# The others of the pose: a joint, and the offset from it in metres in the picture: x to the signer's left, y down.
_OFFSETS = {
    0: (15, (0.0, -0.03)), 1: (23, (-0.01, 0.0)), 2: (23, (0.0, 0.0)), 3: (23, (0.01, 0.0)), 4: (24, (0.01, 0.0)),
    5: (24, (0.0, 0.0)), 6: (24, (-0.01, 0.0)), 7: (15, (0.08, -0.03)), 8: (15, (-0.08, -0.03)), 9: (22, (0.02, 0.0)),
    10: (22, (-0.02, 0.0)),
    29: (7, (0.0, 0.03)), 30: (8, (0.0, 0.03)),
}  # fmt: skip
# The landmarks of the pose at the hands: their number in the hand.
_AT_HAND = {17: 17, 19: 5, 21: 2}
# The first joint of each finger in the order of MediaPipe's hand, thumb to little finger, after the first of the hand.
_FINGERS = (12, 0, 3, 9, 6)
_WRISTS = {"left_hand": (20, 25), "right_hand": (21, 40)}
_PICTURE = 1.5  # metres that the picture is wide and high
_MIDDLE = (0.5, 0.55)  # of the picture: where the chest is
_CHEST = 9


def example_clip(layout: Layout, heads: Mapping[str, Sequence[str]]) -> Clip:
    """A synthetic signer who signs a sign, one that the model knows where there is one.

    A layout of SMPL-X rotations or MediaPipe landmarks shows the sign; the channels of any other layout move at random. Landmarks
    of the face are left out.

    Args:
      layout: of the model's source; the frames have the order of its columns.
      heads: head -> class names; the clip is labelled where its sign is one of them.
    """
    sign, labels = _known_sign(heads)
    rng = numpy_stream(_SEED, "take", _SIGNER, 0, 0)
    made = sign_clip(sign, make_signer(_SIGNER, _SEED), rng)
    valid: np.ndarray | None = None
    if all(part.name in _COLUMNS and _fits(part) for part in layout.parts):
        frames, valid = _of_smplx(made, layout)
    elif any(one.landmarks != "face" for one in selections(layout) or ()):
        frames, valid = _of_landmarks(made, layout)
    else:
        frames, labels = smooth_noise(rng, (_FRAMES, layout.width), 1.0), {}
    return Clip(ClipInfo(NAME, "", labels), unordered(frames.astype(np.float32), layout), valid)


def _known_sign(heads: Mapping[str, Sequence[str]]) -> tuple[Sign, dict[str, str]]:
    """A sign of the vocabulary, and the heads that it is a class of."""
    signs = vocabulary(_SIGNS)
    for sign in signs:
        labels = {head: sign.gloss for head, classes in heads.items() if sign.gloss in classes}
        if labels:
            return sign, labels
    return signs[0], {}


def _fits(part: Part) -> bool:
    """Whether a part has as many points as the pose of SMPL-X."""
    columns = _COLUMNS[part.name]
    return part.points * (3 if part.kind in ROTATIONS else 1) == columns.stop - columns.start


def _of_smplx(made: Mapping[str, np.ndarray], layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    columns = []
    valid = np.ones((len(made["smplx"]), len(layout.parts)), bool)
    for index, part in enumerate(layout.parts):
        numbers = made["smplx"][:, _COLUMNS[part.name]]
        if part.kind == "rotation_6d":
            numbers = axis_angle_to_6d(numbers.reshape(len(numbers), part.points, 3)).reshape(len(numbers), -1)
        columns.append(numbers)
        if part.name in _WRISTS:
            valid[:, index] = made[part.name.replace("hand", "valid")]
    return np.concatenate(columns, axis=1), valid


def _of_landmarks(made: Mapping[str, np.ndarray], layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    """Frames and validity: the joints of a stick figure where MediaPipe has landmarks, as fractions of the picture."""
    body = smplx_with_signer()
    pose = np.concatenate([made["smplx"][:, _COLUMNS[part.name]] for part in body.parts], axis=1)
    joints = forward_kinematics(joint_rotations(pose.astype(np.float64), layout_registry.BUILT_IN[body.name]))
    joints = (joints - joints[:1, _CHEST, None]) / _PICTURE + [*_MIDDLE, 0.0]
    found = {hand: _hand(joints, wrist, first) for hand, (wrist, first) in _WRISTS.items()}
    found["pose"] = _pose(joints, found)
    columns, valid = [], []
    for part, one in zip(layout.parts, selections(layout) or (), strict=True):
        seen = np.ones(len(joints), bool)
        if one.landmarks in _WRISTS:
            seen = made[one.landmarks.replace("hand", "valid")]
        elif one.landmarks == "face":
            seen = np.zeros(len(joints), bool)
        points = found.get(one.landmarks, np.zeros((len(joints), COUNTS["face"] + 10, 3)))[:, list(one.numbers)]
        numbers = points[..., : part.channels_per_point] if part.kind in COORDINATES else np.ones(points.shape[:2])
        columns.append(np.where(seen[:, None], numbers.reshape(len(joints), part.channels), 0))
        valid.append(seen)
    return np.concatenate(columns, axis=1), np.stack(valid, axis=1)


def _hand(joints: np.ndarray, wrist: int, first: int) -> np.ndarray:
    """(T, 21, 3): wrist, and three joints and the tip of each finger."""
    points = [joints[:, wrist]]
    for finger in _FINGERS:
        segment = joints[:, first + finger : first + finger + 3]
        tip = segment[:, 2] + 0.9 * (segment[:, 2] - segment[:, 1])
        points += [*np.moveaxis(segment, 1, 0), tip]
    return np.stack(points, axis=1)


def _pose(joints: np.ndarray, hands: Mapping[str, np.ndarray]) -> np.ndarray:
    """(T, 33, 3)."""
    points = np.zeros((len(joints), COUNTS["pose"], 3))
    for number, joint in _JOINTS.items():
        points[:, number] = joints[:, joint]
    for number, (joint, offset) in _OFFSETS.items():
        points[:, number] = joints[:, joint] + [*(np.array(offset) / _PICTURE), 0.0]
    for number, of_hand in _AT_HAND.items():
        points[:, number], points[:, number + 1] = (hands[hand][:, of_hand] for hand in _WRISTS)
    return points

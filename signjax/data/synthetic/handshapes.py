"""Handshapes of HamNoSys as joint rotations of a right hand of SMPL-X.

A hand is (15, 3): index, middle, little, ring finger, thumb, each with three joints, axis-angle in radians. Bending is about z,
towards the palm; spreading about y.
"""

from collections.abc import Iterator

import numpy as np

from signjax.data.hamnosys.combinators import Leaf, Node

# Base -> bending of thumb, index, middle, ring, little finger (0 straight, 1 bent), and how far they are spread.
_BASES = {
    "fist": ((0.5, 1.0, 1.0, 1.0, 1.0), 0.0),
    "flat hand": ((0.1, 0.0, 0.0, 0.0, 0.0), 0.0),
    "index finger": ((0.5, 0.0, 1.0, 1.0, 1.0), 0.0),
    "two fingers": ((0.5, 0.0, 0.0, 1.0, 1.0), 0.0),
    "two fingers spread": ((0.5, 0.0, 0.0, 1.0, 1.0), 0.4),
    "four fingers spread": ((0.1, 0.0, 0.0, 0.0, 0.0), 0.4),
    "pinch": ((0.6, 0.6, 1.0, 1.0, 1.0), 0.0),
    "pinch of all fingers": ((0.6, 0.6, 0.6, 0.6, 0.6), 0.0),
    "open pinch": ((0.6, 0.6, 0.0, 0.0, 0.0), 0.3),
    "C of thumb and index": ((0.3, 0.35, 1.0, 1.0, 1.0), 0.0),
    "C of all fingers": ((0.3, 0.35, 0.35, 0.35, 0.35), 0.0),
    "open C": ((0.3, 0.35, 0.0, 0.0, 0.0), 0.3),
}
# Thumb -> rotation of its first joint about x, y and z.
_THUMBS = {"out": (0.0, -0.7, 0.0), "across": (0.5, 0.6, 0.3), "open": (-0.6, 0.2, -0.3)}
# Bending -> the three joints of a finger that the base leaves straight.
_BENDINGS = {
    "straight": (0.7, 0.0, 0.0),
    "bent": (0.9, 0.5, 0.2),
    "hooked": (0.0, 1.3, 0.9),
    "double bent": (1.2, 0.9, 0.4),
    "double hooked": (0.5, 1.6, 1.2),
}
_FULL_BEND = (1.4, 1.6, 1.0)  # radians of the three joints
_FINGERS = ("thumb", "index", "middle finger", "ring finger", "little finger")
_POSITIONS = {"index": 0, "middle finger": 1, "little finger": 2, "ring finger": 3, "thumb": 4}
_STRAIGHT = 0.3  # a base that bends a finger by less than this leaves it straight


def hand_pose(handshape: Node) -> np.ndarray:
    """The (15, 3) pose of a `handshape` node; a shape between two is half-way."""
    return np.mean([_shape_pose(shape) for shape in _shapes(handshape)], axis=0)


def relaxed(amount: float) -> np.ndarray:
    """(15, 3): all fingers bent slightly."""
    pose = np.zeros((5, 3, 3))
    pose[..., 2] = amount * np.array(_FULL_BEND)
    return pose.reshape(15, 3)


def _shapes(node: Node) -> Iterator[Node]:
    return (child for child in node.children if isinstance(child, Node) and child.kind == "shape")


def _shape_pose(shape: Node) -> np.ndarray:
    own = {child.symbol.role: child.symbol.words for child in shape.children if isinstance(child, Leaf)}
    bends, spread = _BASES[own["base"]]
    straight = {name for name, bend in zip(_FINGERS[1:], bends[1:], strict=True) if bend < _STRAIGHT}
    pose = np.zeros((5, 3, 3))
    for number, (name, bend) in enumerate(zip(_FINGERS, bends, strict=True)):
        finger = pose[_POSITIONS[name]]
        finger[:, 2] = bend * np.array(_FULL_BEND)
        finger[0, 1] = spread * (number - 2.5) * 0.5 * (number > 0)
    if "bending" in own:
        for name in straight or set(_FINGERS[1:]):
            pose[_POSITIONS[name], :, 2] = _BENDINGS[own["bending"]]
    for child in shape.children:
        if isinstance(child, Node):
            _bend_single(pose, child)
    if "thumb" in own:
        pose[_POSITIONS["thumb"], 0] += _THUMBS[own["thumb"]]
    return pose.reshape(15, 3)


def _bend_single(pose: np.ndarray, node: Node) -> None:
    """Applies details of single fingers: one with a bending gets it, one without is straight; touching fingers lean together."""
    leaves = list(node.leaves())
    fingers = [leaf.symbol.words for leaf in leaves if leaf.symbol.role == "finger"]
    bending = next((leaf.symbol.words for leaf in leaves if leaf.symbol.role == "bending"), None)
    for name in fingers:
        if node.kind == "fingers touching":
            pose[_POSITIONS[name], 0, 1] *= -0.5
            pose[_POSITIONS[name], 1, 2] += 0.4
        else:
            pose[_POSITIONS[name], :, 2] = (0.0, 0.0, 0.0) if bending is None else _BENDINGS[bending]

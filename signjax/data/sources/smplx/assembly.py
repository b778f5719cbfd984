"""Parameters under their names -> the channels of a layout.

Shapes: T frames, F channels, P parts of the layout.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from signjax.data.layout.parts import Layout
from signjax.data.layout.smplx import BODY_JOINTS
from signjax.data.sources.shared.masked import as_array
from signjax.data.sources.smplx.coefficients import coefficients
from signjax.data.sources.smplx.joint_rotations import Rotations, expected, read_rotations, readings, shape_of
from signjax.data.sources.smplx.names import parameters
from signjax.data.sources.smplx.refusals import hands_alone, is_mano, latent_body, principal_components
from signjax.data.sources.smplx.unusable import UnusableBodyError
from signjax.data.sources.smplx.whole_poses import PARTS_OF_POSE

_HAND = 15
_PARTS_OF: dict[str, tuple[tuple[tuple[str, int], ...], ...]] = {
    "whole": tuple(PARTS_OF_POSE.values()),
    "body": tuple(PARTS_OF_POSE.values()),
    "root": ((("root", 1),),),
    "hands": ((("left_hand", _HAND), ("right_hand", _HAND)),),
    "left_hand": ((("left_hand", _HAND),),),
    "right_hand": ((("right_hand", _HAND),),),
    "jaw": ((("jaw", 1),),),
}
_HANDS = ("left_hand", "right_hand", "hands")
_BODIES = ("body", "whole")
_JOINTS_OF = {
    "whole": "21 to 55 joints",
    "body": "21 to 55 joints",
    "root": "1 joint",
    "hands": "30 joints",
    "jaw": "1 joint",
}
_LEFT_ELBOW, _RIGHT_ELBOW = BODY_JOINTS.index("left_elbow"), BODY_JOINTS.index("right_elbow")
# Elbows that bend the wrong way by more than this, in radians, both added, in nearly all frames, belong to inverse rotations.
_WRONG_WAY = 0.2
_NEARLY_ALL = 0.95


class Body(NamedTuple):
    """The frames of a clip.

    Attributes:
      frames: (T, F), in the order of the layout; 0 where nothing is known.
      valid: bool (T, P), which parts are known.
    """

    frames: np.ndarray
    valid: np.ndarray


def has_pose(content: Any) -> bool:
    """Whether a value is a dict with the pose of a body or of hands."""
    names = parameters(content) if isinstance(content, Mapping) else {}
    if not names.keys().isdisjoint(("body", *_HANDS)):
        return True
    shape = shape_of(content[names["whole"]]) if "whole" in names else None
    return bool(_readings("whole", shape)) or is_mano(shape)


def frame_count(content: Mapping[Any, Any]) -> int | None:
    """The number of frames T, from shapes alone; None if they do not tell."""
    names = parameters(content)
    counts: set[int] = set()
    for what in (*_BODIES, "root", *_HANDS):
        possible = set(_readings(what, shape_of(content[names[what]]))) if what in names else set()
        counts = (counts & possible) or counts or possible
    return max(counts, default=None)


def missing_parts(content: Mapping[Any, Any], layout: Layout) -> list[str]:
    """The parts of the layout that the content does not have, from shapes alone."""
    names = parameters(content)
    there = names.keys() - {*_BODIES}
    for what in _PARTS_OF.keys() & names.keys():
        there |= {part for parts, _ in _readings(what, shape_of(content[names[what]])).values() for part, _ in parts}
    return [part for part in layout.part_names if part not in there]


def assemble(content: Mapping[Any, Any], layout: Layout) -> Body:
    """The channels of the layout; parts that the content does not have are zero and not valid.

    Raises:
      UnusableBodyError: the parameters are not those of a body, or have other shapes.
    """
    names = parameters(content)
    if names.keys().isdisjoint(_BODIES):
        raise hands_alone(names.values())
    count, parts = _poses(content, names)
    for what in ("expression", "shape", "camera"):
        if what in names and what in layout.part_names:
            parts[what] = coefficients(names[what], content[names[what]], count, layout.part(what).channels)
    frames, valid = np.zeros((count, layout.width), np.float32), np.zeros((count, len(layout.parts)), bool)
    for index, (part, channels) in enumerate(layout.runs()):
        if part.name in parts:
            frames[:, channels] = parts[part.name].reshape(-1, part.channels)
            valid[:, index] = True
    return Body(frames, valid)


def _poses(content: Mapping[Any, Any], names: Mapping[str, str]) -> tuple[int, dict[str, np.ndarray]]:
    """The number of frames, and the rotation vectors (T or 1, J, 3) of each part."""
    count = _common_count(content, names)
    found: dict[str, Rotations] = {}
    # A whole pose comes first: what is also stored on its own replaces its part.
    for what in _PARTS_OF:
        if what not in names:
            continue
        name, shape = names[what], shape_of(content[names[what]])
        options = _readings(what, shape)
        # A jaw that never moves may be stored once.
        frames = 1 if what == "jaw" and count not in options else count
        if frames not in options:
            # Of two poses of the body, one may be a code; hands may be principal components beside a whole pose.
            if what in _BODIES or (what in _HANDS and "left_hand" in found and "right_hand" in found):
                continue
            raise _misfit(what, name, shape, count, options)
        parts, numbers = options[frames]
        rotations = read_rotations(name, as_array(content[name]), sum(joints for _, joints in parts), numbers)
        start = 0
        for part, joints in parts:
            found[part] = rotations._replace(vectors=rotations.vectors[:, start : start + joints])
            start += joints
    # The rotation of two rows is the inverse of that of the same numbers as columns, and has the opposite vector.
    body = found["body"]
    turned = body.rows_or_columns and _bends_backwards(body.vectors)
    return count, {
        part: -rotations.vectors if turned and rotations.rows_or_columns else rotations.vectors
        for part, rotations in found.items()
    }


def _bends_backwards(body: np.ndarray) -> bool:
    """Whether the elbows bend the wrong way: the left one bends about -y, the right one about y.

    Args:
      body: (T, 21, 3).
    """
    bend = body[:, _RIGHT_ELBOW, 1] - body[:, _LEFT_ELBOW, 1]
    return len(bend) > 0 and float((bend < -_WRONG_WAY).mean()) >= _NEARLY_ALL


def _common_count(content: Mapping[Any, Any], names: Mapping[str, str]) -> int:
    """The number of frames that body and root have."""
    shapes = {what: shape_of(content[names[what]]) for what in (*_BODIES, "root") if what in names}
    counts = {what: set(_readings(what, shape)) for what, shape in shapes.items()}
    readable = [what for what in _BODIES if counts.get(what)]
    if not readable:
        what = next(what for what in _BODIES if what in names)
        name, shape = names[what], shapes[what]
        if is_mano(shape):
            raise hands_alone([name])
        raise latent_body(name, shape) or expected(name, shape, _JOINTS_OF[what])
    if "root" in names:
        if not counts["root"]:
            raise expected(names["root"], shapes["root"], _JOINTS_OF["root"])
        readable.append("root")
    common = set.intersection(*(counts[what] for what in readable))
    if not common:
        told = " and ".join(f"'{names[what]}' {shapes[what]}" for what in readable)
        raise UnusableBodyError(
            "wrong_width", f"{told} do not have the same number of frames; each needs one row per frame"
        )
    return max(common)


def _readings(what: str, shape: tuple[int, ...] | None) -> dict[int, tuple[tuple[tuple[str, int], ...], int]]:
    """Every reading of a parameter: number of frames -> its parts, and the numbers per rotation."""
    return {
        count: (parts, numbers)
        for parts in _PARTS_OF[what]
        for count, numbers in readings(shape, sum(joints for _, joints in parts)).items()
    }


def _misfit(
    what: str, name: str, shape: tuple[int, ...] | None, count: int, options: Mapping[int, object]
) -> UnusableBodyError:
    joints = _JOINTS_OF.get(what, f"{_HAND} joints")
    if what in _HANDS and shape is not None:
        found = principal_components(name, shape, count, 1 if what != "hands" else 2)
        if found is not None:
            return found
    if options:
        detail = f"'{name}' {shape} has {max(options)} frames, the body has {count}; both need one row per frame"
        return UnusableBodyError("wrong_width", detail)
    return expected(name, shape, joints)

"""The layout of a `.pose` file, from the components in its header: their parts, mirror partners and connecting lines."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from signjax.data.layout import landmarks
from signjax.data.layout.landmarks import LandmarkPart, landmark_layout
from signjax.data.layout.parts import Layout, Part, Point
from signjax.data.layout.point_names import FACE_COUNTS, HAND_NAMES, POSE_NAMES, face_partner


class Component(NamedTuple):
    """One component of a header: its name, the names of its points, and the pairs of points connected by a line."""

    name: str
    points: tuple[str, ...]
    limbs: tuple[tuple[int, int], ...]


def component(found: Any) -> Component:
    """A component from its form in the package `pose-format`."""
    limbs = tuple((int(start), int(end)) for start, end in found.limbs)
    return Component(str(found.name), tuple(map(str, found.points)), limbs)


class Choice(NamedTuple):
    """What is used of a file.

    Attributes:
      layout: the layout of the points that are used.
      points: their indices among all points of the file.
      names: for each part of the layout, the names of its points, by which files are compared.
    """

    layout: Layout
    points: tuple[int, ...]
    names: tuple[tuple[str, ...], ...]


# MediaPipe Holistic, in the order of layout `holistic`. POSE_WORLD_LANDMARKS, which repeats the pose, is left out.
_HOLISTIC = {
    "FACE_LANDMARKS": "face",
    "LEFT_HAND_LANDMARKS": "left_hand",
    "POSE_LANDMARKS": "pose",
    "RIGHT_HAND_LANDMARKS": "right_hand",
}
# Left and right in the name of a point: a letter before a capital, as in OpenPose, or the whole word.
_SIDE = re.compile(r"^[LR](?=[A-Z][a-z])|[Ll]eft|LEFT|[Rr]ight|RIGHT")
_OTHER = {"l": "r", "r": "l", "left": "right", "right": "left"}


def choose(components: Sequence[Component], dimensions: int) -> Choice:
    """The layout of a file with these components, whose points have 2 or 3 coordinates.

    Components of MediaPipe Holistic form layout `holistic`, or a selection of its landmarks. For any other tracker, each component
    is a separate part; the layout can be mirrored if the names of the points tell left from right.

    Raises:
      ValueError: no component has known points, or points do not have 2 or 3 coordinates.
    """
    if dimensions not in (2, 3):
        raise ValueError(f"points must have 2 or 3 coordinates; found {dimensions}")
    kind = "xy" if dimensions == 2 else "xyz"
    if any(component.name in _HOLISTIC for component in components):
        return _holistic(components, kind)
    if not any(component.points for component in components):
        raise ValueError("its header has no points")
    return _other(components, kind)


def _starts(components: Sequence[Component]) -> list[int]:
    """The index of the first point of each component among all points."""
    starts = [0]
    for component in components:
        starts.append(starts[-1] + len(component.points))
    return starts


def _holistic(components: Sequence[Component], kind: str) -> Choice:
    of = {component.name: (component, start) for component, start in zip(components, _starts(components), strict=False)}
    parts: list[LandmarkPart] = []
    positions: list[int] = []
    names: list[tuple[str, ...]] = []
    for name, landmark in _HOLISTIC.items():
        if name not in of:
            continue
        component, start = of[name]
        numbers = sorted(
            (number, start + position)
            for position, point in enumerate(component.points)
            if (number := _number(landmark, point)) is not None
        )
        if not numbers:
            continue
        indices = tuple(number for number, _ in numbers)
        whole = indices == tuple(range(landmarks.COUNTS[landmark]))
        parts.append(LandmarkPart(landmark, kind, None if whole else indices))
        names.append(tuple(map(str, indices)))
        positions += [position for _, position in numbers]
    if not parts:
        raise ValueError("none of its points has the name of a MediaPipe landmark")
    built_in = landmarks.holistic(kind)
    layout = landmark_layout(built_in.name, parts)
    if layout != built_in:
        layout = landmark_layout("pose_file", parts)
    return Choice(layout, tuple(positions), tuple(names))


def _number(landmark: str, point: str) -> int | None:
    """MediaPipe's number for a point; None for a point that is not in the layouts, such as those of the irises."""
    if landmark == "face":
        return int(point) if point.isdecimal() and int(point) < landmarks.FACE else None
    names = POSE_NAMES if landmark == "pose" else HAND_NAMES
    return names.index(point) if point in names else None


def _other(components: Sequence[Component], kind: str) -> Choice:
    components = [component for component in components if component.points]
    names = _part_names(components)
    parts, mirrors = [], True
    for component, name in zip(components, names, strict=True):
        partner = _other_side(name)
        if partner != name:
            there = components[names.index(partner)] if partner in names else None
            whole = there is not None and len(there.points) == len(component.points)
            parts.append(Part(name, len(component.points), kind, partner if whole else name))
        else:
            partners = _point_partners(component.points)
            whole = partners is not None
            parts.append(Part(name, len(component.points), kind, name, partners))
        mirrors &= whole
    found = {
        _plain(point): (name, position)
        for component, name in zip(components, names, strict=True)
        for position, point in enumerate(component.points)
    }

    def first(*candidates: str) -> Point | None:
        return next((found[candidate] for candidate in candidates if candidate in found), None)

    lines: list[tuple[Point, Point]] = [
        ((name, start), (name, end))
        for component, name in zip(components, names, strict=True)
        for start, end in component.limbs
    ]
    wrists = None
    if "left_hand" in names and "right_hand" in names:
        wrists = (("left_hand", 0), ("right_hand", 0))
        for side, hand in zip(("left", "right"), wrists, strict=True):
            wrist = first(f"{side}wrist")
            lines += [(wrist, hand)] if wrist is not None else []
    shoulders = (first("leftshoulder"), first("rightshoulder"))
    layout = Layout(
        "pose_file",
        tuple(parts),
        mirrors=mirrors,
        skeleton=tuple(lines),
        shoulders=None if shoulders[0] is None or shoulders[1] is None else (shoulders[0], shoulders[1]),
        wrists=wrists,
        head=first("nose"),
    )
    points = tuple(range(sum(len(component.points) for component in components)))
    return Choice(layout, points, tuple(component.points for component in components))


def _part_names(components: Sequence[Component]) -> list[str]:
    """`left_hand`, `right_hand`, `face`, `body`, or the component's own name in lower case; each once."""
    names: list[str] = []
    for component in components:
        own = re.sub(r"\W+", "_", component.name.lower()).strip("_")
        side = next((side for side in ("left", "right") if side in own), None)
        name = next(
            (
                known
                for known, words in (("face", ("face",)), ("body", ("body", "pose")))
                if any(w in own for w in words)
            ),
            own,
        )
        if "hand" in own and side is not None:
            name = f"{side}_hand"
        names.append(name if name not in names else own if own not in names else f"{own}_{len(names)}")
    return names


def _plain(point: str) -> str:
    """A point's name without separators, with its side written out."""
    written = re.sub(r"^L(?=[A-Z][a-z])", "left", re.sub(r"^R(?=[A-Z][a-z])", "right", point))
    return re.sub(r"[\W_]+", "", written.lower())


def _other_side(name: str) -> str:
    def swapped(match: re.Match[str]) -> str:
        old = match.group()
        new = _OTHER[old.lower()]
        return new.upper() if old.isupper() else new.capitalize() if old[0].isupper() else new

    return _SIDE.sub(swapped, name)


def _point_partners(points: tuple[str, ...]) -> tuple[int, ...] | None:
    """The mirror partner of each point; None if it cannot be determined."""
    if len(points) in FACE_COUNTS and all(re.search(r"\d+$", point) for point in points):
        return tuple(face_partner(point) for point in range(len(points)))
    others = [_other_side(point) for point in points]
    # Numbers in names without a side may count along a line from one side to the other.
    counted = any(other == point and point[-1:].isdecimal() for other, point in zip(others, points, strict=True))
    if counted or set(others) != set(points) or len(set(points)) < len(points) or others == list(points):
        return None
    return tuple(points.index(other) for other in others)

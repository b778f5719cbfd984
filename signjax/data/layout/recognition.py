"""The layout that the names of channels describe: `pose11.x`, `LEFT_WRIST_y`, `ShoulderLeft.z`, `x_left_hand_0`.

Nothing is guessed. A channel whose name is not that of a body point stays a plain number. If a shoulder or the partner of a point
is missing, clips are not centred on the shoulders or not mirrored, and the reason says so.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from signjax.data.layout.landmarks import COUNTS, FACE, HAND, POSE, LandmarkPart, landmark_layout
from signjax.data.layout.named_parts import Points, layout_of_points
from signjax.data.layout.parts import COORDINATES, ChosenLayout, Layout, Part
from signjax.data.layout.point_names import FACE_COUNTS, HAND_NAMES, POSE_NAMES, BodyPoint, body_point, words_of
from signjax.data.layout.registry import BUILT_IN, generic
from signjax.errors import first_few

_AXES = ("x", "y", "z")
_KINDS = {frozenset("xy"): "xy", frozenset("xyz"): "xyz"}
# Spellings of the numbers of a point that are not coordinates.
_SCALARS = {
    "visibility": "visibility", "vis": "visibility", "v": "visibility", "presence": "presence", "confidence": "confidence",
    "conf": "confidence", "c": "confidence", "score": "confidence", "likelihood": "confidence",
}  # fmt: skip
# Fewer points cannot be centred on their own mean, which would remove the position of the hand.
_FEWEST_POINTS = 5
UNNAMED = (
    "name the channels in an array 'channels' (for example 'pose11.x', 'left_hand0.y', 'ShoulderLeft.x'), or choose a layout with "
    "--config.data.layout (docs/data.md)"
)
_GENERIC = "so nothing is centred, mirrored or masked"


class _Channel(NamedTuple):
    point: BodyPoint
    number: str  # x, y, z, or a value of `_SCALARS`


def recognize(names: Sequence[str]) -> ChosenLayout:
    """The layout of frames whose channels have these names, and why it was chosen.

    It is a built-in layout if the names are those of its points, with `columns` if they are in another order, and `generic` if no
    name is that of a body point.
    """
    channels = _only_once([_channel(name) for name in names])
    points = _by_mediapipe(_points(channels))
    left_over = sorted({*range(len(names))} - {column for columns in points.values() for column in columns.values()})
    if not any(kind in COORDINATES for kind, _ in _parts(points).values()):
        return unknown(len(names), f"no channel name is that of a body point ({first_few(list(names))})")
    found = None if left_over else _built_in(points)
    if found is not None:
        layout, columns = found
        return ChosenLayout(_ordered(layout, columns, names), f"all {len(names)} channel names match")
    return _described(points, left_over, names)


def unknown(width: int, why: str) -> ChosenLayout:
    """Layout `generic`, with what it lacks and what to do about it."""
    fitting = [layout.name for layout in BUILT_IN.values() if layout.width == width]
    hint = f"; of the built-in layouts, {' and '.join(fitting)} would fit" if fitting else ""
    return ChosenLayout(generic(width), f"{why}, {_GENERIC}: {UNNAMED}{hint}")


def _channel(name: str) -> _Channel | None:
    """The point and the coordinate (or other number) that a name refers to; x, y or z may be anywhere in the name."""
    words = words_of(name)
    axes = [at for at, word in enumerate(words) if word in _AXES]
    if not axes:
        axes = [at for at in (len(words) - 1, 0) if words and words[at] in _SCALARS][:1]
    if len(axes) != 1:
        return None
    number = words.pop(axes[0])
    point = body_point(words)
    return None if point is None else _Channel(point, _SCALARS.get(number, number))


def _only_once(channels: Sequence[_Channel | None]) -> list[_Channel | None]:
    """The channels, without those that share a name, which are ambiguous."""
    count: dict[_Channel | None, int] = defaultdict(int)
    for channel in channels:
        count[channel] += 1
    return [channel if count[channel] == 1 else None for channel in channels]


def _points(channels: Sequence[_Channel | None]) -> Points:
    """Point -> x, y, z or scalar -> column; parts whose points do not all have the same coordinates are left out.

    A single hand without a side is called the right hand, as in the layouts of one hand; it has no partner.
    """
    found: Points = defaultdict(dict)
    for column, channel in enumerate(channels):
        if channel is not None:
            found[channel.point][channel.number] = column
    if any(point.part == "hand" for point in found) and not any(point.part.endswith("_hand") for point in found):
        unsided = [point for point in found if point.part == "hand" or point == ("pose", "", ("wrist",))]
        found = {point._replace(part="right_hand") if point in unsided else point: of for point, of in found.items()}
    axes: dict[str, set[frozenset[str]]] = defaultdict(set)
    for point, of in found.items():
        if coordinates := frozenset(of) & {*_AXES}:
            axes[point.part].add(coordinates)
    uneven = {part for part, kinds in axes.items() if len(kinds) > 1 or not kinds <= _KINDS.keys()}
    return {point: of for point, of in found.items() if point.part not in uneven and point.part in axes}


def _parts(points: Points) -> dict[str, tuple[str, list[BodyPoint]]]:
    """Part -> its kind, and its points that have coordinates, in order."""
    found: dict[str, tuple[str, list[BodyPoint]]] = {}
    for point, of in points.items():
        kind = _KINDS.get(frozenset(of) & {*_AXES})
        if kind is not None:
            found.setdefault(point.part, (kind, []))[1].append(point)
    return found


def _by_mediapipe(points: Points) -> Points:
    """The points, with numbers that can only be MediaPipe's replaced by its names.

    33 numbers of a pose are MediaPipe's, 21 numbers of a hand mean the same in all trackers; 0 to 24 of a pose may be OpenPose's.
    """
    numbers: dict[str, list[int]] = defaultdict(list)
    for point in points:
        if point.number is not None:
            numbers[point.part].append(point.number)
    meant: dict[str, Mapping[int, BodyPoint]] = {}
    for part, found in numbers.items():
        first, count = min(found), len(found)
        if first > 1 or sorted(found) != list(range(first, first + count)):
            continue
        if part == "pose" and count == POSE:
            names = [body_point(words_of(name)) for name in POSE_NAMES]
        elif part in ("left_hand", "right_hand") and count == HAND:
            names = [BodyPoint(part, part.split("_")[0], words) for words in _HAND_WORDS]
        elif part == "face" and first == 1 and count in (FACE, *FACE_COUNTS):
            names = [BodyPoint(part, "", (str(number),)) for number in range(count)]
        else:
            continue
        meant[part] = {first + at: name for at, name in enumerate(names) if name is not None}
    return {meant.get(p.part, {}).get(p.number, p) if p.number is not None else p: of for p, of in points.items()}


_HAND_WORDS = [tuple(word for word in words_of(name) if word != "finger") for name in HAND_NAMES]
_POSE_NUMBERS = {body_point(words_of(name)): number for number, name in enumerate(POSE_NAMES)}


def _landmark(point: BodyPoint) -> int | None:
    """MediaPipe's number for a point; None if it has none."""
    if point.part == "face":
        return point.number if point.number is not None and point.number < FACE else None
    if point.part == "pose":
        return _POSE_NUMBERS.get(point)
    return _HAND_WORDS.index(point.words) if point.words in _HAND_WORDS else None


def _built_in(points: Points) -> tuple[Layout, list[int]] | None:
    """The built-in layout of exactly these points, and the column of each of its channels."""
    kinds = {name: (kind, len(chosen)) for name, (kind, chosen) in _parts(points).items()}
    seen = [point for point, of in points.items() if "visibility" in of]
    if seen:
        kinds["visibility"] = ("scalar", len(seen))
    numbered = {(point.part, _landmark(point)): of for point, of in points.items()}
    if len(numbered) < len(points) or {number for of in points.values() for number in of} - {*_AXES, "visibility"}:
        return None
    for layout in BUILT_IN.values():
        if {part.name: (part.kind, part.points) for part in layout.parts} != kinds:
            continue
        columns: list[int] = []
        parts: list[LandmarkPart] = []
        for part in layout.parts:
            source = "pose" if part.name == "visibility" else part.name
            numbers = sorted(number for name, number in numbered if name == source and number is not None)
            if len(numbers) != part.points:
                break
            axes = part.kind if part.kind in COORDINATES else ("visibility",)
            whole = numbers == list(range(COUNTS[source]))
            parts.append(LandmarkPart(source, part.kind, None if whole else tuple(numbers)))
            columns += [numbered[source, number].get(axis, -1) for number in numbers for axis in axes]
        else:
            found = landmark_layout(layout.name, parts)
            if -1 not in columns and (found == layout or _same_but_face(found, layout, parts)):
                return layout, columns
    return None


def _same_but_face(found: Layout, layout: Layout, parts: Sequence[LandmarkPart]) -> bool:
    """Whether two layouts differ only in the face, whose points are numbered from 0 in the order of the built-in layout."""
    face = next((part for part in parts if part.landmarks == "face"), None)
    if face is None or face.indices != tuple(range(len(face.numbers))):
        return False
    of_face = layout.part("face")
    return tuple(of_face if part.name == "face" else part for part in found.parts) == layout.parts


def _ordered(layout: Layout, columns: Sequence[int], names: Sequence[str]) -> Layout:
    """The layout with the column and the name of each channel."""
    if len(set(names)) < len(names):
        return layout if [*columns] == [*range(len(names))] else replace(layout, columns=tuple(columns))
    return replace(layout, names=tuple(names[column] for column in columns)).in_columns(names)


def _described(points: Points, left_over: Sequence[int], names: Sequence[str]) -> ChosenLayout:
    """A layout of the named points, and what it lacks."""
    parts = _parts(points)
    layout, columns = layout_of_points(points, parts)
    lacks = []
    if layout.shoulders is None and sum(len(chosen) for _, chosen in parts.values()) < _FEWEST_POINTS:
        listed = first_few([names[column] for column in columns])
        return unknown(len(names), f"{listed} are too few points to be centred and scaled by")
    if left_over:
        lacks.append(
            f"{len(left_over)} channels are kept unchanged because their names are not coordinates of body points "
            f"({first_few([names[column] for column in left_over])})"
        )
        layout = replace(layout, mirrors=False, parts=(*layout.parts, Part("other", len(left_over), "scalar", "other")))
    if not layout.mirrors:
        why = "what a mirror does to those is unknown" if left_over else "some points have no partner on the other side"
        lacks.append(f"not mirrored because {why}")
    if layout.shoulders is None:
        lacks.append("no left and right shoulder, so clips are centred and scaled by all of their points")
    listed = ", ".join(f"{part.name} {part.points} x {part.kind}" for part in layout.parts if part.name != "other")
    said = f"{len(names) - len(left_over)} of {len(names)} channel names are those of body points: {listed}"
    return ChosenLayout(_ordered(layout, [*columns, *left_over], names), "; ".join([said, *lacks]))

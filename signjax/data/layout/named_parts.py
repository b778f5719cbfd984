"""Builds a layout from named body points: parts, mirror partners, a stick figure, shoulders and wrists."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from signjax.data.layout.landmarks import FACE, edges
from signjax.data.layout.parts import COORDINATES, Layout, Part, Point
from signjax.data.layout.point_names import FACE_COUNTS, BodyPoint, partner_of

NAME = "named_channels"
# Point -> x, y, z, or another number of it -> its column in the file.
Points = dict[BodyPoint, dict[str, int]]
# Part -> its kind, and its points in order.
Parts = Mapping[str, tuple[str, Sequence[BodyPoint]]]

_SIDES = ("left", "right")
_FINGERS = ("thumb", "index", "middle", "ring", "pinky")
# Joints to connect by lines, in order, each with its possible names; joints that do not exist are skipped.
_MIDDLE = (
    ("nose", "head"),
    ("neck",),
    ("spine shoulder", "shoulder center"),
    ("spine center", "chest", "spine", "torso"),
)
_PELVIS = ("pelvis", "center hip", "hip center", "spine base")
_ARM = (("neck", "spine shoulder", "shoulder center"), ("shoulder",), ("elbow",), ("wrist",), ("hand",))
_LEG = (_PELVIS, ("hip",), ("knee",), ("ankle",), ("foot",))


def layout_of_points(points: Points, parts: Parts) -> tuple[Layout, list[int]]:
    """The layout of all numbers of these points, and the column of each of its channels.

    It can be mirrored if every point has a partner and at least one partner is another point. Numbers that are not coordinates,
    such as visibility, form separate parts.
    """
    chosen_of = dict(parts)
    for number in dict.fromkeys(number for of in points.values() for number in of if number not in ("x", "y", "z")):
        chosen_of[number] = ("scalar", [point for point, of in points.items() if number in of])
    face = _face_points([point.number for point in points if point.part == "face"])
    made, columns, complete = [], [], True
    for name, (kind, chosen) in chosen_of.items():
        partner, partners = _partners(name, chosen_of, face)
        complete &= partners is not None
        made.append(Part(name, len(chosen), kind, partner, None if partners == (*range(len(chosen)),) else partners))
        numbers = tuple(kind) if kind in COORDINATES else (name,)
        columns += [points[point][number] for point in chosen for number in numbers]
    place = {point: (name, at) for name, (_, chosen) in parts.items() for at, point in enumerate(chosen)}
    layout = Layout(
        NAME,
        tuple(made),
        mirrors=complete and any(partner_of(point, face) != point for point in points),
        skeleton=tuple(dict.fromkeys(_lines(place, parts, face))),
        shoulders=_both(*(_joint(place, side, ("shoulder",)) for side in _SIDES)),
        wrists=_both(*(_wrist(place, side) for side in _SIDES)),
        head=_joint(place, "", _MIDDLE[0]),
    )
    return layout, columns


def _face_points(numbers: Sequence[int | None]) -> int:
    """The size of the face model that these numbers are from; 0 if unknown."""
    found = sorted(number for number in numbers if number is not None)
    if len(found) in FACE_COUNTS and found == list(range(len(found))):
        return len(found)
    return FACE if found and max(FACE_COUNTS) <= found[-1] < FACE else 0


def _partners(name: str, parts: Parts, face: int) -> tuple[str, tuple[int, ...] | None]:
    """The partner of a part, and the mirror partner of each of its points there; None if a point has no partner."""
    kind, chosen = parts[name]
    mirrored = [partner_of(point, face) for point in chosen]
    other = name if kind == "scalar" or mirrored[0] is None else mirrored[0].part
    there_kind, there = parts.get(other, ("", ()))
    position = {point: at for at, point in enumerate(there)}
    if there_kind != kind or len(there) != len(chosen) or any(point not in position for point in mirrored):
        return name, None
    return other, tuple(position[point] for point in mirrored if point is not None)


def _both(left: Point | None, right: Point | None) -> tuple[Point, Point] | None:
    return None if left is None or right is None else (left, right)


def _joint(place: Mapping[BodyPoint, Point], side: str, names: Sequence[str]) -> Point | None:
    """The first of these joints of the body that exists."""
    points = (BodyPoint("pose", side, tuple(name.split())) for name in names)
    return next((place[point] for point in points if point in place), None)


def _wrist(place: Mapping[BodyPoint, Point], side: str) -> Point | None:
    """The wrist of the hand if there is one, else that of the arm."""
    return place.get(BodyPoint(f"{side}_hand", side, ("wrist",))) or _joint(place, side, ("wrist",))


def _lines(place: Mapping[BodyPoint, Point], parts: Parts, face: int) -> Iterator[tuple[Point, Point]]:
    yield from _chain([_joint(place, "", names) for names in (*_MIDDLE, _PELVIS)])
    for names in (("shoulder",), ("hip",)):
        yield from _chain([_joint(place, side, names) for side in _SIDES])
    for side in _SIDES:
        for first, *limb in (_ARM, _LEG):
            yield from _chain([_joint(place, "", first), *(_joint(place, side, names) for names in limb)])
        yield from _chain([_joint(place, side, ("shoulder",)), _joint(place, side, ("hip",))])
        hand, wrist = f"{side}_hand", _wrist(place, side)
        arm = _joint(place, side, ("wrist",))
        palm = _joint(place, side, ("hand", "wrist"))
        for tip in ("hand tip", "thumb"):
            yield from _chain([palm, _joint(place, side, (tip,))] if palm else [])
        yield from _chain([arm, wrist] if arm != wrist else [])
        for finger in _FINGERS:
            of_finger = [place[point] for point in parts.get(hand, ("", ()))[1] if finger in point.words]
            yield from _chain([wrist, *of_finger])
    for start, end in edges("face") if face == FACE else ():
        ends = [place.get(BodyPoint("face", "", (str(number),))) for number in (start, end)]
        yield from _chain(ends if None not in ends else [])


def _chain(points: Sequence[Point | None]) -> Iterator[tuple[Point, Point]]:
    """Lines from each existing point to the next."""
    return pairwise(point for point in points if point is not None)

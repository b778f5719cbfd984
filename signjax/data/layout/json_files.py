"""A layout from a JSON file, for reduced sets of landmarks and for custom channels.

The file lists either the landmarks that were kept, in the order of the channels,

    {"parts": [{"landmarks": "face", "kind": "xy", "indices": [10, 152, 234, 454]}, {"landmarks": "pose", "kind": "xy"}]}

or all fields of a layout, as `Layout.description` gives them.
"""

import json
from pathlib import Path
from typing import Any

from signjax.data.layout.landmarks import COUNTS, LandmarkPart, landmark_layout
from signjax.data.layout.parts import KINDS, Layout, from_description
from signjax.errors import InputError


def read_layout(path: Path) -> Layout:
    """The layout that a file describes, named after the file.

    Raises:
      InputError: the file cannot be read, or does not describe a valid layout.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        parts = content["parts"]
        if not parts:
            raise ValueError("it has no parts")
        if all("landmarks" in part for part in parts):
            layout = landmark_layout(path.stem, [_landmark_part(part) for part in parts])
        else:
            layout = from_description({**_OPTIONAL, **content, "name": path.stem})
        _check(layout)
    except OSError as error:
        raise InputError(f"config.data.layout: {path}: {error.strerror}") from error
    except KeyError as error:
        raise InputError(
            f"config.data.layout: {path}: key {error} is missing; docs/data.md lists the keys of a layout"
        ) from error
    except (TypeError, ValueError) as error:
        raise InputError(f"config.data.layout: {path}: the file does not describe a layout: {error}") from error
    return layout


_OPTIONAL: dict[str, Any] = {"skeleton": (), "shoulders": None, "wrists": None, "head": None}


def _landmark_part(part: dict[str, Any]) -> LandmarkPart:
    name, kind = part["landmarks"], part["kind"]
    if name not in COUNTS:
        raise ValueError(f"landmarks must be one of {', '.join(COUNTS)}; found {name!r}")
    if kind == "scalar" and name != "pose":
        raise ValueError(f"kind scalar is only for the visibility of the pose, not for {name}")
    indices = part.get("indices")
    if indices is None:
        return LandmarkPart(name, kind)
    numbers = tuple(int(number) for number in indices)
    if not numbers or len(set(numbers)) < len(numbers) or not all(0 <= number < COUNTS[name] for number in numbers):
        raise ValueError(f"indices of {name} must be distinct numbers from 0 to {COUNTS[name] - 1}; found {indices}")
    return LandmarkPart(name, kind, numbers)


def _check(layout: Layout) -> None:
    names = layout.part_names
    if layout.columns is not None and sorted(layout.columns) != list(range(layout.width)):
        raise ValueError(f"columns must contain each number from 0 to {layout.width - 1} once")
    if layout.names is not None and not len(set(layout.names)) == len(layout.names) == layout.width:
        raise ValueError(f"names must be {layout.width} different texts")
    if len(set(names)) < len(names):
        raise ValueError(f"part names must differ; found {', '.join(names)}")
    for part in layout.parts:
        if part.kind not in KINDS:
            raise ValueError(f"part {part.name} has kind {part.kind!r}; it must be one of {', '.join(KINDS)}")
        if part.points < 1:
            raise ValueError(f"part {part.name} has {part.points} points; it must have at least 1")
        if part.partner not in names or layout.part(part.partner).partner != part.name:
            raise ValueError(
                f"part {part.name} has partner {part.partner!r}, but no part of that name has {part.name} as its partner"
            )
        partner = layout.part(part.partner)
        if (partner.points, partner.kind) != (part.points, part.kind):
            raise ValueError(f"part {part.name} and its partner {partner.name} differ in points or kind")
        back = range(part.points) if partner.point_partners is None else partner.point_partners
        there = range(part.points) if part.point_partners is None else part.point_partners
        if sorted(there) != list(range(part.points)) or [back[point] for point in there] != list(range(part.points)):
            raise ValueError(f"point_partners of part {part.name} must swap its points in pairs")
    points = [point for edge in layout.skeleton for point in edge]
    points += [*(layout.shoulders or ()), *(layout.wrists or ()), *([layout.head] if layout.head else [])]
    for name, position in points:
        if name not in names or not 0 <= position < layout.part(name).points:
            raise ValueError(f"point {position} of part {name!r} does not exist")

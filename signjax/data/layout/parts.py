"""Layouts: the parts of a frame, and how they are mirrored.

Code that normalises, masks, mirrors or draws a clip asks the layout; nothing else knows column numbers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

# How a reflection of the x axis acts on the channels of one point, by kind. With M = diag(-1, 1, 1) a rotation R becomes
# M R M: its rotation vector (a pseudovector) keeps x and negates the others, and so do the first two columns of R up to the
# sign of the column. Coordinates are reflected about x = 0, so they must be centred on the body, before or after.
_REFLECTION = {
    "axis_angle": (1.0, -1.0, -1.0),
    "rotation_6d": (1.0, -1.0, -1.0, -1.0, 1.0, 1.0),
    "xyz": (-1.0, 1.0, 1.0),
    "xy": (-1.0, 1.0),
    "scalar": (1.0,),
}
KINDS = tuple(_REFLECTION)
ROTATIONS = ("axis_angle", "rotation_6d")
COORDINATES = ("xyz", "xy")

# The end of the name of a part that cleaning adds: the coordinates of a hand relative to its wrist.
HAND_SHAPE = "_shape"

# A point of a layout: the name of its part, and its index in the part.
Point = tuple[str, int]


@dataclass(frozen=True)
class Part:
    """A named range of channels: its points one after another, each with the channels of its kind.

    Attributes:
      name: `root`, `body`, `left_hand`, ...
      points: number of joints or landmarks (of scalars, for kind `scalar`).
      kind: `axis_angle` (radians), `rotation_6d` (the first two columns of the matrix), `xyz`, `xy` or `scalar`.
      partner: the part that it is swapped with in mirroring; itself if it has no left and right.
      point_partners: for each point, the point of the partner that it is swapped with; None: the point with the same index.
    """

    name: str
    points: int
    kind: str
    partner: str
    point_partners: tuple[int, ...] | None = None

    @property
    def channels_per_point(self) -> int:
        """Number of channels of each point."""
        return len(_REFLECTION[self.kind])

    @property
    def channels(self) -> int:
        """Number of channels of a frame that belong to this part."""
        return self.points * self.channels_per_point


@dataclass(frozen=True)
class Layout:
    """The parts of a frame, in the order of their channels.

    The points named here are those that `signjax.data.geometry.kinematics.positions` returns: the coordinates themselves if the
    parts are coordinates, joints from forward kinematics if they are rotations. Left and right are the signer's own.

    Attributes:
      name: the name used in configs and dataset folders.
      parts: all parts, without gaps.
      mirrors: whether left and right are known, so that a clip can be mirrored.
      skeleton: pairs of points that are connected by a line.
      shoulders: left and right shoulder; the body's centre is midway between them, its scale their distance. None: no such points.
      wrists: left and right wrist, which the points of the hands can be made relative to; None: no such points.
      head: the nose or the joint of the head; None: no such point.
      columns: the column of the source's frames that holds each channel; None: they are in the order of the channels.
      names: the source's name of each channel; None: it does not name them, or not uniquely.
    """

    name: str
    parts: tuple[Part, ...]
    mirrors: bool
    skeleton: tuple[tuple[Point, Point], ...] = ()
    shoulders: tuple[Point, Point] | None = None
    wrists: tuple[Point, Point] | None = None
    head: Point | None = None
    columns: tuple[int, ...] | None = None
    names: tuple[str, ...] | None = None

    @cached_property
    def width(self) -> int:
        """Number of channels F."""
        return sum(part.channels for part in self.parts)

    @cached_property
    def part_names(self) -> tuple[str, ...]:
        """Names of the P parts."""
        return tuple(part.name for part in self.parts)

    @cached_property
    def part_of_channel(self) -> np.ndarray:
        """int32 (F,): for each channel, the index of its part."""
        return np.repeat(np.arange(len(self.parts), dtype=np.int32), [part.channels for part in self.parts])

    def part(self, name: str) -> Part:
        """The part of that name."""
        for part in self.parts:
            if part.name == name:
                return part
        raise KeyError(f"layout {self.name} has no part {name!r}; it has {', '.join(self.part_names)}")

    def channels_of(self, name: str) -> slice:
        """The channels of the part of that name."""
        for part, channels in self.runs():
            if part.name == name:
                return channels
        raise KeyError(f"layout {self.name} has no part {name!r}; it has {', '.join(self.part_names)}")

    def runs(self) -> Iterator[tuple[Part, slice]]:
        """Each part with its channels, in order."""
        start = 0
        for part in self.parts:
            yield part, slice(start, start + part.channels)
            start += part.channels

    def channels_at(self, point: Point) -> slice:
        """The channels of one point."""
        part = self.part(point[0])
        start = self.channels_of(part.name).start + point[1] * part.channels_per_point
        return slice(start, start + part.channels_per_point)

    @cached_property
    def mirror(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """How to mirror a frame left to right: partners are swapped, and the x axis is reflected about x = 0.

        Returns:
          (channel, sign, part): int32 (F,), float32 (F,), int32 (P,). The mirrored clip is `frames[:, channel] * sign` and
          its validity `valid[:, part]`. Mirroring twice is the identity. Coordinates must be centred on the body, either before
          (as prepared data are) or after: the result of centring does not depend on the axis of reflection.
        """
        channel = np.arange(self.width, dtype=np.int32)
        sign = np.ones(self.width, np.float32)
        part_index = np.arange(len(self.parts), dtype=np.int32)
        for index, (part, here) in enumerate(self.runs()):
            reflection = _REFLECTION[part.kind]
            there = self.channels_of(part.partner)
            points = np.arange(part.points) if part.point_partners is None else np.array(part.point_partners)
            taken = there.start + points[:, None] * len(reflection) + np.arange(len(reflection))
            channel[here] = taken.reshape(-1)
            # Without left and right, reflecting the axis alone would only be half a mirror image.
            sign[here] = np.tile(reflection, part.points) if self.mirrors else 1.0
            part_index[index] = self.part_names.index(part.partner)
        return channel, sign, part_index

    def can_mirror(self, *, centred: bool) -> bool:
        """Whether the mirror image of a clip is that of a person: left and right are known, and coordinates are centred."""
        return self.mirrors and (centred or all(part.kind not in COORDINATES for part in self.parts))

    def in_order(self) -> "Layout":
        """The layout of frames whose channels are already in its order."""
        return replace(self, columns=None, names=None)

    def ordered(self, frames: np.ndarray) -> np.ndarray:
        """Puts the channels of a source's frames (T, F) into the order of the layout."""
        return frames if self.columns is None else frames[:, list(self.columns)]

    def in_columns(self, names: Sequence[str]) -> "Layout":
        """The same layout for frames with the same channel names in another order.

        Args:
          names: the name of each column. A layout without names is returned unchanged.
        """
        if self.names is None:
            return self
        columns = tuple(names.index(name) for name in self.names)
        return replace(self, columns=None if columns == tuple(range(self.width)) else columns)

    def description(self) -> dict[str, Any]:
        """All fields, as JSON can hold them."""
        return asdict(self)


def from_description(fields: dict[str, Any]) -> Layout:
    """The layout that `Layout.description` described, also after a round trip through JSON.

    Raises:
      KeyError, TypeError, ValueError: the fields are not those of a layout.
    """

    def point(value: Any) -> Point:
        name, position = value
        return str(name), int(position)

    def pair(value: Any) -> tuple[Point, Point] | None:
        return None if value is None else (point(value[0]), point(value[1]))

    parts = tuple(
        Part(
            str(part["name"]),
            int(part["points"]),
            str(part["kind"]),
            str(part["partner"]),
            None if part["point_partners"] is None else tuple(int(other) for other in part["point_partners"]),
        )
        for part in fields["parts"]
    )
    return Layout(
        name=str(fields["name"]),
        parts=parts,
        mirrors=bool(fields["mirrors"]),
        skeleton=tuple((point(start), point(end)) for start, end in fields["skeleton"]),
        shoulders=pair(fields["shoulders"]),
        wrists=pair(fields["wrists"]),
        head=None if fields["head"] is None else point(fields["head"]),
        columns=None if fields.get("columns") is None else tuple(int(column) for column in fields["columns"]),
        names=None if fields.get("names") is None else tuple(map(str, fields["names"])),
    )


class ChosenLayout(NamedTuple):
    """A layout, with the reason why it was chosen and what it lacks."""

    layout: Layout
    reason: str

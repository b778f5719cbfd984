"""What each channel of a frame is: part, kind, left/right partner.

Whatever normalises, masks, mirrors or draws a clip asks the layout; nothing else knows column numbers.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from signjax.errors import InputError

# How a reflection of the x axis acts on the channels of one point, by kind. A rotation vector is a pseudovector:
# reflecting x keeps its x component and negates the others.
_REFLECTION = {"axis_angle": (1.0, -1.0, -1.0), "scalar": (1.0,)}

# SMPL-X body joints 1 to 21 come in this order; the partner of each under a left/right swap.
_SMPLX_BODY_PARTNERS = (1, 0, 2, 4, 3, 5, 7, 6, 8, 10, 9, 11, 13, 12, 14, 16, 15, 18, 17, 20, 19)


@dataclass(frozen=True)
class Part:
    """A named run of channels.

    Attributes:
      name: `root`, `body`, `left_hand`, ...
      points: number of joints or landmarks (of scalars, for kind `scalar`).
      kind: `axis_angle` or `scalar`.
      partner: the part that takes its place in a mirror; itself where it has no left and right.
      point_partners: for a part that is its own partner, the point that takes each point's place; None: each its own.
    """

    name: str
    points: int
    kind: str
    partner: str
    point_partners: tuple[int, ...] | None = None

    @property
    def channels(self) -> int:
        """Number of channels of a frame that belong to this part."""
        return self.points * len(_REFLECTION[self.kind])


@dataclass(frozen=True)
class Layout:
    """The parts of a frame, in the order of their channels.

    Attributes:
      name: the name that a config and a dataset folder use.
      parts: all parts, without gaps.
      mirrors: whether left and right are known, so that a clip can be mirrored.
    """

    name: str
    parts: tuple[Part, ...]
    mirrors: bool

    @property
    def width(self) -> int:
        """Number of channels F."""
        return sum(part.channels for part in self.parts)

    @property
    def part_names(self) -> tuple[str, ...]:
        """Names of the P parts."""
        return tuple(part.name for part in self.parts)

    @cached_property
    def part_of_channel(self) -> np.ndarray:
        """int32 (F,): the index of the part that each channel belongs to."""
        return np.repeat(np.arange(len(self.parts), dtype=np.int32), [part.channels for part in self.parts])

    def channels_of(self, name: str) -> slice:
        """The channels of the part of that name."""
        start = 0
        for part in self.parts:
            if part.name == name:
                return slice(start, start + part.channels)
            start += part.channels
        raise KeyError(f"layout {self.name} has no part {name!r}; it has {', '.join(self.part_names)}")

    @cached_property
    def mirror(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """How to mirror a frame left to right.

        Returns:
          (channel, sign, part): int32 (F,), float32 (F,), int32 (P,). The mirrored clip is `frames[:, channel] * sign` and
          its validity `valid[:, part]`. Applied twice it is the identity.
        """
        channel = np.arange(self.width, dtype=np.int32)
        sign = np.ones(self.width, np.float32)
        part_index = np.arange(len(self.parts), dtype=np.int32)
        for index, part in enumerate(self.parts):
            reflection = _REFLECTION[part.kind]
            here, there = self.channels_of(part.name), self.channels_of(part.partner)
            points = np.arange(part.points) if part.point_partners is None else np.array(part.point_partners)
            taken = there.start + points[:, None] * len(reflection) + np.arange(len(reflection))
            channel[here] = taken.reshape(-1)
            sign[here] = np.tile(reflection, part.points)
            part_index[index] = self.part_names.index(part.partner)
        return channel, sign, part_index


def smplx() -> Layout:
    """SMPL-X pose: 169 channels, axis-angle in radians, then 10 expression coefficients.

    Shape and camera are left out: they identify the signer and the studio, not the sign.
    """
    parts = (
        Part("root", 1, "axis_angle", "root"),
        Part("body", 21, "axis_angle", "body", _SMPLX_BODY_PARTNERS),
        Part("left_hand", 15, "axis_angle", "right_hand"),
        Part("right_hand", 15, "axis_angle", "left_hand"),
        Part("jaw", 1, "axis_angle", "jaw"),
        # The expression basis has no published left/right symmetry, so a mirrored face keeps its coefficients.
        Part("expression", 10, "scalar", "expression"),
    )
    return Layout("smplx", parts, mirrors=True)


def generic(width: int) -> Layout:
    """Any F channels of which nothing is known: one part, no mirror."""
    return Layout("generic", (Part("channels", width, "scalar", "channels"),), mirrors=False)


def named(name: str, width: int) -> Layout:
    """The layout of that name for frames of `width` channels.

    Raises:
      InputError: there is no such layout, or its width is another.
    """
    if name == "generic":
        return generic(width)
    if name != "smplx":
        raise InputError(f"config.data.layout: there is no layout {name!r}; there are smplx and generic")
    layout = smplx()
    if layout.width != width:
        raise InputError(f"layout {name} has {layout.width} channels, the frames have {width}: choose layout generic")
    return layout

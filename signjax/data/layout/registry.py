"""Layouts by name: what each channel of a frame is, from a config or a dataset folder."""

from pathlib import Path
from typing import Any

from signjax.data.layout import landmarks
from signjax.data.layout.json_files import read_layout
from signjax.data.layout.keypoints import keypoints_106
from signjax.data.layout.parts import (
    COORDINATES,
    KINDS,
    ROTATIONS,
    Layout,
    Part,
    Point,
    from_description,
)
from signjax.data.layout.smplx import (
    smplx,
    smplx_6d,
    smplx_unsmoothed,
    smplx_unsmoothed_6d,
    smplx_with_signer,
)
from signjax.errors import InputError

__all__ = [
    "BUILT_IN", "COORDINATES", "GENERIC", "KINDS", "ROTATIONS", "Layout", "Part", "Point", "generic", "in_6d", "named", "smplx",
    "smplx_6d", "smplx_unsmoothed", "smplx_unsmoothed_6d", "stored", "to_store",
]  # fmt: skip

GENERIC = "generic"
# Every layout whose name says all; `generic` needs a width too.
BUILT_IN = {
    layout.name: layout
    for layout in (
        smplx(),
        smplx_unsmoothed(),
        smplx_with_signer(),
        smplx_6d(),
        smplx_unsmoothed_6d(),
        landmarks.holistic(),
        landmarks.holistic("xy"),
        landmarks.holistic_1662(),
        landmarks.pose_hands(),
        landmarks.pose_hands("xy"),
        landmarks.pose_hands_258(),
        landmarks.face4_pose_hands(),
        landmarks.hands(),
        landmarks.hands("xy"),
        keypoints_106(),
    )
}


def generic(width: int) -> Layout:
    """Any F channels of which nothing is known: one part, no mirror."""
    return Layout(GENERIC, (Part("channels", width, "scalar", "channels"),), mirrors=False)


def in_6d(layout: Layout) -> Layout:
    """The layout with rotations as 6 numbers that belongs to one with rotation vectors; the layout itself if it has none."""
    return BUILT_IN.get(layout.name + "_6d", layout)


def named(name: str, width: int) -> Layout:
    """The layout of that name, or of the file of that name (`.json`), for frames of `width` channels.

    Raises:
      InputError: there is no such layout, or its width is another.
    """
    if name == GENERIC:
        return generic(width)
    if name.endswith(".json"):
        layout = read_layout(Path(name))
    elif name in BUILT_IN:
        layout = BUILT_IN[name]
    else:
        raise InputError(
            f"config.data.layout: there is no layout {name!r}; there are {', '.join(BUILT_IN)}, generic, and JSON files "
            "that describe one"
        )
    if layout.width != width:
        fitting = [other.name for other in BUILT_IN.values() if other.width == width]
        raise InputError(
            f"layout {name} has {layout.width} channels, the frames have {width}: "
            f"choose layout {' or '.join([*fitting, 'generic'])}"
        )
    return layout


def to_store(layout: Layout) -> str | dict[str, Any]:
    """What a dataset folder writes down of its layout; see `stored`."""
    known = BUILT_IN.get(layout.name, generic(layout.width))
    return layout.name if layout == known else layout.description()


def stored(content: str | dict[str, Any], width: int) -> Layout:
    """The layout that a dataset folder has written down: the name of a built-in one, or the description of another.

    Raises:
      InputError: there is no such layout, or its width is another.
      KeyError, TypeError, ValueError: the description is not one of a layout.
    """
    if isinstance(content, str):
        return named(content, width)
    layout = from_description(content)
    if layout.width != width:
        raise InputError(f"layout {layout.name} has {layout.width} channels, the frames have {width}")
    return layout

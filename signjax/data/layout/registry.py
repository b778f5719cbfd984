"""Layouts by name, as configs and dataset folders use them."""

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
# Every layout that its name determines; `generic` also needs a width.
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
    """Any F channels without a known meaning: one part, without mirroring."""
    return Layout(GENERIC, (Part("channels", width, "scalar", "channels"),), mirrors=False)


def in_6d(layout: Layout) -> Layout:
    """The layout with each rotation vector replaced by 6 numbers; the layout itself if it has no rotation vectors."""
    return BUILT_IN.get(layout.name + "_6d", layout)


def named(name: str, width: int) -> Layout:
    """The layout with that name, or from the JSON file of that name, for frames of `width` channels.

    Raises:
      InputError: there is no such layout, or its width differs.
    """
    if name == GENERIC:
        return generic(width)
    if name.endswith(".json"):
        layout = read_layout(Path(name))
    elif name in BUILT_IN:
        layout = BUILT_IN[name]
    else:
        raise InputError(
            f"config.data.layout: there is no layout {name!r}; the layouts are {', '.join(BUILT_IN)}, generic, or a JSON file "
            "that describes one"
        )
    if layout.width != width:
        fitting = [other.name for other in BUILT_IN.values() if other.width == width]
        other = f"choose --config.data.layout={' or '.join(fitting)}, " if fitting else ""
        raise InputError(
            f"layout {name} has {layout.width} channels, but the frames have {width}; {other}describe your channels in a JSON file "
            "(docs/data.md#layouts), or use --config.data.layout=generic (nothing is mirrored, masked or drawn)"
        )
    return layout


def to_store(layout: Layout) -> str | dict[str, Any]:
    """The form in which a dataset folder stores its layout; see `stored`."""
    known = BUILT_IN.get(layout.name, generic(layout.width))
    return layout.name if layout == known else layout.description()


def stored(content: str | dict[str, Any], width: int) -> Layout:
    """The layout that a dataset folder stores: the name of a built-in one, or the description of another.

    Raises:
      InputError: there is no such layout, or its width differs.
      KeyError, TypeError, ValueError: the description does not describe a layout.
    """
    if isinstance(content, str):
        return named(content, width)
    layout = from_description(content)
    if layout.width != width:
        raise InputError(f"layout {layout.name} has {layout.width} channels, but the frames have {width}")
    return layout

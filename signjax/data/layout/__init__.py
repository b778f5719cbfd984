"""What each channel of a frame is: layouts, the registry of those that have a name, and JSON files that describe others.

Whatever needs to know which columns are a hand asks a `Layout`; no other room has column numbers.
"""

from signjax.data.layout.parts import COORDINATES, KINDS, ROTATIONS, Layout, Part, Point

__all__ = ["COORDINATES", "KINDS", "ROTATIONS", "Layout", "Part", "Point"]

"""The meaning of each channel of a frame: layouts, the registry of named ones, and JSON files that describe others.

Code that needs to know which columns are a hand asks a `Layout`; no other package contains column numbers.
"""

from signjax.data.layout.parts import COORDINATES, KINDS, ROTATIONS, Layout, Part, Point

__all__ = ["COORDINATES", "KINDS", "ROTATIONS", "Layout", "Part", "Point"]

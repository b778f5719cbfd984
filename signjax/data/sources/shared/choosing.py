"""Selects whole parts from a larger layout, such as `pose_hands` from `holistic`."""

from pathlib import Path

import numpy as np

from signjax.data.layout import registry as layout_registry
from signjax.data.layout.json_files import read_layout
from signjax.data.layout.parts import COORDINATES, Layout
from signjax.errors import InputError


def by_name(name: str) -> Layout:
    """The layout that `config.data.layout` names, whatever its width.

    Raises:
      InputError: there is no layout of that name with a fixed width.
    """
    if name.endswith(".json"):
        return read_layout(Path(name))
    if name not in layout_registry.BUILT_IN:
        raise InputError(
            f"config.data.layout: this source has no layout {name!r}; it has {', '.join(layout_registry.BUILT_IN)}"
        )
    return layout_registry.BUILT_IN[name]


def channels_of(wanted: Layout, given: Layout) -> np.ndarray:
    """int64 (F,): the channels of `given` that make up `wanted`, part by part; z is left out if only x and y are wanted.

    Raises:
      InputError: a part is missing, or differs in number of points or kind.
    """
    columns = []
    for part in wanted.parts:
        there = given.part(part.name) if part.name in given.part_names else None
        kinds = None if there is None else (part.kind, there.kind)
        if there is None or there.points != part.points or (part.kind != there.kind and kinds != ("xy", "xyz")):
            listed = ", ".join(f"{other.name} ({other.points} x {other.kind})" for other in given.parts)
            raise InputError(
                f"config.data.layout={wanted.name} needs part {part.name} ({part.points} x {part.kind}); the source has {listed}"
            )
        points = np.arange(given.width)[given.channels_of(part.name)].reshape(there.points, there.channels_per_point)
        columns.append(points[:, : part.channels_per_point] if part.kind in COORDINATES else points)
    return np.concatenate([column.reshape(-1) for column in columns])

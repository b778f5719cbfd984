"""Clips as animated stick figures, small enough to embed in a page; as curves where there is nothing to draw.

Shapes: T frames, P drawn points.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from signjax.data.geometry.kinematics import positions
from signjax.data.layout.parts import (
    COORDINATES,
    ROTATIONS,
    Layout,
    Point,
)

MOST_FRAMES = 48
# Coordinates are integers: 0 to FIELD spans the picture from left to right; MISSING marks a point that was not seen.
FIELD = 10_000
MISSING = -32768
_CURVES = 12
_HANDS = ("left_hand", "right_hand")
_SIDES = {"left_hand": "left", "right_hand": "right"}
# Radius of the head, and the distance of its centre above SMPL-X's head joint, in shoulder widths.
_HEAD, _ABOVE_JOINT = 0.32, 0.30


@dataclass(frozen=True)
class Stick:
    """The stick figure of a layout.

    Attributes:
      points: the end points of the lines.
      lines: (index of a point, index of another, `body`, `left` or `right`).
      wrists: indices of the left and right wrist, whose traces are drawn; None if the layout has none.
      head: whether to draw a round head; its centre is an extra point after all others.
    """

    points: tuple[Point, ...]
    lines: tuple[tuple[int, int, str], ...]
    wrists: tuple[int, int] | None
    head: bool


def stick_of(layout: Layout) -> Stick | None:
    """Builds the stick figure of a layout, with arms and hands assigned to a side; None if it cannot be drawn."""
    named = (*(layout.shoulders or ()), *(layout.wrists or ()))
    points = tuple(dict.fromkeys([*(point for line in layout.skeleton for point in line), *named]))
    placed = positions(np.zeros((1, layout.width), np.float32), layout).keys()
    if not layout.skeleton or not all(part in placed for part, _ in points):
        return None
    index = {point: number for number, point in enumerate(points)}
    side_of = {point: side for part, side in _SIDES.items() for point in points if point[0] == part}
    if layout.shoulders is not None and layout.wrists is not None:
        for side, shoulder, wrist in zip(("left", "right"), layout.shoulders, layout.wrists, strict=True):
            side_of |= dict.fromkeys(_beyond(layout, shoulder, wrist), side)
    lines = tuple((index[a], index[b], side_of.get(b) or side_of.get(a, "body")) for a, b in layout.skeleton)
    wrists = None if layout.wrists is None else (index[layout.wrists[0]], index[layout.wrists[1]])
    return Stick(points, lines, wrists, layout.head is not None and layout.shoulders is not None)


def _beyond(layout: Layout, shoulder: Point, wrist: Point) -> set[Point]:
    """The arm and hand: all points connected to the wrist when the skeleton is cut at the shoulder."""
    found, waiting = {wrist}, [wrist]
    while waiting:
        here = waiting.pop()
        for line in layout.skeleton:
            if here in line:
                there = line[1] if line[0] == here else line[0]
                if there != shoulder and there not in found:
                    found.add(there)
                    waiting.append(there)
    return found


def draw(
    frames: np.ndarray, valid: np.ndarray, layout: Layout, stick: Stick, most: int = MOST_FRAMES
) -> dict[str, object]:
    """Prepares a clip for the page's script, seen from the front: the signer's left is on the right.

    Args:
      frames: (T, F).
      valid: bool (T, parts of the layout).
      layout: the layout of the frames; must have a skeleton.
      stick: as `stick_of` returns it.
      most: frames that are kept of longer clips.

    Returns:
      `frames`, the number of frames; `radius` of the round head, in units of FIELD (0 if the face outline is drawn
      instead); and `data`, base64 of little-endian int16 (frames, points, 2), with x to the right and y down.
    """
    kept = evenly_spread(len(frames), most)
    frames, valid = np.asarray(frames[kept], np.float64), valid[kept]
    places = {part: place[..., :2].copy() for part, place in positions(frames, layout).items()}
    for number, part in enumerate(layout.parts):
        if part.name in places:
            seen = np.repeat(valid[:, number, None], part.points, axis=1)
            if part.kind in COORDINATES:
                seen &= _given(places[part.name])
            places[part.name][~seen] = np.nan
    places = _placed(places, layout)
    picture = np.stack([places[part][:, position] for part, position in stick.points], axis=1)
    width = _shoulder_width(places, layout)
    if layout.head is not None and layout.shoulders is not None:
        head, middle = places[layout.head[0]][:, layout.head[1]], _middle(places, layout)
        if _median(head[:, 1] - middle[:, 1]) > 0:  # y is up in these coordinates
            picture[..., 1] *= -1
            head, middle = head * [1, -1], middle * [1, -1]
        if stick.head:
            if layout.part(layout.head[0]).kind in ROTATIONS:
                up = head - middle
                head = head + _ABOVE_JOINT * width * up / np.maximum(np.linalg.norm(up, axis=-1, keepdims=True), 1e-9)
            picture = np.concatenate([picture, head[:, None]], axis=1)
    faces = [number for number, point in enumerate(stick.points) if point[0] == "face"]
    low, high = _field(picture, stick, layout, width)
    scale = FIELD / max(float((high - low)[0]), 1e-9)
    numbers = np.round((picture - low) * scale)
    whole = np.where(np.isfinite(numbers).all(-1, keepdims=True), np.clip(numbers, -30_000, 30_000), MISSING)
    return {
        "frames": len(kept),
        "radius": 0 if faces and np.isfinite(picture[:, faces]).any() else round(_HEAD * width * scale),
        "data": base64.b64encode(whole.astype("<i2").tobytes()).decode(),
    }


def evenly_spread(count: int, most: int) -> np.ndarray:
    """int64, ascending: up to `most` of `count` places, from the first to the last."""
    return np.unique(np.round(np.linspace(0, count - 1, min(count, most))).astype(int))


def curves(frames: np.ndarray, mean: np.ndarray, std: np.ndarray) -> list[str]:
    """The first 12 channels of a clip over time, as points of SVG polylines in a field of 100 by 100.

    Args:
      frames: (T, F).
      mean, std: (F,); the field spans 3 standard deviations to both sides of the mean.
    """
    kept = evenly_spread(len(frames), 100)
    scaled = (np.asarray(frames[kept, :_CURVES], np.float64) - mean[:_CURVES]) / std[:_CURVES]
    across = kept / max(len(frames) - 1, 1) * 100
    down = 50 - np.clip(scaled, -3, 3) * 50 / 3
    return [" ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, line, strict=True)) for line in down.T]


def _given(place: np.ndarray) -> np.ndarray:
    """bool (T, points): which points were given. Zeros mean not seen, except for a wrist that its hand is relative to."""
    given: np.ndarray = (place != 0).any(axis=-1)
    if not place[:, 0].any():
        given[:, 0] = given[:, 1:].all(1)
    return given


def _placed(places: dict[str, np.ndarray], layout: Layout) -> dict[str, np.ndarray]:
    """Moves hands that are given relative to their own wrist back to the end of the arm."""
    for number, hand in enumerate(_HANDS):
        if hand not in places or layout.part(hand).kind not in COORDINATES or np.nan_to_num(places[hand][:, 0]).any():
            continue
        arm = next(
            (a if b == (hand, 0) else b for a, b in layout.skeleton if (hand, 0) in (a, b) and {a[0], b[0]} != {hand}),
            None,
        )
        if arm is not None:
            places[hand] += places[arm[0]][:, arm[1], None]
        else:  # without an arm: side by side, the signer's left on the right
            places[hand][..., 0] += (0.75 - 1.5 * number) * np.ptp(np.nan_to_num(places[hand]), axis=(0, 1)).max()
    return places


def _middle(places: Mapping[str, np.ndarray], layout: Layout) -> np.ndarray:
    assert layout.shoulders is not None
    left, right = (places[part][:, position] for part, position in layout.shoulders)
    return (left + right) / 2


def _shoulder_width(places: Mapping[str, np.ndarray], layout: Layout) -> float:
    """Median distance between the shoulders; 0 if the layout has none."""
    if layout.shoulders is None:
        return 0.0
    left, right = (places[part][:, position] for part, position in layout.shoulders)
    return _median(np.linalg.norm(left - right, axis=-1))


def _median(values: np.ndarray) -> float:
    """The median of the finite values; 0 if there are none."""
    seen = values[np.isfinite(values)]
    return float(np.median(seen)) if len(seen) else 0.0


def _field(picture: np.ndarray, stick: Stick, layout: Layout, width: float) -> tuple[np.ndarray, np.ndarray]:
    """The corners of the picture. Arms, hands and head are inside; legs may extend below it."""
    upper = [number for number, point in enumerate(stick.points) if point[0] == "face"]
    upper += [number for line in stick.lines if line[2] != "body" for number in line[:2]]
    if layout.shoulders is not None:
        upper += [stick.points.index(point) for point in layout.shoulders]
    chosen = picture[:, sorted(set(upper)) or slice(None)]
    points = chosen[np.isfinite(chosen).all(-1)]
    if not len(points):
        return np.zeros(2), np.ones(2)
    low, high = np.percentile(points, 0.5, axis=0), np.percentile(points, 99.5, axis=0)
    if stick.head and np.isfinite(picture[:, -1]).any():
        head = np.array([_median(picture[:, -1, 0]), _median(picture[:, -1, 1])])
        low, high = np.minimum(low, head - 1.3 * _HEAD * width), np.maximum(high, head + 1.3 * _HEAD * width)
    margin = 0.06 * (high - low).max() + 0.2 * width
    low, high = low - margin, high + margin
    # The picture's aspect ratio is 0.85. Spare width is split evenly between both sides, spare height goes to one end.
    spare = (high - low)[1] * 0.85 - (high - low)[0]
    if spare > 0:
        low[0], high[0] = low[0] - spare / 2, high[0] + spare / 2
    else:
        missing = (high - low)[0] / 0.85 - (high - low)[1]
        high[1] += missing
    return low, high

"""MediaPipe's landmarks as a browser has them, in the layout of a model.

Shapes: T frames, F channels, N points of a part.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from signjax.data.clip import Clip, ClipInfo
from signjax.data.layout.landmarks import COUNTS, FACE, IRISES, face4_pose_hands
from signjax.data.layout.parts import COORDINATES, Layout, Part
from signjax.errors import InputError

# The set of landmarks -> its name in the results of the npm package @mediapipe/holistic.
NAMES = {
    "pose": "poseLandmarks",
    "face": "faceLandmarks",
    "left_hand": "leftHandLandmarks",
    "right_hand": "rightHandLandmarks",
}
_X_Y_Z, _VISIBILITY = ("x", "y", "z"), 3


@dataclass(frozen=True)
class Selection:
    """Where the channels of a part come from.

    Attributes:
      landmarks: one of `NAMES`.
      numbers: MediaPipe's numbers of its N landmarks.
    """

    landmarks: str
    numbers: tuple[int, ...]


def selections(layout: Layout) -> tuple[Selection, ...] | None:
    """The landmarks of each part of a layout; None if it has parts that MediaPipe Holistic does not find."""
    found = tuple(_selection(part, layout) for part in layout.parts)
    chosen = tuple(one for one in found if one is not None)
    return chosen if len(chosen) == len(found) and chosen else None


def _selection(part: Part, layout: Layout) -> Selection | None:
    if part.name == "visibility" and part.kind == "scalar" and part.points == COUNTS["pose"]:
        return Selection("pose", tuple(range(COUNTS["pose"])))
    if part.kind not in COORDINATES:
        return None
    if part.name == "irises" and part.points == IRISES:
        return Selection("face", tuple(range(FACE, FACE + IRISES)))
    if part.points == COUNTS.get(part.name):
        return Selection(part.name, tuple(range(part.points)))
    if part.name == "face" and layout.parts == face4_pose_hands().parts:
        return Selection("face", (10, 152, 234, 454))
    return None


def needs_irises(layout: Layout) -> bool:
    """Whether MediaPipe must find the irises too."""
    return any(max(one.numbers) >= FACE for one in selections(layout) or ())


def unordered(frames: np.ndarray, layout: Layout) -> np.ndarray:
    """Frames (T, F) in the order of the layout's channels -> in the order of its source's columns; undoes `Layout.ordered`."""
    if layout.columns is None:
        return frames
    back = np.empty_like(frames)
    back[:, list(layout.columns)] = frames
    return back


def clip_of(content: Any, name: str, layout: Layout, *, pixels: bool = False) -> Clip:
    """The clip in a file of landmarks, as JSON: the results of MediaPipe Holistic, one after another.

    Args:
      content: a list of results, each with `poseLandmarks`, `faceLandmarks`, `leftHandLandmarks` and `rightHandLandmarks`, absent
        or null where the part was not found; or an object with this list as `frames`, and the `width` and `height` of the picture.
        A landmark is an object with x, y, z and visibility, or a list of these in this order.
      name: of the clip.
      layout: of the model's source.
      pixels: whether the model's source has coordinates in pixels; MediaPipe's are fractions of the picture's width and height.

    Raises:
      InputError: it is something else, or the layout has points that MediaPipe does not find.
    """
    chosen = selections(layout)
    if chosen is None:
        raise InputError(
            f"{name}: it holds MediaPipe landmarks, but the model takes layout {layout.name}; give it clips like its training data"
        )
    described: Mapping[str, Any] = content if isinstance(content, dict) else {"frames": content}
    results = described.get("frames")
    if not isinstance(results, list) or not results or not all(isinstance(one, dict) for one in results):
        raise InputError(
            f"{name}: expected a JSON list of the results of MediaPipe Holistic, one for each frame, each an object with "
            f"{', '.join(NAMES.values())}; found {_kind(results)}"
        )
    found = {landmarks: _points(results, landmarks, name) for landmarks in NAMES}
    size = (_size(described.get("width")), _size(described.get("height"))) if pixels else (1.0, 1.0)
    columns, valid = [], []
    for part, one in zip(layout.parts, chosen, strict=True):
        points = found[one.landmarks]
        lacking = max(one.numbers) >= points.shape[1]
        numbers = np.full((len(results), part.points, 4), np.nan) if lacking else points[:, list(one.numbers)]
        if part.kind in COORDINATES:
            scaled = numbers * [size[0], size[1], size[0], 1.0]  # z is in the unit of x
            columns.append(scaled[:, :, : part.channels_per_point].reshape(len(results), part.channels))
        else:
            columns.append(np.nan_to_num(numbers[:, :, _VISIBILITY]))
        valid.append(np.isfinite(numbers[:, :, :_VISIBILITY]).all((1, 2)))
    frames = np.concatenate(columns, axis=1).astype(np.float32)
    return Clip(ClipInfo(name, name), unordered(frames, layout), np.stack(valid, axis=1))


def _points(results: Sequence[Mapping[str, Any]], landmarks: str, name: str) -> np.ndarray:
    """float64 (T, N, 4): x, y, z and visibility; NaN in frames without them, and 0 points where no frame has them."""
    key, counts = NAMES[landmarks], (COUNTS[landmarks], *((FACE + IRISES,) if landmarks == "face" else ()))
    given = [one.get(key) or () for one in results]
    for frame, points in enumerate(given):
        if not isinstance(points, Sequence):
            raise InputError(
                f"{name}: frame {frame}, {key}: expected a list of landmarks; found {type(points).__name__}"
            )
    count = max(map(len, given))
    numbers = np.full((len(results), count, 4), np.nan)
    numbers[:, :, _VISIBILITY] = 0
    for frame, points in enumerate(given):
        if not points:
            continue
        if len(points) != count:
            raise InputError(f"{name}: frame {frame} has {len(points)} {key}, but others have {count}")
        if count not in counts:
            raise InputError(f"{name}: expected {' or '.join(map(str, counts))} {key} in a frame; found {count}")
        try:
            numbers[frame] = [_landmark(one) for one in points]
        except (TypeError, ValueError, KeyError) as error:
            raise InputError(
                f"{name}: frame {frame}, {key}: a landmark must be an object with x, y and z, or a list of three or four numbers"
            ) from error
    return numbers


def _landmark(one: Any) -> list[float]:
    if isinstance(one, dict):
        return [*(float(one[axis]) for axis in _X_Y_Z), float(one.get("visibility") or 0)]
    numbers = [float(number) for number in one]
    if len(numbers) not in (3, 4):
        raise ValueError("expected 3 or 4 numbers")
    return [*numbers, 0.0][:4]


def _size(given: Any) -> float:
    """A picture's width or height; if it is not given, that of a webcam's usual picture does not matter: a square."""
    return float(given) if isinstance(given, int | float) and given > 0 else 1.0


def _kind(found: Any) -> str:
    return "an empty list" if found == [] else type(found).__name__

"""`preprocessing.json`: what must be done to the frames of a tracker before a program sees them, step by step.

The steps are those of `signjax.data.cleaning.clean` and of padding, in words and with the numbers of one model, so that they can be
written in any language. What depends on positions alone is inside the programs.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from signjax.data.cleaning import body_frame, handedness, trimming
from signjax.data.cleaning.clean import cleaned_layout
from signjax.data.geometry.kinematics import positions
from signjax.data.layout.parts import COORDINATES, ROTATIONS, Layout, Point
from signjax.data.layout.smplx import JOINTS_OF_PART, OFFSETS, PARENTS
from signjax.export.network import TrainedModel

FILE = "preprocessing.json"
_FORMAT_VERSION = 2

Step = dict[str, Any]


def describe(model: TrainedModel) -> dict[str, Any]:
    """The content of the file for a model."""
    spec = model.spec
    width, parts = spec.layout.width, len(spec.layout.parts)
    source = spec.source_layout.in_order()
    return {
        "format_version": _FORMAT_VERSION,
        "program": {
            "inputs": {
                "frames": f"float32 (B, T, {width}): cleaned channels, 0 after the end of a clip and where a part was not seen",
                "lengths": "int32 (B,): the real frames of each clip, from 1 to T",
                "valid": f"bool (B, T, {parts}): which parts were seen in a frame; false after the end of a clip",
            },
            "outputs": {
                name: f"float32 (B, {len(classes)}): the logits of head {head!r}; their softmax is the network's probabilities"
                for name, (head, classes) in zip(model.outputs, spec.heads.items(), strict=True)
            },
            "B": {"stablehlo": "any", "onnx": "any", "litert": 1},
            "T": {
                "stablehlo": f"any multiple of {model.frame_step}",
                "onnx": spec.frames,
                "litert": spec.frames,
            },
        },
        "classes": {head: list(classes) for head, classes in spec.heads.items()},
        "source_parts": list(_parts(source)),
        "parts": list(_parts(spec.layout)),
        "before_the_program": list(_steps(model, source)),
        "inside_the_program": [
            "values outside the plausible range are replaced by the nearest end of it",
            "standardised positions, movement within the clip, its form, and velocities, all 0 where a part was not seen",
            "a flag for each part",
        ],
    }


def _parts(layout: Layout) -> Iterator[dict[str, Any]]:
    for part, channels in layout.runs():
        size = part.channels_per_point
        yield {
            "name": part.name,
            "kind": part.kind,
            "points": part.points,
            "channels_per_point": size,
            "first_channel": channels.start,
        }


def _steps(model: TrainedModel, source: Layout) -> Iterator[Step]:
    """The steps in order; a clip is an array (T, channels), T its number of frames."""
    spec, cleaning = model.spec, model.spec.cleaning
    columns = spec.source_layout.columns
    if columns is not None:
        yield {
            "step": "order",
            "columns": list(columns),
            "does": "Channel c is column columns[c] of the source's frames, which belong to source_parts.",
        }
    yield {
        "step": "refuse",
        "shortest": cleaning.shortest_clip,
        "longest": cleaning.longest_clip,
        "does": "A clip with fewer frames than shortest or more than longest is refused; so is one with an infinite value, or "
        "with NaN in a part that is not of kind xy or xyz. NaN in a coordinate is a point that was not found.",
    }
    yield {
        "step": "seen",
        "does": "seen[t][p] says whether part p was seen in frame t: true unless the source says otherwise; and for parts of "
        "kind xy or xyz only if at least one point has coordinates that are all finite and not all 0.",
    }
    yield from _mirroring(source, cleaning.handedness)
    yield {
        "step": "fill",
        "longest_gap": cleaning.longest_gap,
        "does": "For each part of kind xy or xyz: a point is known in frame t if the part is seen there and its coordinates are "
        "all finite and not all 0. NaN becomes 0. A point that is known in some but not all frames in which its part is seen is "
        "interpolated linearly over time, coordinate by coordinate, in all frames in which it is not known, and takes the "
        "nearest known value before the first and after the last. Then, for each part of any kind: a run of at most longest_gap "
        "frames in which it is not seen, between two frames in which it is, is interpolated linearly between those two, and "
        "counts as seen from here on; rotations are interpolated as the first two columns of their matrices, which are made "
        "orthonormal again (Gram-Schmidt). Then every channel of a part is 0 in the frames in which it is not seen.",
    }
    if cleaning.trim:
        yield from _trimming(source)
    if cleaning.centre:
        yield from _centring(source)
    if cleaning.rotations == "6d" and any(part.kind == "axis_angle" for part in source.parts):
        yield {
            "step": "rotations",
            "does": "Each rotation vector (3 numbers) becomes the first column and then the second column of its rotation matrix "
            "(6 numbers); 0 where the part is not seen. Parts keep their order.",
        }
    without = cleaned_layout(source, replace(cleaning, hand_shapes=False))
    if spec.layout.width > without.width:
        yield _shapes(without)
    yield {
        "step": "shorten",
        "frames": spec.frames,
        "does": "A clip of L frames with L > frames keeps, for n = 0 .. frames - 1, the frame "
        "floor((2 * n * (L - 1) + frames - 1) / (2 * (frames - 1))), and what was seen in it.",
    }
    yield {
        "step": "pad",
        "does": "frames and valid are padded to T frames with 0 and false; lengths is the number before.",
    }


def _mirroring(source: Layout, mode: str) -> Iterator[Step]:
    if mode == "as_is" or not source.mirrors:
        return
    channel, sign, part = (values.tolist() for values in source.mirror)
    measured = (
        f" A clip of which that is not known counts as left-handed if the left hand moves more than {handedness.MARGIN} times "
        f"as much as the right: the mean over its points, wrist included, of the displacement within {handedness.SPAN} frames "
        "(at most T - 1), relative to the midpoint of the shoulders, in units of their median distance, each at most "
        f"{handedness.FARTHEST}; summed over the frames in which hand and shoulders are seen at both ends, over the number of all."
    )
    yield {
        "step": "mirror",
        "mode": mode,
        "channel": channel,
        "sign": sign,
        "part": part,
        "does": "A clip of a signer whose left hand leads, if that is known, is mirrored: frames'[t][c] = sign[c] * "
        "frames[t][channel[c]], and seen'[t][p] = seen[t][part[p]]." + (measured if mode == "detect" else ""),
    }


def _trimming(source: Layout) -> Iterator[Step]:
    hands, placed = [], positions(np.zeros((1, source.width), np.float32), source)
    for index, hand in enumerate(trimming.HANDS):
        if hand not in placed:
            continue
        wrist = None if source.wrists is None else source.wrists[index]
        arm = None if wrist is None else trimming.arm_end(source, wrist)
        hands.append({"part": hand, "wrist": _point(source, wrist), "arm": _point(source, arm)})
    if not hands:
        return
    step: Step = {
        "step": "trim",
        "hands": hands,
        "span": trimming.SPAN,
        "idle_share": trimming.IDLE_SHARE,
        "margin": trimming.MARGIN,
        "fewest_frames": trimming.FEWEST_FRAMES,
        "does": "Nothing if T <= span. Else for each hand and t = 0 .. T - span - 1: the mean, over the points of the hand and "
        "its wrist, of the distance between a point's positions in frames t and t + span, if the hand is seen in both; else the "
        "distance that the point arm moves, if there is one and its part is seen in both; else 0. motion[t + span / 2] is the "
        "sum over hands; the first span / 2 values equal the first computed one, the last span / 2 the last. With q the 95th "
        "percentile of motion (linear interpolation), frames with motion > idle_share * q move. If q > 0, the clip is cut to "
        "the frames from margin before the first to margin after the last that moves, as far as it has them, unless fewer than "
        "fewest_frames would be left.",
    }
    if any(part.kind in ROTATIONS for part in source.parts):
        step["forward_kinematics"] = {
            "parents": [int(parent) for parent in PARENTS],
            "offsets": [[float(value) for value in offset] for offset in OFFSETS],
            "joints": {part: {"first": first, "count": count} for part, (first, count) in JOINTS_OF_PART.items()},
            "does": "Positions of parts of rotations are those of the joints of a stick figure: joint j lies at its parent plus "
            "the parent's total rotation applied to offsets[j] (metres), and its total rotation is its parent's times its own; "
            "joints that the clip does not have are not turned.",
        }
    yield step


def _centring(source: Layout) -> Iterator[Step]:
    if not any(part.kind in COORDINATES for part in source.parts):
        return
    shoulders = source.shoulders
    if shoulders is not None and source.part(shoulders[0][0]).kind not in COORDINATES:
        shoulders = None
    yield {
        "step": "centre",
        "shoulders": None if shoulders is None else [_point(source, point) for point in shoulders],
        "farthest": body_frame.FARTHEST,
        "does": "Over the frames in which the parts of both shoulders are seen and neither shoulder is all 0: width is the "
        "median of their distance, centre the median of their midpoint, coordinate by coordinate. Without such frames, without "
        "shoulders, or if width is 0: of all points in parts of coordinates that are seen and not all 0 (only parts with the most "
        "coordinates per point), those farther from the median of all, coordinate by coordinate, than farthest times the median "
        "distance from it are ignored; centre is the mean of the rest, and width the root mean square of their distance from "
        "it (1 if that is 0). Every coordinate of a part of kind xy or xyz becomes (value - centre) / width where the part is "
        "seen, and stays 0 elsewhere. Then, if shoulders in space gave centre and width: (a, b, c) is the median of left less "
        "right shoulder, coordinate by coordinate, negated if a < 0, and r the root of a a + c c; unless r is 0 or less than the "
        "size of b, x and z of every point of kind xyz become (a x + c z) / r and (a z - c x) / r. Nothing if no part of "
        "coordinates is seen.",
    }


def _shapes(layout: Layout) -> Step:
    """For a layout that has hands and wrists."""
    assert layout.wrists is not None
    return {
        "step": "hand_shapes",
        "first_channel": layout.width,
        "hands": [
            {"part": hand, "wrist": _point(layout, wrist)}
            for hand, wrist in zip(body_frame.HANDS, layout.wrists, strict=True)
        ],
        "does": "For each hand, a part is added after all others: its points minus its wrist, seen where the part of the hand "
        "and the part of the wrist are seen, and 0 elsewhere.",
    }


def _point(layout: Layout, point: Point | None) -> dict[str, Any] | None:
    """Where a point is."""
    if point is None:
        return None
    channels = layout.channels_at(point)
    return {"part": point[0], "point": point[1], "first_channel": channels.start}

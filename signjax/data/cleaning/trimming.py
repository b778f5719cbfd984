"""Where a sign begins and ends in a clip: frames at either end in which no hand moves are idle.

Shapes: T frames, F channels, P parts.
"""

import numpy as np

from signjax.data.geometry.kinematics import positions
from signjax.data.layout.parts import Layout, Point

HANDS = ("left_hand", "right_hand")

# Movement is the distance that a hand covers in this many frames, so that tracker jitter does not count.
SPAN = 4
# Frames count as idle while movement is below this share of the clip's own (its 95th percentile).
IDLE_SHARE = 0.25
# Frames kept before the first and after the last frame in which a hand moves.
MARGIN = 3
FEWEST_FRAMES = 8


def hand_motion(frames: np.ndarray, valid: np.ndarray, layout: Layout) -> np.ndarray | None:
    """float (T,): how far the hands move around each frame, in the unit of their positions.

    The mean over the points of each hand, including the wrist. If a hand is not seen, the end of the arm is used if the skeleton
    connects it to the wrist; otherwise the hand counts as still. None if the layout has no hand with positions.
    """
    places = positions(frames, layout)
    hands = [hand for hand in HANDS if hand in places]
    if not hands or len(frames) <= SPAN:
        return None

    def moved(points: list[np.ndarray], part: str) -> tuple[np.ndarray, np.ndarray]:
        together = np.stack(points, axis=1)
        seen = valid[:, layout.part_names.index(part)]
        return np.linalg.norm(together[SPAN:] - together[:-SPAN], axis=-1).mean(1), seen[SPAN:] & seen[:-SPAN]

    motion = np.zeros(len(frames))
    middle = slice(SPAN // 2, len(frames) - SPAN // 2)
    for hand in hands:
        wrist = None if layout.wrists is None else layout.wrists[HANDS.index(hand)]
        points = [*np.moveaxis(places[hand], 1, 0)]
        if wrist is not None:
            points.append(places[wrist[0]][:, wrist[1]])
        way, seen = moved(points, hand)
        arm = None if wrist is None else arm_end(layout, wrist)
        if arm is not None:
            instead, arm_seen = moved([places[arm[0]][:, arm[1]]], arm[0])
            way, seen = np.where(seen, way, instead), seen | arm_seen
        motion[middle] += np.where(seen, way, 0.0)
    motion[: middle.start], motion[middle.stop :] = motion[middle.start], motion[middle.stop - 1]
    return motion


def arm_end(layout: Layout, wrist: Point) -> Point | None:
    """The point of another part that the skeleton connects to a hand's wrist; None if the wrist does not belong to a hand."""
    if wrist[0] not in HANDS:
        return None
    joined = (edge[1 - edge.index(wrist)] for edge in layout.skeleton if wrist in edge)
    return next((point for point in joined if point[0] != wrist[0]), None)


def active_frames(frames: np.ndarray, valid: np.ndarray, layout: Layout) -> slice:
    """The frames from the first to the last in which a hand moves, and a few on either side; all frames if there are none."""
    everything = slice(0, len(frames))
    motion = hand_motion(frames, valid, layout)
    if motion is None:
        return everything
    least = IDLE_SHARE * np.percentile(motion, 95)
    if least <= 0:
        return everything
    moving = np.flatnonzero(motion > least)
    start, stop = max(int(moving[0]) - MARGIN, 0), min(int(moving[-1]) + 1 + MARGIN, len(frames))
    return slice(start, stop) if stop - start >= FEWEST_FRAMES else everything

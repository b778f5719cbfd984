"""Synthetic signers signing HamNoSys strings, as SMPL-X clips.

The right hand is dominant; a left-handed signer's clip is the mirror image. Inverse kinematics brings the wrist to its location
and rotates it so that fingers and palm face as the string says, whatever the posture of the arm.

Shapes: T frames. Rotations are axis-angle in radians.
"""

import numpy as np

from signjax.data.geometry.arms import hand_rotation, reach
from signjax.data.geometry.rotations import axis_angle_to_matrix, matrix_to_axis_angle
from signjax.data.layout import registry as layout_registry
from signjax.data.synthetic.hamnosys_plan import Hand, Move, Plan
from signjax.data.synthetic.handshapes import relaxed
from signjax.data.synthetic.signing import (
    FRAMES_PER_SECOND,
    Signer,
    envelope,
    smooth_noise,
)

# Indices of joints among the 21 of the body pose, right side; the left partner of each is the one before it.
_ARM = (16, 18, 20)
_TORSO_AND_HEAD = (2, 5, 8, 11, 14)
_REST = np.array([[0.1, 0.1, 1.25], [0.0, 0.35, 0.0], [0.0, 0.0, 0.0]])
_REFLECTION = np.array([1.0, -1.0, -1.0])
# Rotations of a local movement about the hand's axes: at rest the fingers point along -x and the palm faces -y.
_LOCAL_AXES = {"hamnodding": (0.0, 0.0, 1.0), "hamswinging": (0.0, 1.0, 0.0), "hamtwisting": (1.0, 0.0, 0.0)}
_LOCAL_TURN = 0.7
# The duration of a sign, before the signer's tempo is applied.
_FRAMES_ASIDE, _FRAMES_A_STEP, _MOST_CYCLES = 10, 10, 5


def _step_phases(phase: np.ndarray, steps: int, times: int, back: bool) -> np.ndarray:
    """(T,) phases of the sign, 0 to 1 -> (steps, T) phases of its steps.

    All steps are done `times` times; in between, the hand returns in the last quarter of each repetition, or, with `back`, every
    second repetition is the way back.
    """
    part = np.minimum(phase, 1 - 1e-9) * times
    within, turn = part % 1.0, part.astype(int)
    if back:
        progress = np.where(turn % 2 == 0, within, 1 - within)
    else:
        returning = np.clip((1 - within) / 0.25, 0, 1)
        progress = np.where(
            (turn < times - 1) & (within > 0.75), returning, np.minimum(within / 0.75, 1) if times > 1 else within
        )
    return np.clip(progress * max(steps, 1) - np.arange(max(steps, 1))[:, None], 0, 1)[:steps]


def hand_motion(
    hand: Hand, phase: np.ndarray, times: int, back: bool, size: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The position and orientation of a hand, and the pose of its fingers, at each phase of the sign from 0 to 1.

    Args:
      hand: the plan of the hand.
      phase: (T,).
      times, back: as in `Plan`.
      size: factor on the size of movements.

    Returns:
      (T, 3) metres, (T, 3, 3) rotations from rest, (T, 15, 3) radians.
    """
    frames = len(phase)
    place = np.tile(hand.place, (frames, 1))
    turn = np.tile(hand_rotation(hand.axes), (frames, 1, 1))
    wrist = np.zeros((frames, 3))
    fingers = np.tile(hand.pose, (frames, 1, 1))
    now = {"place": hand.place, "turn": hand_rotation(hand.axes), "pose": hand.pose}
    for moves, s in zip(hand.steps, _step_phases(phase, len(hand.steps), times, back), strict=True):
        for move in moves:
            smooth = (s * s * (3 - 2 * s))[:, None]
            if move.kind in ("shift", "reach"):
                vector = size * move.vector if move.kind == "shift" else move.vector - now["place"]
                place += smooth * vector
                now["place"] = now["place"] + vector
            elif move.kind in ("bump", "wave", "circle"):
                place += size * _excursion(move, s)
            elif move.kind == "local":
                turned, played = _local(move, s)
                wrist += turned
                fingers += played
            elif move.kind == "shape":
                fingers += smooth[..., None] * (move.vector - now["pose"])
                now["pose"] = move.vector
            else:
                target = hand_rotation(move.vector)
                turn = turn @ axis_angle_to_matrix(smooth * matrix_to_axis_angle(now["turn"].T @ target))
                now["turn"] = target
    return place, turn @ axis_angle_to_matrix(wrist), fingers


def _excursion(move: Move, s: np.ndarray) -> np.ndarray:
    """(T, 3): a displacement that ends where it began."""
    if move.kind == "bump":
        return np.sin(np.pi * s)[:, None] * move.vector
    if move.kind == "wave":
        return np.sin(6 * np.pi * s)[:, None] * move.vector
    radius = np.linalg.norm(move.vector)
    axis = move.vector / radius
    start = np.cross(axis, [0.0, 0.0, 1.0]) if abs(axis[2]) < 0.9 else np.array([0.0, 1.0, 0.0])
    start = radius * start / np.linalg.norm(start)
    return (np.cos(2 * np.pi * s) - 1)[:, None] * start + np.sin(2 * np.pi * s)[:, None] * np.cross(axis, start)


def _local(move: Move, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(T, 3) rotation of the wrist and (T, 15, 3) of the fingers."""
    amount = _LOCAL_TURN * move.vector[0]
    fingers = np.zeros((len(s), 5, 3, 3))
    if move.name == "hamfingerplay":
        fingers[:, :, 0, 2] = (
            amount * np.sin(4 * np.pi * s[:, None] + np.arange(5)) * (s[:, None] < 1) * (s[:, None] > 0)
        )
        return np.zeros((len(s), 3)), fingers.reshape(-1, 15, 3)
    if move.name in _LOCAL_AXES:
        turned = np.sin(4 * np.pi * s)[:, None] * np.array(_LOCAL_AXES[move.name])
    else:  # stirring: the hand moves along a cone
        sense = -1.0 if move.name == "hamstirccw" else 1.0
        turned = np.stack([np.zeros_like(s), np.sin(4 * np.pi * s), sense * (np.cos(4 * np.pi * s) - 1)], axis=1)
    return amount * turned, fingers.reshape(-1, 15, 3)


def _cycles(plan: Plan | None) -> int:
    """The duration of the sign in steps, including repetitions; the longest signs are done faster."""
    if plan is None:
        return 1
    steps = max(len(plan.right.steps), 0 if plan.left is None else len(plan.left.steps), 1)
    return min(steps * plan.times, _MOST_CYCLES)


def sign_plan(plan: Plan | None, signer: Signer, rng: np.random.Generator, noise: float = 1.0) -> dict[str, np.ndarray]:
    """One clip of a sign; without a plan the signer only stands there.

    Args:
      plan: what the hands do.
      signer: the signer.
      rng: generates everything that changes from clip to clip.
      noise: factor on all of that except the timing; 0 follows the plan exactly.

    Returns:
      `smplx` float32 (T, 182), `left_valid` and `right_valid` bool (T,).
    """
    length = int(rng.uniform(0.85, 1.15) * (_FRAMES_ASIDE + _FRAMES_A_STEP * _cycles(plan)) / signer.tempo)
    transition = int(rng.integers(4, 8))
    before, after = (int(n) + transition for n in rng.integers(2, 8, 2))
    into, phase = envelope(before, length, after, transition)
    frames = len(into)
    phase = phase ** rng.uniform(0.85, 1.2)
    size = signer.reach * (1 + noise * rng.uniform(-0.12, 0.12))
    body = np.tile(signer.posture, (frames, 1, 1))
    hands = {}
    for side in ("right", "left"):
        hand = None if plan is None else plan.right if side == "right" else plan.left
        arm = np.tile(_REST, (frames, 1, 1))
        fingers = np.tile(relaxed(0.25), (frames, 1, 1))
        if plan is not None and hand is not None:
            own = (phase + 0.5) % 1.0 if plan.alternating and side == "left" else phase
            place, turn, pose = hand_motion(hand, own, plan.times, plan.back, size)
            place = place + noise * rng.normal(0, 0.012, 3)
            amount = into[:, None, None]
            arm = (1 - amount) * arm + amount * reach(place, turn)
            arm[:, 2] += into[:, None] * (signer.wrist + noise * rng.normal(0, 0.05, 3))
            fingers = (1 - amount) * fingers + amount * signer.flexion * pose
        reflection = np.ones(3) if side == "right" else _REFLECTION
        for joint, position in enumerate(_ARM):
            body[:, position - (side == "left")] += reflection * arm[:, joint]
        hands[side] = (reflection * (fingers + signer.fingers)).reshape(frames, 45)
    shaking = noise * smooth_noise(rng, (frames, 63 + 90 + 13), 1.0)
    time = np.arange(frames) / FRAMES_PER_SECOND
    for joint in _TORSO_AND_HEAD:
        frequency, start = rng.uniform(0.2, 0.9), rng.uniform(0, 2 * np.pi, 3)
        body[:, joint] += signer.sway * np.sin(2 * np.pi * frequency * time[:, None] + start)
    pose = np.concatenate(
        [
            np.tile([-np.pi, 0.0, 0.0], (frames, 1)),
            body.reshape(frames, 63) + 0.01 * shaking[:, :63],
            hands["left"] + 0.05 * shaking[:, 63:108],
            hands["right"] + 0.05 * shaking[:, 108:153],
            0.05 * np.abs(shaking[:, 153:156]),
            0.3 * shaking[:, 156:],
        ],
        axis=1,
    )
    if signer.left_handed:
        channel, sign, _ = layout_registry.smplx().mirror
        pose = pose[:, channel] * sign
    camera = np.tile(rng.normal([0.0, 0.3, 12.0], [0.1, 0.1, 1.0]), (frames, 1))
    smplx = np.concatenate([pose[:, :159], np.tile(signer.shape, (frames, 1)), pose[:, 159:], camera], axis=1)
    seen = np.ones(frames, bool)
    return {"smplx": smplx.astype(np.float32), "left_valid": seen, "right_valid": seen}

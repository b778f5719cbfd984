"""Synthetic signers signing synthetic signs, as SMPL-X clips.

A sign is a handshape, an orientation of the hand, a location, a movement, and one hand or two (the parameters of Stokoe (1960)
and Battison (1978)). A signer has a build, a tempo, a dominant hand and habits. A clip has idle frames at both ends, noise,
dropped frames and lost hands.

Shapes: T frames. Rotations are axis-angle in radians. All motion is right-handed and mirrored for left-handed signers.
"""

from dataclasses import dataclass

import numpy as np

from signjax.data.layout import registry as layout_registry
from signjax.rng.numpy_streams import fixed_numpy_stream, numpy_stream

FRAMES_PER_SECOND = 24

# Flexion of thumb, index, middle, ring and little finger (0 straight, 1 bent), and how far the fingers are spread.
_HANDSHAPES = {
    "fist": ((0.9, 1.0, 1.0, 1.0, 1.0), 0.0),
    "flat": ((0.1, 0.0, 0.0, 0.0, 0.0), 0.0),
    "spread": ((0.0, 0.0, 0.0, 0.0, 0.0), 0.35),
    "point": ((0.8, 0.0, 1.0, 1.0, 1.0), 0.0),
    "two": ((0.9, 0.0, 0.0, 1.0, 1.0), 0.2),
    "claw": ((0.4, 0.55, 0.55, 0.55, 0.55), 0.25),
    "pinch": ((0.6, 0.6, 0.1, 0.1, 0.1), 0.1),
    "little": ((0.8, 1.0, 1.0, 1.0, 0.0), 0.0),
}
# Rotation of the wrist.
_ORIENTATIONS = {
    "inward": (0.0, 0.0, 0.0),
    "outward": (1.3, 0.0, 0.2),
    "down": (0.6, 0.5, 0.0),
    "up": (-0.8, 0.0, -0.3),
}
# Rotations of shoulder and elbow that bring the hand to a location.
_LOCATIONS = {
    "forehead": ((-0.2, 0.9, -0.3), (0.1, 2.2, 0.0)),
    "chin": ((-0.2, 0.8, 0.2), (0.1, 2.1, 0.2)),
    "chest": ((-0.3, 0.6, 0.7), (0.0, 1.7, 0.2)),
    "belly": ((-0.2, 0.4, 1.0), (0.0, 1.2, 0.3)),
    "side": ((0.2, -0.1, 0.6), (0.0, 1.5, -0.3)),
    "space": ((0.0, 0.9, 0.7), (0.0, 0.8, 0.0)),
}
_MOVEMENTS = ("forward", "down", "sideways", "arc", "circle", "tap", "twist", "wiggle")
ATTRIBUTES = ("handshape", "orientation", "location", "movement", "hands")

# Indices of joints among the 21 of the body pose, right side; the left partner of each is the one before it.
_SHOULDER, _ELBOW, _WRIST = 16, 18, 20
_FIRST_OF_ARMS = 12  # the left collarbone; every joint from here on except the head belongs to an arm
_TORSO_AND_HEAD = (2, 5, 8, 11, 14)
_REST = {_SHOULDER: (0.1, 0.1, 1.25), _ELBOW: (0.0, 0.35, 0.0), _WRIST: (0.0, 0.0, 0.0)}
# Fingers in the order of the hand pose: index, middle, little, ring, thumb, as indices into a handshape's flexions.
_FINGER_ORDER = (1, 2, 4, 3, 0)


@dataclass(frozen=True)
class Sign:
    """A sign of the vocabulary, by its parameters."""

    handshape: str
    orientation: str
    location: str
    movement: str
    hands: str

    @property
    def gloss(self) -> str:
        """Its unique name in the label table."""
        return "-".join((self.handshape, self.orientation, self.location, self.movement, self.hands)).upper()


@dataclass(frozen=True)
class Signer:
    """The traits of a signer that do not change from clip to clip.

    Attributes:
      name: as in the label table.
      left_handed: whether the left hand is dominant.
      tempo: factor on speed.
      reach: factor on the size of movements.
      flexion: factor on the bending of the fingers.
      posture: (21, 3), added to the body pose.
      wrist, fingers: (3,) and (15, 3), added to each hand.
      sway: radians, how much torso and head move.
      shape: (10,) SMPL-X shape coefficients.
    """

    name: str
    left_handed: bool
    tempo: float
    reach: float
    flexion: float
    posture: np.ndarray
    wrist: np.ndarray
    fingers: np.ndarray
    sway: float
    shape: np.ndarray


def vocabulary(count: int) -> tuple[Sign, ...]:
    """The first `count` signs of a fixed list in which every sign has minimal pairs: signs that differ in one parameter."""
    rng = fixed_numpy_stream("vocabulary")
    values = {
        "handshape": tuple(_HANDSHAPES),
        "orientation": tuple(_ORIENTATIONS),
        "location": tuple(_LOCATIONS),
        "movement": _MOVEMENTS,
        "hands": ("one", "both"),
    }
    signs: dict[str, Sign] = {}
    while len(signs) < count:
        base = {name: str(rng.choice(values[name])) for name in ATTRIBUTES}
        for changed in (None, *rng.choice(ATTRIBUTES, 2, replace=False).tolist()):
            variant = dict(base)
            if changed is not None:
                variant[changed] = str(rng.choice([value for value in values[changed] if value != base[changed]]))
            sign = Sign(**variant)
            if len(signs) < count:
                signs.setdefault(sign.gloss, sign)
    return tuple(signs.values())


def make_signer(index: int, seed: int) -> Signer:
    """Signer number `index`; every fourth is left-handed."""
    rng = numpy_stream(seed, "signer", index)
    posture = rng.normal(0, 0.05, (21, 3))
    posture[_FIRST_OF_ARMS:] += rng.normal(0, 0.10, (21 - _FIRST_OF_ARMS, 3))
    return Signer(
        name=f"signer{index:02d}",
        left_handed=index % 4 == 3,
        tempo=rng.uniform(0.75, 1.35),
        reach=rng.uniform(0.75, 1.25),
        flexion=rng.uniform(0.8, 1.1),
        posture=posture,
        wrist=rng.normal(0, 0.12, 3),
        fingers=rng.normal(0, 0.08, (15, 3)),
        sway=rng.uniform(0.02, 0.12),
        shape=rng.normal(0, 1, 10),
    )


def movement_offsets(movement: str, phase: np.ndarray) -> dict[str, np.ndarray]:
    """The rotations that a movement adds to the arm, at each phase from 0 to 1.

    Returns:
      `shoulder`, `elbow`, `wrist`: (T, 3) radians; `flexion`: (T, 5), added to the bending of the fingers.
    """
    zero = np.zeros_like(phase)
    shoulder, elbow, wrist = (np.zeros((len(phase), 3)) for _ in range(3))
    flexion = np.zeros((len(phase), 5))
    ramp, turn = phase - 0.5, 2 * np.pi * phase
    if movement == "forward":
        elbow = np.stack([zero, -1.0 * ramp, zero], 1)
    elif movement == "down":
        shoulder = np.stack([zero, zero, 0.9 * ramp], 1)
    elif movement == "sideways":
        shoulder = np.stack([zero, -0.9 * ramp, zero], 1)
    elif movement == "arc":
        shoulder = np.stack([zero, -0.9 * ramp, -0.45 * np.sin(np.pi * phase)], 1)
    elif movement == "circle":
        shoulder = np.stack([zero, 0.35 * np.cos(1.5 * turn), 0.35 * np.sin(1.5 * turn)], 1)
    elif movement == "tap":
        elbow = np.stack([zero, 0.4 * np.abs(np.sin(1.5 * turn)), zero], 1)
    elif movement == "twist":
        wrist = np.stack([0.7 * np.sin(2 * turn), zero, zero], 1)
    elif movement == "wiggle":
        flexion = 0.35 * np.sin(3 * turn[:, None] + np.arange(5))
    return {"shoulder": shoulder, "elbow": elbow, "wrist": wrist, "flexion": flexion}


def hand_pose(flexion: np.ndarray, spread: float) -> np.ndarray:
    """(T, 5) flexions and a spread as the (T, 45) pose of a right hand."""
    pose = np.zeros((len(flexion), 5, 3, 3))
    for position, finger in enumerate(_FINGER_ORDER):
        pose[:, position, :, 2] = 1.4 * flexion[:, finger, None]
        pose[:, position, 0, 1] = spread * (finger - 2.5) * 0.5
    return pose.reshape(len(flexion), 45)


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], scale: float) -> np.ndarray:
    """Noise that is correlated over about four frames, with standard deviation `scale`."""
    noise = rng.normal(0, 1, shape)
    noise[1:] *= np.sqrt(1 - 0.75**2)
    # Each frame is new noise plus 0.75 of the previous frame. Contributions from 1, 2, 4, ... frames earlier are added in turn.
    span = 1
    while span < len(noise):
        noise[span:] += 0.75**span * noise[:-span]
        span *= 2
    return scale * noise


def envelope(before: int, sign: int, after: int, transition: int) -> tuple[np.ndarray, np.ndarray]:
    """For each frame, the smooth transition from rest into the sign (0 to 1), and the phase of the movement (0 to 1)."""
    t = np.arange(before + sign + after, dtype=float)
    rise = np.clip((t - before + transition) / transition, 0, 1)
    fall = np.clip((before + sign + transition - t) / transition, 0, 1)
    into = np.minimum(rise, fall)
    return into * into * (3 - 2 * into), np.clip((t - before) / max(sign - 1, 1), 0, 1)


def sign_clip(sign: Sign, signer: Signer, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """One take: `smplx` float32 (T, 182), `left_valid` and `right_valid` bool (T,)."""
    length = int(rng.uniform(26, 44) / signer.tempo)
    transition = int(rng.integers(4, 8))
    before, after = (int(n) + transition for n in rng.integers(2, 16, 2))
    into, phase = envelope(before, length, after, transition)
    frames = len(into)
    phase = phase ** rng.uniform(0.8, 1.25)  # people do not move at a constant speed
    offsets = movement_offsets(sign.movement, phase)
    flexions, spread = _HANDSHAPES[sign.handshape]
    size = signer.reach * rng.uniform(0.85, 1.15)

    body = np.tile(signer.posture, (frames, 1, 1))
    hands = {}
    shoulder, elbow = (np.array(rotation) for rotation in _LOCATIONS[sign.location])
    targets = {
        _SHOULDER: shoulder + size * offsets["shoulder"],
        _ELBOW: elbow + size * offsets["elbow"],
        _WRIST: np.array(_ORIENTATIONS[sign.orientation]) + size * offsets["wrist"] + signer.wrist,
    }
    relaxed = rng.uniform(0.15, 0.4, 5)
    for side, active in (("right", True), ("left", sign.hands == "both")):
        amount = into[:, None] if active else np.zeros((frames, 1))
        reflection = np.array([1.0, 1.0, 1.0] if side == "right" else [1.0, -1.0, -1.0])
        for joint, target in targets.items():
            rest = np.array(_REST[joint]) + rng.normal(0, 0.05, 3)
            pose = (1 - amount) * rest + amount * (target + rng.normal(0, 0.05, 3))
            body[:, joint - (side == "left")] += reflection * pose
        flexion = (1 - amount) * relaxed + amount * signer.flexion * (np.array(flexions) + offsets["flexion"])
        hand = hand_pose(flexion, spread) + signer.fingers.reshape(45) + smooth_noise(rng, (frames, 45), 0.06)
        hands[side] = hand * np.tile(reflection, 15)
    time = np.arange(frames) / FRAMES_PER_SECOND
    for joint in _TORSO_AND_HEAD:
        frequency, start = rng.uniform(0.2, 0.9), rng.uniform(0, 2 * np.pi, 3)
        body[:, joint] += signer.sway * np.sin(2 * np.pi * frequency * time[:, None] + start)
    noise = smooth_noise(rng, (frames, 63), 1.0).reshape(frames, 21, 3)
    body[:, :_FIRST_OF_ARMS] += 0.01 * noise[:, :_FIRST_OF_ARMS]
    body[:, _FIRST_OF_ARMS:] += 0.03 * noise[:, _FIRST_OF_ARMS:]
    body = body.reshape(frames, 63)
    root = np.tile([-np.pi, 0.0, 0.0], (frames, 1))
    jaw = np.abs(smooth_noise(rng, (frames, 3), 0.05))
    expression = smooth_noise(rng, (frames, 10), 0.3)
    pose = np.concatenate([root, body, hands["left"], hands["right"], jaw, expression], axis=1)
    if signer.left_handed:
        channel, sign_of, _ = layout_registry.smplx().mirror
        pose = pose[:, channel] * sign_of
    valid = {side: _seen(rng, frames) for side in ("left", "right")}
    for side, seen in valid.items():
        pose[~seen, layout_registry.smplx().channels_of(f"{side}_hand")] = 0.0
    camera = np.tile(rng.normal([0.0, 0.3, 12.0], [0.1, 0.1, 1.0]), (frames, 1))
    shape = np.tile(signer.shape, (frames, 1))
    smplx = np.concatenate([pose[:, :159], shape, pose[:, 159:], camera], axis=1)
    kept = rng.random(frames) >= rng.uniform(0, 0.1)  # the tracker lost the whole signer here
    return {
        "smplx": smplx[kept].astype(np.float32),
        "left_valid": valid["left"][kept],
        "right_valid": valid["right"][kept],
    }


def _seen(rng: np.random.Generator, frames: int) -> np.ndarray:
    """bool (T,): whether a hand was tracked; in one clip out of four it is lost for a while."""
    seen = np.ones(frames, bool)
    if rng.random() < 0.25:
        start, length = rng.integers(0, frames), rng.integers(3, 11)
        seen[start : start + length] = False
    return seen

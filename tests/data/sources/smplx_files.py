"""Made clips of body parameters, and what source smplx reads from their files."""

import pickle
from pathlib import Path

import numpy as np

from signjax.data.clip import Clip, Request
from signjax.data.layout.smplx import BODY_JOINTS
from signjax.data.sources import registry as source_registry

T = 7
PARTS = ("root", "body", "left_hand", "right_hand", "jaw", "expression")
JOINTS = {"global_orient": 1, "body_pose": 21, "left_hand_pose": 15, "right_hand_pose": 15, "jaw_pose": 1}


def parameters(frames: int = T, seed: int = 0) -> dict[str, np.ndarray]:
    """A clip of a signer with bent elbows, as the package smplx takes it: rotation vectors (T, 3 J)."""
    rng = np.random.default_rng(seed)
    made = {name: rng.normal(0, 0.3, (frames, 3 * joints)) for name, joints in JOINTS.items()}
    body = made["body_pose"].reshape(frames, 21, 3)
    body[:, BODY_JOINTS.index("left_elbow"), 1] -= 1.5
    body[:, BODY_JOINTS.index("right_elbow"), 1] += 1.5
    eyes = {name: rng.normal(0, 0.3, (frames, 3)) for name in ("leye_pose", "reye_pose")}
    others = {
        "expression": rng.normal(size=(frames, 10)),
        "betas": rng.normal(size=10),
        "transl": rng.normal(size=(frames, 3)),
    }
    return {name: values.astype(np.float32) for name, values in (made | eyes | others).items()}


def channels(made: dict[str, np.ndarray]) -> np.ndarray:
    """(T, 169): what layout smplx must hold."""
    return np.concatenate([made[name] for name in (*JOINTS, "expression")], axis=1)


def save(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".npz":
        np.savez(path, **content)
    elif path.suffix == ".npy":
        np.save(path, content)
    else:
        path.write_bytes(pickle.dumps(content))


def read(path: Path, **fields: object) -> list[object]:
    return list(source_registry.read("smplx", Request(path, **({"labelled": False} | fields))))


def only(path: Path, **fields: object) -> Clip:
    (clip,) = read(path, **fields)
    assert isinstance(clip, Clip), clip
    return clip


def one_frame(made: dict[str, np.ndarray], index: int) -> dict[str, np.ndarray]:
    return {name: values if name == "betas" else values[index : index + 1] for name, values in made.items()}


def smpler_x(made: dict[str, np.ndarray], index: int) -> dict[str, np.ndarray]:
    """One frame as SMPLer-X writes it: joints in rows, nothing else with an axis."""
    frame = one_frame(made, index)
    shapes = {name: (-1, 3) if name.endswith(("pose", "orient")) else (-1,) for name in frame}
    return {name: values.reshape(shapes[name]) for name, values in frame.items()}


def smpl(made: dict[str, np.ndarray]) -> np.ndarray:
    """(T, 72): the pose of SMPL, whose last two joints are rigid hands."""
    return np.concatenate([made["global_orient"], made["body_pose"], np.full((T, 6), 9, np.float32)], 1)

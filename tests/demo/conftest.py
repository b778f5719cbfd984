"""A tiny model of MediaPipe landmarks, which the tests of the page share."""

import numpy as np
import pytest
from conftest import silent

import signjax
from signjax.data.layout import registry as layout_registry
from signjax.demo.example import example_clip

LAYOUT = layout_registry.BUILT_IN["pose_hands"]
SIGNS = ("again", "book", "chair", "drink", "eat", "finish")
TINY = {
    "data.source": "mediapipe",
    "data.split": "stratified",
    "data.valid_fraction": 0.25,
    "data.test_fraction": 0.25,
    "data.max_frames": 32,
    "data.workers": 1,
    "model.filters": (8, 12),
    "model.units": 6,
    "model.heads": 2,
    "model.depth": 1,
    "train.batch_size": 8,
    "train.epochs": 1,
}


def some_frames(sign: int, take: int) -> np.ndarray:
    """float32 (T, 225): the synthetic signer, with the right hand raised by a height that depends on the sign."""
    rng = np.random.default_rng([sign, take])
    frames = example_clip(LAYOUT, {}).frames[: 30 + take].copy()
    hand = frames[:, LAYOUT.channels_of("right_hand")].reshape(-1, 21, 3)
    hand[hand.any((1, 2)), :, 1] += 0.05 * sign
    return frames + np.where(frames == 0, 0, rng.normal(0, 0.002, frames.shape)).astype(np.float32)


@pytest.fixture(scope="session")
def recorded(tmp_path_factory):
    """A folder of clips, one folder for each sign."""
    folder = tmp_path_factory.mktemp("landmarks")
    for number, sign in enumerate(SIGNS):
        (folder / sign).mkdir()
        for take in range(4):
            np.save(folder / sign / f"{take}.npy", some_frames(number, take))
    return folder


@pytest.fixture(scope="session")
def run(recorded, tmp_path_factory):
    """A run on them."""
    return signjax.train(recorded, workdir=tmp_path_factory.mktemp("demo") / "run", settings=TINY, say=silent)


@pytest.fixture(scope="session")
def model(run):
    """Its model."""
    return run.load()

import dataclasses
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from signjax.augment import Augmentation, augment, augment_clip
from signjax.data.layout import registry as layout_registry

OFF = Augmentation(mirror=0.0, posture=0.0, noise=0.0, part_dropout=0.0, frame_dropout=0.0)
LAYOUT = layout_registry.smplx()
STD, WITHIN = jnp.full(169, 2.0), jnp.full(169, 0.5)


def clip(length: int = 20, frames: int = 32):
    rng = np.random.default_rng(0)
    content = np.zeros((frames, 169), np.float32)
    content[:length] = rng.normal(size=(length, 169))
    valid = np.zeros((frames, 6), bool)
    valid[:length] = True
    return jnp.asarray(content), jnp.asarray(length), jnp.asarray(valid)


@partial(jax.jit, static_argnums=2)
def jitted(arrays, key, settings: Augmentation):
    return augment_clip(arrays, key, settings, LAYOUT.mirror, STD, WITHIN)


def apply(seed: int = 0, **changes: float):
    settings = dataclasses.replace(OFF, **changes)
    return jitted(clip(), jax.random.key(seed), settings)


def test_everything_off_changes_nothing():
    for found, expected in zip(apply(), clip(), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_a_mirrored_clip_is_the_layouts_mirror():
    channel, sign, _ = LAYOUT.mirror
    frames = np.asarray(clip()[0])
    settings = dataclasses.replace(OFF, mirror=0.5)
    seen = set()
    for seed in range(12):
        found = np.asarray(jitted(clip(), jax.random.key(seed), settings)[0])
        is_mirror = np.array_equal(found, frames[:, channel] * sign)
        assert is_mirror or np.array_equal(found, frames)
        seen.add(is_mirror)
    assert seen == {True, False}


def test_posture_is_constant_in_a_clip_and_noise_is_not():
    original = clip()[0]
    shift = np.asarray(apply(posture=0.5)[0] - original)[:20]
    np.testing.assert_allclose(shift, np.broadcast_to(shift[0], shift.shape), atol=1e-5)
    assert abs(shift[0].std() / (0.5 * 2.0) - 1) < 0.2
    noise = np.asarray(apply(noise=0.1)[0] - original)
    assert abs(noise[:20].std() / (0.1 * 0.5) - 1) < 0.1
    assert not noise[20:].any()


def test_dropped_parts_and_frames_count_as_not_seen():
    parts = np.asarray(apply(seed=1, part_dropout=0.5)[2])[:20]
    assert 0 < parts[0].sum() < 6 and (parts == parts[0]).all()
    frames = np.asarray(apply(frame_dropout=0.3)[2])[:20]
    assert 0 < frames.any(1).sum() < 20 and (frames.all(1) == frames.any(1)).all()


def test_a_layout_of_one_part_is_never_dropped_whole():
    valid = jnp.ones((8, 1), bool)
    settings = dataclasses.replace(OFF, part_dropout=0.99)
    clip = (jnp.ones((8, 3)), jnp.asarray(8), valid)
    found = augment_clip(clip, jax.random.key(0), settings, None, jnp.ones(3), jnp.ones(3))
    assert found[2].all()


def test_a_clips_fate_depends_on_its_key_alone():
    frames, length, valid = (jnp.stack([value] * 3) for value in clip())
    keys = jax.random.split(jax.random.key(0), 3)
    settings = dataclasses.replace(OFF, noise=0.1, mirror=0.5, part_dropout=0.2)

    @jax.jit
    def run(frames, length, valid, keys):
        return augment(frames, length, valid, keys, settings, LAYOUT.mirror, STD, WITHIN)

    together = run(frames, length, valid, keys)
    alone = run(frames[1:2], length[1:2], valid[1:2], keys[1:2])
    for whole, part in zip(together, alone, strict=True):
        np.testing.assert_allclose(whole[1], part[0], atol=1e-6)
    assert not np.allclose(together[0][0], together[0][1])

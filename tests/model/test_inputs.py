"""What the network sees of a clip, compared with the same written out for each clip in NumPy."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
from training.test_golden_step import make_batch

from signjax.data.geometry.bones import directions
from signjax.model.bone_scale import BoneScale
from signjax.model.inputs import model_inputs, sum_over_inputs

SPEC, BATCH = make_batch()
F, P = SPEC.layout.width, len(SPEC.layout.parts)
LINES = ((("left", 0), ("left", 1)), (("left", 0), ("right", 1)))
JOINED = replace(SPEC, layout=replace(SPEC.layout, skeleton=LINES), bones=BoneScale(0.4, 0.1))


def seen_by(frames: np.ndarray, length: np.ndarray, valid: np.ndarray, spec=SPEC) -> list[np.ndarray]:
    """The parts of the inputs: position, movement, form, velocity, flags."""
    x, mask = model_inputs(jnp.asarray(frames), jnp.asarray(length), jnp.asarray(valid), spec)
    assert np.array_equal(mask, np.arange(frames.shape[1])[None] < length[:, None])
    assert x.shape[-1] == spec.features
    return np.split(np.asarray(x), [F, 2 * F, 3 * F, 4 * F], axis=-1)


def test_inputs_are_position_movement_form_velocity_and_flags():
    inputs = seen_by(BATCH.frames, BATCH.length, BATCH.valid)
    for clip, length in enumerate(BATCH.length):
        values = np.clip(BATCH.frames[clip, :length].astype(np.float64), SPEC.low, SPEC.high)
        seen = BATCH.valid[clip, :length]
        channels = seen[:, SPEC.layout.part_of_channel]
        mean = np.nanmean(np.where(channels, values, np.nan), axis=0) if length else 0.0
        both = np.zeros_like(channels)
        both[1:] = channels[1:] & channels[:-1]
        step = np.concatenate([np.zeros((min(1, length), F)), np.diff(values, axis=0)])
        movement = (values - mean) * channels
        own = np.sqrt(np.square(movement).sum(0) / np.maximum(channels.sum(0), 1))
        expected = (
            (values - SPEC.mean) / SPEC.std * channels, movement / SPEC.within, movement / (own + 0.2 * SPEC.within),
            step / SPEC.speed * both, seen,
        )  # fmt: skip
        for found, right in zip(inputs, expected, strict=True):
            np.testing.assert_allclose(found[clip, :length], right, atol=1e-5)
            assert not found[clip, length:].any()


def test_movement_form_and_velocity_do_not_depend_on_where_a_signer_stands():
    wide = replace(SPEC, low=np.full(F, -np.inf, np.float32), high=np.full(F, np.inf, np.float32))
    here = seen_by(BATCH.frames, BATCH.length, BATCH.valid, wide)
    real = (np.arange(BATCH.frames.shape[1])[None] < BATCH.length[:, None])[:, :, None]
    there = seen_by(BATCH.frames + 5.0 * real, BATCH.length, BATCH.valid, wide)
    np.testing.assert_allclose(there[1], here[1], atol=1e-4)
    np.testing.assert_allclose(there[2], here[2], atol=1e-4)
    np.testing.assert_allclose(there[3], here[3], atol=1e-4)
    assert np.abs(there[0] - here[0]).max() > 1


def test_a_part_that_is_never_seen_is_zero():
    hidden = BATCH.valid & (np.arange(P) > 0)
    left = SPEC.layout.part_of_channel == 0
    for found in seen_by(BATCH.frames, BATCH.length, hidden)[:4]:
        assert np.isfinite(found).all() and not found[:, :, left].any()


def test_a_form_does_not_depend_on_how_large_a_signer_signs():
    wide = replace(
        SPEC, low=np.full(F, -np.inf, np.float32), high=np.full(F, np.inf, np.float32), within=SPEC.within * 1e-3
    )
    here = seen_by(BATCH.frames, BATCH.length, BATCH.valid, wide)
    larger = seen_by(2 * BATCH.frames, BATCH.length, BATCH.valid, wide)
    np.testing.assert_allclose(larger[2], here[2], atol=0.02)
    np.testing.assert_allclose(larger[1], 2 * here[1], rtol=1e-4, atol=1e-3)


def test_bones_are_directions_their_movement_and_their_velocity():
    x, _ = model_inputs(*map(jnp.asarray, (BATCH.frames, BATCH.length, BATCH.valid)), JOINED)
    assert x.shape[-1] == JOINED.features == 4 * F + 3 * 6 + P
    for clip, length in enumerate(BATCH.length):
        seen = BATCH.valid[clip, :length][:, SPEC.layout.part_of_channel]
        values = np.clip(BATCH.frames[clip, :length], SPEC.low, SPEC.high)
        bone, both = directions(values, seen, JOINED.layout)
        mean = bone.sum(0) / np.maximum(both.sum(0), 1)
        velocity = np.zeros_like(bone)
        velocity[1:] = np.diff(bone, axis=0) * (both[1:] & both[:-1])
        expected = np.concatenate([bone, (bone - mean) * both / 0.4, velocity / 0.1], axis=1)
        np.testing.assert_allclose(x[clip, :length, 4 * F : -P], expected, atol=2e-4)
        assert not x[clip, length:].any()


def test_bones_do_not_depend_on_how_long_they_are():
    frames = np.zeros((1, 16, F), np.float32)
    frames[0, :, 3:6] = np.random.default_rng(0).normal(size=(16, 3))
    wide, valid = replace(JOINED, low=-9 * SPEC.high, high=9 * SPEC.high), jnp.ones((1, 16, P), bool)
    given = [model_inputs(jnp.asarray(size * frames), jnp.array([16]), valid, wide)[0] for size in (1, 3)]
    np.testing.assert_allclose(given[0][..., 4 * F : -P], given[1][..., 4 * F : -P], atol=1e-4)


def test_bones_may_be_those_of_other_frames():
    other = np.random.default_rng(5).normal(size=BATCH.frames.shape).astype(np.float32)
    length, valid = map(jnp.asarray, (BATCH.length, BATCH.valid))
    here, there = (model_inputs(jnp.asarray(frames), length, valid, JOINED)[0] for frames in (BATCH.frames, other))
    both = model_inputs(jnp.asarray(BATCH.frames), length, valid, JOINED, jnp.asarray(other))[0]
    np.testing.assert_allclose(both[..., : 4 * F], here[..., : 4 * F], atol=1e-6)
    np.testing.assert_allclose(both[..., 4 * F :], there[..., 4 * F :], atol=1e-6)


def test_what_each_input_counts_is_added_up_by_channel_and_nothing_is_lost():
    values = np.random.default_rng(0).normal(size=(7, JOINED.features)).astype(np.float32)
    found = np.asarray(sum_over_inputs(jnp.asarray(values), JOINED))
    assert found.shape == (7, F)
    np.testing.assert_allclose(found.sum(1), values.sum(1), atol=1e-4)
    only = np.zeros_like(values)
    only[:, 4 * F + 6] = 1.0  # the movement of the first bone's x
    of_channels = np.asarray(sum_over_inputs(jnp.asarray(only), JOINED))[0]
    assert np.flatnonzero(of_channels).tolist() == [0, 3] and of_channels[[0, 3]].tolist() == [0.5, 0.5]

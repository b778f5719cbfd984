"""What the network sees of a clip, compared with the same written out for each clip in NumPy."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
from training.test_golden_step import make_batch

from signjax.model.inputs import model_inputs

SPEC, BATCH = make_batch()
F, P = SPEC.layout.width, len(SPEC.layout.parts)


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

import dataclasses
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from signjax.augment import Augmentation, Channels, augment, augment_clip
from signjax.data.layout import registry as layout_registry
from signjax.data.layout.parts import Layout, Part

OFF = Augmentation(**dict.fromkeys((field.name for field in dataclasses.fields(Augmentation)), 0.0))
LAYOUT = layout_registry.smplx()


def channels_of(layout: Layout, *, centred: bool = True) -> Channels:
    return Channels(layout, np.full(layout.width, 2.0, np.float32), np.full(layout.width, 0.5, np.float32), centred)


BODY = Layout(
    "body",
    (
        Part("body", 4, "xyz", "body", (1, 0, 3, 2)),
        Part("left_hand", 3, "xy", "right_hand"),
        Part("right_hand", 3, "xy", "left_hand"),
        Part("score", 2, "scalar", "score"),
    ),
    mirrors=True,
)


def clip(length: int = 20, frames: int = 32):
    rng = np.random.default_rng(0)
    content = np.zeros((frames, 169), np.float32)
    content[:length] = rng.normal(size=(length, 169))
    valid = np.zeros((frames, 6), bool)
    valid[:length] = True
    return jnp.asarray(content), jnp.asarray(length), jnp.asarray(valid)


@partial(jax.jit, static_argnums=2)
def jitted(arrays, key, settings: Augmentation):
    return augment_clip(arrays, key, settings, channels_of(LAYOUT))


def apply(seed: int = 0, **changes: float):
    settings = dataclasses.replace(OFF, **changes)
    return jitted(clip(), jax.random.key(seed), settings)


def test_everything_off_changes_nothing():
    for found, expected in zip(apply(), (*clip(), clip()[0]), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_what_changes_single_channels_is_kept_from_bones_of_points_but_not_of_joints():
    torn, whole = (
        {"stretch": 0.3, "posture": 0.3, "noise": 0.2},
        {"turn": 20.0, "scale": 0.1, "warp": 0.3, "mirror": 0.5},
    )
    settings = dataclasses.replace(OFF, **torn, **whole)
    key = jax.random.key(3)
    found = augment_clip(body(), key, settings, channels_of(BODY))
    expected = augment_clip(body(), key, dataclasses.replace(OFF, **whole), channels_of(BODY))
    score = BODY.channels_of("score")
    points = np.delete(np.arange(BODY.width), np.arange(BODY.width)[score])
    np.testing.assert_allclose(found.undisturbed[:, points], expected.frames[:, points], rtol=1e-6)
    np.testing.assert_array_equal(found.undisturbed[:, score], found.frames[:, score])
    assert (np.asarray(found.frames) != expected.frames)[:12].mean() > 0.95
    turned = apply(**torn)  # rotations of joints and nothing else
    np.testing.assert_array_equal(turned.undisturbed, turned.frames)


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


@pytest.mark.parametrize("centred", [True, False])
def test_coordinates_are_mirrored_and_turned_only_if_they_are_centred(centred):
    """The mirror image of coordinates that are not centred would be outside the picture."""
    frames, length, valid = body()
    settings = dataclasses.replace(OFF, mirror=0.999, rotation=20.0, scale=0.3)
    found = augment_clip((frames, length, valid), jax.random.key(0), settings, channels_of(BODY, centred=centred))
    assert np.allclose(found[0], frames) == (not centred)


def body(length: int = 12, frames: int = 16):
    rng = np.random.default_rng(1)
    content = np.zeros((frames, BODY.width), np.float32)
    content[:length] = rng.normal(size=(length, BODY.width))
    valid = np.arange(frames)[:, None] < np.full(len(BODY.parts), length)
    return jnp.asarray(content), jnp.asarray(length), jnp.asarray(valid)


def augmented_body(seed: int = 0, **changes: float) -> tuple[np.ndarray, np.ndarray]:
    """The frames of a body before and after."""
    clip = body()
    found = augment_clip(clip, jax.random.key(seed), dataclasses.replace(OFF, **changes), channels_of(BODY))
    return np.asarray(clip[0]), np.asarray(found[0])


def points(frames: np.ndarray, part: str) -> np.ndarray:
    return frames[:, BODY.channels_of(part)].reshape(len(frames), -1, BODY.part(part).channels_per_point)


def test_a_turn_is_one_rotation_for_all_points_and_frames_about_the_vertical():
    before, after = (points(frames, "body") for frames in augmented_body(turn=40.0))
    np.testing.assert_allclose(after[..., 1], before[..., 1], atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(after, axis=2), np.linalg.norm(before, axis=2), rtol=1e-5)
    matrix = np.linalg.lstsq(before.reshape(-1, 3), after.reshape(-1, 3), rcond=None)[0]
    np.testing.assert_allclose(before @ matrix, after, atol=1e-5)
    np.testing.assert_allclose(np.linalg.det(matrix), 1.0, rtol=1e-5)
    assert not np.allclose(after, before)


def test_points_in_the_plane_turn_with_the_picture_and_scalars_do_not():
    before, after = augmented_body(rotation=20.0)
    angle = np.angle(points(after, "left_hand")[:12] @ [1, 1j] / (points(before, "left_hand")[:12] @ [1, 1j]))
    assert angle.std() < 0.1 and abs(angle.mean()) > 0.02
    np.testing.assert_array_equal(after[:, BODY.channels_of("score")], before[:, BODY.channels_of("score")])


def test_angles_and_sizes_have_the_spread_that_is_asked_for():
    clips, keys = [jnp.stack([value] * 400) for value in body()], jax.random.split(jax.random.key(0), 400)
    before = points(np.asarray(body()[0]), "left_hand")[0, 0] @ [1, 1j]

    def first_points(**changes: float) -> np.ndarray:
        settings = dataclasses.replace(OFF, **changes)
        frames = jax.jit(lambda *arrays: augment(*arrays, settings, channels_of(BODY))[0])(*clips, keys)
        return np.asarray(frames)[:, 0, BODY.channels_of("left_hand")][:, :2] @ [1, 1j]

    assert 8 < np.rad2deg(np.angle(first_points(rotation=10.0) / before).std()) < 12
    assert 0.17 < np.log(np.abs(first_points(scale=0.2) / before)).std() < 0.23


def test_stretching_keeps_the_mean_of_what_was_seen():
    frames, length, valid = body()
    valid = valid.at[3:6, 1].set(False)
    settings = dataclasses.replace(OFF, stretch=0.4)
    found = np.asarray(augment_clip((frames, length, valid), jax.random.key(0), settings, channels_of(BODY))[0])
    seen = np.asarray(valid)[:, BODY.part_of_channel]
    original = np.asarray(frames)
    means = [np.where(seen, values, 0).sum(0) / seen.sum(0) for values in (original, found)]
    np.testing.assert_allclose(means[1], means[0], atol=1e-5)
    factor = np.where(seen, (found - means[0]) / (original - means[0]), np.nan)
    np.testing.assert_allclose(np.nanmin(factor, axis=0), np.nanmax(factor, axis=0), rtol=1e-3)
    assert np.ptp(np.nanmean(factor, axis=0)) > 0.3
    assert not found[12:].any()


def test_a_warped_clip_has_its_own_frames_in_order_and_its_own_ends():
    length = 40
    frames = np.zeros((64, LAYOUT.width), np.float32)
    frames[:length] = np.arange(1.0, length + 1)[:, None]
    valid = np.zeros((64, 6), bool)
    valid[:length] = np.arange(length)[:, None] % 2 == 0
    arrays = (jnp.asarray(frames), jnp.asarray(length), jnp.asarray(valid))
    settings, paces = dataclasses.replace(OFF, warp=0.3), []
    for seed in range(30):
        found, found_length, seen, _ = jitted(arrays, jax.random.key(seed), settings)
        numbers = np.asarray(found[:, 0])
        assert found_length == length and not numbers[length:].any() and not seen[length:].any()
        assert (np.asarray(found) == numbers[:, None]).all() and (numbers[[0, length - 1]] == [1, length]).all()
        np.testing.assert_array_equal(seen[:length, 0], numbers[:length] % 2 == 1)  # what was seen goes with the frames
        paces.append(np.diff(numbers[:length]))
    assert (np.array(paces) >= 0).mean() > 0.95
    assert 0.05 < np.std([pace[:10].mean() for pace in paces]) < 0.6 and max(pace.max() for pace in paces) > 1
    empty = (jnp.asarray(frames * 0), jnp.asarray(0), jnp.asarray(valid))
    for found, expected in zip(jitted(empty, jax.random.key(0), settings), (*empty, empty[0]), strict=True):
        np.testing.assert_array_equal(found, expected)


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
    found = augment_clip(clip, jax.random.key(0), settings, channels_of(layout_registry.generic(3)))
    assert found[2].all()


def test_a_clips_fate_depends_on_its_key_alone():
    frames, length, valid = (jnp.stack([value] * 3) for value in clip())
    keys = jax.random.split(jax.random.key(0), 3)
    settings = Augmentation()

    @jax.jit
    def run(frames, length, valid, keys):
        return augment(frames, length, valid, keys, settings, channels_of(LAYOUT))

    together = run(frames, length, valid, keys)
    alone = run(frames[1:2], length[1:2], valid[1:2], keys[1:2])
    for whole, part in zip(together, alone, strict=True):
        np.testing.assert_allclose(whole[1], part[0], atol=1e-6)
    assert not np.allclose(together[0][0], together[0][1])

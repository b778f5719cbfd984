"""Statistics that a single bad value, or one bad clip in ten, does not change."""

import numpy as np
import pytest
from conftest import make_recipe, silent

from signjax.data.layout.registry import BUILT_IN, generic
from signjax.data.preparation.prepare import prepare
from signjax.data.preparation.statistics import channel_statistics
from signjax.errors import InputError


def clips_of(count: int, width: int = 3) -> list[np.ndarray]:
    random = np.random.default_rng(0)
    return [
        np.cumsum(random.normal(size=(int(random.integers(20, 40)), width)), 0).astype(np.float32) for _ in range(count)
    ]


def statistics_of(clips, layout=None):
    layout = layout or generic(clips[0].shape[1])
    valid = [np.ones((len(clip), len(layout.parts)), bool) for clip in clips]
    return channel_statistics(lambda i: (clips[i], valid[i]), range(len(clips)), layout)


def test_without_faults_they_are_mean_and_deviation():
    clips = clips_of(40)
    found = statistics_of(clips)
    flat = np.concatenate(clips).astype(np.float64)
    np.testing.assert_allclose(found.mean, flat.mean(0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.std, flat.std(0), rtol=1e-5)
    assert found.varies.all() and (found.low < flat.min(0)).all() and (found.high > flat.max(0)).all()


@pytest.mark.parametrize("fault", ["a frame", "a clip", "a tenth of the clips"])
@pytest.mark.parametrize("size", [1e4, -1e30])
def test_faulty_values_hardly_move_them(fault, size):
    clips = clips_of(140)
    right = statistics_of(clips)
    if fault == "a frame":
        clips[17][5, 1] = size
    else:
        faulty = 1 if fault == "a clip" else 13
        clips[:faulty] = [clip * np.float32(size) for clip in clips[:faulty]]
    found = statistics_of(clips)
    assert (np.abs(found.std / right.std - 1) < 0.2).all()
    assert np.isfinite(found.mean).all() and (np.abs(found.high) < 1e4).all()


def test_a_channel_that_only_a_few_clips_move_may_move_as_far_as_they_do():
    clips = clips_of(100)
    for clip in clips:
        clip[:, 2] = 1.0
    for clip in clips[:4]:
        clip[3:9, 2] = 1.5
    found = statistics_of(clips)
    assert found.varies[2] and found.high[2] >= 1.5 and found.low[2] > -10


def test_a_channel_that_a_single_clip_moves_is_taken_to_stand_still():
    clips = clips_of(100)
    for clip in clips:
        clip[:, 2] = 1.0
    clips[7][3, 2] = 1e30
    found = statistics_of(clips)
    assert not found.varies[2] and (found.std[2], found.mean[2]) == (1.0, 1.0)


def test_a_part_that_was_never_seen_has_no_bounds():
    layout = BUILT_IN["hands_xy"]
    clips = [np.random.default_rng(i).normal(size=(10, layout.width)).astype(np.float32) for i in range(5)]
    seen = np.tile([True, False], (10, 1))
    found = channel_statistics(lambda i: (clips[i], seen), range(5), layout)
    right = layout.channels_of("right_hand")
    assert np.isinf(found.high[right]).all() and (found.std[right] == 1).all() and not found.varies[right].any()


def npz(path, clips, **extra):
    count = len(clips)
    np.savez(
        path,
        frames=np.concatenate(clips),
        offsets=np.cumsum([0, *map(len, clips)]),
        labels=np.arange(count) % 4,
        **extra,
    )
    return make_recipe(source="arrays", path=str(path))


def test_clips_with_values_far_outside_are_named_and_stored_as_they_are(tmp_path):
    clips = clips_of(240)
    clips[17][5, 1] = 1e4
    dataset = prepare(npz(tmp_path / "a.npz", clips), tmp_path / "d", silent)
    np.testing.assert_array_equal(dataset.frames(17), clips[17])
    assert [clip["outliers"] for clip in dataset.clips] == ["1" if i == 17 else "0" for i in range(240)]
    (said,) = dataset.info["warnings"]
    assert "'clip_017'" in said and "1e+04 in frame 5, channel 1" in said and dataset.info["outliers"]["values"] == 1


def test_where_no_number_ever_changes_the_run_stops(tmp_path):
    clips = [np.full((10, 3), 2.5, np.float32) for _ in range(40)]
    clips[0][0, 0] = 7.0  # one fault is nothing to learn from
    with pytest.raises(InputError, match="nothing can be learned"):
        prepare(npz(tmp_path / "a.npz", clips), tmp_path / "d", silent)


@pytest.mark.parametrize("every", [1, 5])
@pytest.mark.parametrize("size", [1e4, -9999.0])
def test_a_tracker_that_glitches_in_many_clips_does_not_decide_the_scale(every, size):
    clips = clips_of(120)
    right = statistics_of(clips)
    for clip in clips[::every]:
        clip[3, 0] = size
    found = statistics_of(clips)
    assert abs(found.std[0] / right.std[0] - 1) < 0.1 and found.high[0] < 1e4 and found.low[0] > -9999


def test_an_offset_in_a_fifth_of_the_clips_does_not_decide_the_scale():
    clips = clips_of(120)
    right = statistics_of(clips)
    for clip in clips[::5]:
        clip[:, 0] += 1e4
    found = statistics_of(clips)
    assert abs(found.std[0] / right.std[0] - 1) < 0.2 and found.high[0] < 1e4

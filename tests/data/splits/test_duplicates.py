from functools import partial
from operator import getitem

import numpy as np
import pytest

from signjax.data.splits import duplicates
from signjax.data.splits.alignment import polyline, relative_distance
from signjax.data.splits.duplicates import (
    candidates,
    channel_scale,
    find_duplicates,
    outline,
)
from signjax.data.workers import Workers


def walk(rng: np.random.Generator, frames: int, width: int = 6) -> np.ndarray:
    """A smooth random motion."""
    knots = rng.normal(size=(frames // 6 + 2, width))
    position = np.linspace(0, len(knots) - 1.001, frames)
    before, rest = position.astype(int), (position % 1)[:, None]
    return (knots[before] * (1 - rest) + knots[before + 1] * rest).astype(np.float32)


def resampled(frames: np.ndarray, count: int) -> np.ndarray:
    position = np.linspace(0, len(frames) - 1, count)
    return np.stack([np.interp(position, np.arange(len(frames)), column) for column in frames.T], 1).astype(np.float32)


def pairs_of(clips: list[np.ndarray], blank: tuple[int, ...] = ()) -> dict[tuple[int, int], str]:
    found = find_duplicates(
        np.stack([outline(clip) for clip in clips]),
        [str(clip.tobytes()) for clip in clips],
        np.isin(np.arange(len(clips)), blank),
        lambda i: clips[i],
    )
    return {(pair.first, pair.second): pair.kind for pair in found}


def test_copies_are_found_whatever_the_tempo_the_noise_and_the_cut():
    rng = np.random.default_rng(0)
    clips = [walk(rng, int(rng.integers(30, 90))) for _ in range(200)]
    scale = channel_scale(np.stack([outline(clip) for clip in clips]))
    noise = [rng.normal(0, 0.01, (200, 6)).astype(np.float32) * scale for _ in range(3)]
    faster, slower = resampled(clips[10], int(0.7 * len(clips[10]))), resampled(clips[20], int(1.4 * len(clips[20])))
    cut = clips[30][1:-2]
    copies = [clips[0].copy(), *(made + noise[i][: len(made)] for i, made in enumerate((faster, slower, cut)))]
    assert pairs_of(clips + copies) == {(0, 200): "exact", (10, 201): "near", (20, 202): "near", (30, 203): "near"}


def test_other_takes_of_the_same_movement_are_no_copies():
    rng = np.random.default_rng(1)
    model = walk(rng, 60)
    takes = [model + 0.15 * walk(rng, 60) for _ in range(20)]
    others = [walk(rng, 60) for _ in range(100)]
    assert pairs_of(takes + others) == {}


def test_a_faulty_recording_does_not_make_all_others_look_alike():
    rng = np.random.default_rng(2)
    clips = [walk(rng, 40) for _ in range(60)]
    clips[7] = clips[7] + 1e5
    clips[8] = clips[8].copy()
    clips[8][3] = -1e6
    assert pairs_of(clips) == {}


def test_blank_clips_are_never_copies_and_equal_ones_are_paired_with_the_first():
    rng = np.random.default_rng(3)
    clips = [walk(rng, 20) for _ in range(10)]
    clips[2] = clips[5] = clips[1]
    clips[8] = clips[9] = np.zeros((20, 6), np.float32)
    assert pairs_of(clips, blank=(8, 9)) == {(1, 2): "exact", (1, 5): "exact"}


def test_candidates_are_exactly_the_pairs_within_the_radius():
    points = np.random.default_rng(4).normal(size=(5000, 3)).astype(np.float32)
    radius = 0.06
    squares = np.square(points[:, None] - points[None]).sum(2)
    expected = {(i, j) for i, j in np.argwhere(squares <= radius**2).tolist() if i < j}
    found = list(candidates(points, radius))
    assert len(found) == len(set(found))
    assert set(found) == expected and len(expected) > 100


def test_each_point_of_a_crowd_has_few_candidates_but_all_hang_together():
    points = np.random.default_rng(5).normal(0, 1e-3, size=(3000, 8)).astype(np.float32)
    found = list(candidates(points, 1.0))
    assert len(found) <= 16 * 3000
    assert {j for _, j in found} | {i for i, _ in found} == set(range(3000))


@pytest.mark.parametrize("count", [1, 2, 3, 7, 50])
def test_the_outline_of_a_straight_line_is_its_means(count):
    line = np.linspace(0.0, 1.0, count)[:, None].astype(np.float32)
    expected = [[0.0]] * 4 if count == 1 else [[0.125], [0.375], [0.625], [0.875]]
    np.testing.assert_allclose(outline(line), expected, atol=1e-6)


def test_a_clip_is_at_no_distance_from_itself_and_motion_in_reverse_is_far():
    clip = walk(np.random.default_rng(6), 50)
    assert relative_distance(polyline(clip), polyline(clip)) < 1e-6
    assert relative_distance(polyline(clip), polyline(clip[::-1])) > 0.3


@pytest.mark.parametrize("faulty", [0, 5])
def test_a_clip_in_another_unit_does_not_blind_the_search(faulty):
    rng = np.random.default_rng(0)
    clips = [np.cumsum(rng.normal(size=(30, 4)), axis=0).astype(np.float32) for _ in range(60)]
    clips[50] = clips[20] + rng.normal(0, 0.001, clips[20].shape).astype(np.float32)
    clips[faulty] = clips[faulty] * np.float32(1e30)
    outlines = np.stack([outline(clip) for clip in clips])
    digests = [str(i) for i in range(60)]
    pairs = find_duplicates(outlines, digests, np.zeros(60, bool), lambda i: clips[i])
    assert [(pair.first, pair.second) for pair in pairs] == [(20, 50)]


@pytest.mark.parametrize("every", [2, 3, 4])
@pytest.mark.parametrize("fault", ["pixels", "sentinel"])
def test_clips_in_two_units_are_not_taken_for_copies(every, fault):
    rng = np.random.default_rng(0)
    clips = [np.cumsum(rng.normal(size=(30, 4)), axis=0).astype(np.float32) for _ in range(120)]
    for index in range(0, 120, every):
        if fault == "pixels":
            clips[index] *= 640
        else:
            clips[index][5:8] = -9999
    outlines = np.stack([outline(clip) for clip in clips])
    digests = [str(i) for i in range(120)]
    assert find_duplicates(outlines, digests, np.zeros(120, bool), lambda i: clips[i]) == []


def test_copies_of_long_clips_are_found_whether_or_not_they_are_kept_in_memory(monkeypatch):
    rng = np.random.default_rng(7)
    clips = [walk(rng, 1200) for _ in range(12)]
    scale = channel_scale(np.stack([outline(clip) for clip in clips]))
    clips += [resampled(clips[i], 1000) + rng.normal(0, 0.01, (1000, 6)).astype(np.float32) * scale for i in (2, 5)]
    expected = {(2, 12): "near", (5, 13): "near"}
    assert pairs_of(clips) == expected
    monkeypatch.setattr(duplicates, "_KEPT_BYTES", 1)
    assert pairs_of(clips) == expected


def test_any_number_of_processes_finds_the_same_pairs(monkeypatch):
    monkeypatch.setattr(duplicates, "_PAIRS_AT_ONCE", 5)
    rng = np.random.default_rng(8)
    model = walk(rng, 60)
    clips = [model + 0.02 * walk(rng, 60) for _ in range(12)]
    outlines = np.stack([outline(clip) for clip in clips])
    arguments = outlines, [str(i) for i in range(12)], np.zeros(12, bool), partial(getitem, clips)
    alone = find_duplicates(*arguments, near_distance=10.0)
    assert len(alone) > 20
    with Workers(2) as workers:
        assert workers.pool is not None  # started, so that few clips are enough for it
        assert find_duplicates(*arguments, near_distance=10.0, workers=workers) == alone

"""The excerpts of an epoch."""

import numpy as np
import pytest

from signjax.data.batching.excerpts import (
    Pace,
    draw_excerpts,
    frame_indices,
    whole_clips,
)

STILL = Pace(crop=0.0, fastest=1.0, slowest=1.0)
LENGTHS = np.array([20, 20, 3, 100, 1])


def test_a_long_clip_is_thinned_from_its_first_to_its_last_frame():
    excerpt = whole_clips(np.array([100, 5]), 16)
    taken = frame_indices(*(int(values[0]) for values in excerpt))
    assert len(taken) == 16 and taken[0] == 0 and taken[-1] == 99
    assert np.ptp(np.diff(taken)) <= 1
    assert frame_indices(*(int(values[1]) for values in excerpt)).tolist() == [0, 1, 2, 3, 4]


def test_without_changes_of_pace_all_is_shown():
    for found, expected in zip(draw_excerpts(LENGTHS, STILL, 32, 0, 0), whole_clips(LENGTHS, 32), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("factor", "played"), [(0.5, [10, 10, 3, 16, 1]), (1.5, [30, 30, 4, 32, 2]), (0.1, [8, 8, 3, 8, 1])]
)
def test_a_pace_changes_the_number_of_frames_and_keeps_both_ends(factor, played):
    excerpts = draw_excerpts(LENGTHS, Pace(0.0, factor, factor), 32, 0, 0)
    assert excerpts.played.tolist() == played
    for length, *excerpt in zip(LENGTHS, *excerpts, strict=True):
        taken = frame_indices(*map(int, excerpt))
        assert taken[0] == 0 and (len(taken) == 1 or taken[-1] == length - 1)
        assert (np.diff(taken) >= 0).all()


def test_a_crop_takes_at_most_its_share_off_either_end():
    lengths = np.full(2000, 101)
    excerpts = draw_excerpts(lengths, Pace(0.2, 1.0, 1.0), 128, 0, 0)
    share = (excerpts.last - excerpts.first) / 100
    assert 0.79 <= share.min() < 0.82 and share.max() > 0.98
    assert excerpts.first.max() > 10 and excerpts.last.min() < 90
    np.testing.assert_allclose(excerpts.played / 101, share, atol=0.02)


def test_seed_and_epoch_decide():
    pace = Pace(0.2, 0.7, 1.4)
    first, again, later, other = (
        draw_excerpts(LENGTHS, pace, 32, *at).played.tolist() for at in ((0, 1), (0, 1), (0, 2), (1, 1))
    )
    assert first == again and first not in (later, other)


def test_nothing_is_outside_of_the_clip():
    lengths = np.random.default_rng(0).integers(1, 300, 5000)
    first, last, played = draw_excerpts(lengths, Pace(0.5, 0.3, 3.0), 64, 3, 4)
    assert (first >= 0).all() and (last < lengths).all() and (first <= last).all()
    assert (played >= 1).all() and (played <= 64).all()

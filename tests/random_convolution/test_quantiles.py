import numpy as np
import pytest

from signjax.random_convolution.quantiles import draw_quantiles, measure_quantiles

CLIPS = np.random.default_rng(0).normal(size=(3, 37, 5)).astype(np.float32)


@pytest.mark.parametrize("length", [9, 37, 128])
def test_all_stretches_have_their_least_and_greatest_value_or_their_median(length):
    found = draw_quantiles(2, length, 10**6, np.random.default_rng(0))
    assert len(np.unique(found, axis=0)) == len(found) and set(found[:, 0]) == {0, 1}
    channel, start, stop, place = found.T
    assert (start >= 0).all() and (stop <= length).all() and (start < stop).all()
    assert ((place >= 0) & (place < stop - start)).all() and channel.dtype == np.int64
    whole = place[(channel == 0) & (start == 0) & (stop == length)]
    assert whole.min() == 0 and whole.max() == length - 1 and len(whole) == 1 + (length - 1) // 4
    halves = {(0, length // 2), (length // 2, length)}
    assert halves < set(zip(start.tolist(), stop.tolist(), strict=True))


def test_quantiles_are_ordered_values_of_their_stretch():
    drawn = draw_quantiles(3, 37, 40, np.random.default_rng(1))
    assert drawn.shape == (40, 4)
    measured = measure_quantiles(CLIPS, drawn)
    for column, (channel, start, stop, place) in enumerate(drawn):
        for clip in range(5):
            assert measured[clip, column] == sorted(CLIPS[channel, start:stop, clip])[place]


def test_a_seed_draws_the_same_again():
    first, again, other = (draw_quantiles(9, 37, 40, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)

import numpy as np

from signjax.live.segments import Boundaries, Segments

SETTINGS = Boundaries(still=0.25, rest=4, margin=2, shortest=6, longest=30)


def found(motion: list[float], settings: Boundaries = SETTINGS) -> list[tuple[int, int]]:
    segments = Segments(settings)
    ended = [segments.add(one) for one in motion]
    return [one for one in [*ended, segments.finish()] if one is not None]


def test_a_sign_is_what_moves_between_two_rests():
    motion = [0.0] * 10 + [1.0] * 8 + [0.1] * 9 + [0.5] * 7 + [0.0] * 6
    assert found(motion) == [(8, 20), (25, 36)]


def test_a_short_hold_does_not_end_a_sign():
    assert found([1.0] * 8 + [0.0] * 3 + [1.0] * 8 + [0.0] * 9) == [(0, 21)]


def test_a_twitch_is_no_sign():
    assert found([0.0] * 9 + [1.0] + [0.0] * 20) == []


def test_the_last_sign_ends_with_the_stream():
    assert found([0.0] * 5 + [1.0] * 9) == [(3, 14)]


def test_signs_do_not_overlap_even_where_a_rest_is_as_short_as_the_margins():
    settings = Boundaries(still=0.25, rest=2, margin=2, shortest=4, longest=30)
    (_, stop), (start, _) = found([1.0] * 8 + [0.0] * 3 + [1.0] * 8, settings)
    assert stop <= start


def test_endless_movement_is_cut_where_it_is_least():
    motion = [1.0] * 100
    motion[20] = 0.4
    signs = found(motion)
    assert signs[0] == (0, 21)
    assert all(stop - start <= 30 for start, stop in signs)
    assert [stop for _, stop in signs[:-1]] == [start for start, _ in signs[1:]]


def test_nothing_is_remembered_beyond_the_longest_sign():
    segments = Segments(SETTINGS)
    motion = np.random.default_rng(0).uniform(0, 0.5, 20_000)
    for one in motion:
        segments.add(float(one))
    assert len(segments._recent) == SETTINGS.longest


def test_a_new_sign_can_begin_after_the_end_of_a_stream():
    segments = Segments(SETTINGS)
    for _ in range(9):
        segments.add(1.0)
    assert segments.finish() == (0, 9) and segments.finish() is None
    for _ in range(9):
        segments.add(1.0)
    assert segments.finish() == (9, 18)

import tracemalloc

import numpy as np
import pytest

from signjax.data.splits.alignment import polyline, relative_distance


def walk(rng: np.random.Generator, frames: int, width: int = 5) -> np.ndarray:
    return np.cumsum(rng.normal(size=(frames, width)), axis=0)


def resampled(frames: np.ndarray, count: int) -> np.ndarray:
    position = np.linspace(0, len(frames) - 1, count)
    return np.stack([np.interp(position, np.arange(len(frames)), column) for column in frames.T], axis=1)


def by_definition(path: np.ndarray, frames: np.ndarray) -> float:
    """Every cost of every frame and segment, and the cheapest match whose segments never go backwards."""
    step = np.diff(path, axis=0)
    total = np.zeros(len(step))
    for index, frame in enumerate(frames):
        share = np.clip(((frame - path[:-1]) * step).sum(1) / np.maximum(np.square(step).sum(1), 1e-12), 0, 1)
        cost = np.square(frame - path[:-1] - share[:, None] * step).sum(1)
        apart = np.abs(index / (len(frames) - 1) - (np.arange(len(step)) + 0.5) / len(step))
        cost[apart > 0.15 + 0.5 / len(step)] = np.inf
        total = np.minimum.accumulate(total + cost)
    return float(total[-1]) / len(frames)


def distance_by_definition(a: np.ndarray, b: np.ndarray) -> float:
    still = 0.35**2 * a.shape[1]
    shares = [by_definition(path, frames) / max(frames.var(0).sum(), still) for path, frames in ((a, b), (b, a))]
    return float(np.sqrt(min(shares)))


# More frames than are matched at a time, and enough that some frames are tried before all are.
LENGTHS = [(2, 2), (2, 90), (90, 2), (31, 33), (64, 65), (700, 40), (40, 700), (600, 800)]


@pytest.mark.parametrize(("first", "second"), LENGTHS)
@pytest.mark.parametrize("kind", ["copy", "cut", "other"])
def test_the_distance_is_that_of_the_definition(kind, first, second):
    rng = np.random.default_rng(first + second)
    a = walk(rng, first)
    cut = a[len(a) // 20 : len(a) - len(a) // 20]
    b = walk(rng, second) if kind == "other" else resampled(cut if kind == "cut" else a, second)
    b = b + rng.normal(0, 0.05, b.shape)
    expected = distance_by_definition(a, b)
    lines = polyline(a), polyline(b)
    assert relative_distance(*lines) == pytest.approx(expected, rel=1e-6, abs=1e-9)
    for limit in (0.5 * expected, 0.999 * expected):
        assert relative_distance(*lines, limit) == np.inf
    for limit in (1.001 * expected, 2 * expected):
        assert relative_distance(*lines, limit) == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_a_long_clip_whose_beginning_alone_is_like_another_is_no_copy():
    rng = np.random.default_rng(0)
    a, b = walk(rng, 2000), walk(rng, 2000)
    b[:1500] = a[:1500]
    b[1500:] += a[1499] - b[1500]
    assert relative_distance(polyline(a), polyline(b), 0.035) == np.inf
    assert relative_distance(polyline(a), polyline(b)) > 0.035


def test_memory_grows_with_the_length_of_clips_and_not_with_its_square():
    rng = np.random.default_rng(0)
    a = walk(rng, 8_000, 2)
    lines = polyline(a), polyline(a + rng.normal(0, 0.01, a.shape))
    tracemalloc.start()
    assert relative_distance(*lines, 0.035) < 0.035
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000 * 8_000 * 8 / 50

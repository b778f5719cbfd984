"""Finds exact and near duplicates among all clips of a corpus: the same recording, renamed, resampled, cut or with added noise.

Every clip has an outline of a few averaged frames. Clips with similar outlines are candidates, which are compared frame by frame.

Shapes: N clips, K spans of an outline, F channels, D dimensions of a descriptor.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple, Protocol

import numpy as np

from signjax.data.progress import Progress
from signjax.data.splits.alignment import Polyline, polyline, relative_distance
from signjax.data.workers import ALONE, Workers
from signjax.rng.numpy_streams import fixed_numpy_stream

SPANS = 4

# `benchmarks/duplicates.py` measures this on recordings: copies are below the distance, other takes above it.
NEAR_DISTANCE = 0.035
_CANDIDATE_RADIUS = 0.25

# A random projection to this many dimensions keeps distances to about 9 % (Johnson & Lindenstrauss, 1984).
_DIMENSIONS = 64
_PROJECTION_SLACK = 1.25

_ROWS_AT_ONCE = 2048
_CANDIDATES_A_CLIP = 16
_PAIRS_AT_ONCE = 256
_KEPT_BYTES = 128 << 20  # of clips that are ready to be compared again, in each process
_CLIPS_FOR_SCALE = 1024
_FARTHEST = 1e4  # standard deviations
_IMPLAUSIBLE = 50.0  # standard deviations from the middle of all clips
_MOST_OUTSIDE = 0.25  # share of a clip's values
_OTHER_UNIT = 20.0  # between neighbours of all clips in order of motion
_FAR = 8.0  # rough standard deviations, root mean square over a clip


class Outlines(Protocol):
    """float32 (N, K, F): an array, or rows of a file."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, K, F)."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice, /) -> np.ndarray: ...


class Pair(NamedTuple):
    """Two clips that are the same recording.

    Attributes:
      first, second: indices of the clips; `first` is the lower.
      kind: `exact` or `near`.
      distance: the residual after alignment, as a share of the motion; 0 for `exact`.
    """

    first: int
    second: int
    kind: str
    distance: float


def outline(frames: np.ndarray) -> np.ndarray:
    """float32 (K, F): the means over K equal spans of the polyline through the frames.

    Means rather than samples, because they hardly differ for a copy at another frame rate.
    """
    if len(frames) == 1:
        return np.repeat(frames, SPANS, axis=0).astype(np.float32)
    exact = frames.astype(np.float64)
    last = len(exact) - 1
    area = np.concatenate([np.zeros((1, exact.shape[1])), np.cumsum((exact[1:] + exact[:-1]) / 2, axis=0)])
    position = np.linspace(0, last, SPANS + 1)
    before = np.minimum(position.astype(np.int64), last - 1)
    rest = (position - before)[:, None]
    until = area[before] + rest * exact[before] + rest**2 / 2 * (exact[before + 1] - exact[before])
    return (np.diff(until, axis=0) * SPANS / last).astype(np.float32)


def channel_scale(outlines: Outlines) -> np.ndarray:
    """float32 (F,): the standard deviation of each channel over outlines (N, K, F); infinite if it hardly ever changes.

    If clips use two units, or many hold meaningless values, only those of the larger group count: compared with pixels, all clips
    in shares of the picture would look alike. Clips far from all others are left out: a few faulty recordings with huge values
    must not make the rest look alike. What counts as far is based on a winsorized standard deviation, with values beyond the 5th
    and 95th percentile set to these.
    """
    rows = _sample(outlines)
    rows = rows[_of_one_unit(rows)]
    low, middle, high = np.percentile(rows, (5, 50, 95), axis=(0, 1))
    rough = _or_infinite(np.clip(rows, low, high).std((0, 1)), low, high)
    far = np.sqrt(np.square((rows - middle) / rough).mean((1, 2))) > _FAR
    near = rows[~far]
    return _or_infinite(near.std((0, 1)), low, high).astype(np.float32)


def _of_one_unit(rows: np.ndarray) -> np.ndarray:
    """bool (M,): the clips, given their outlines (M, K, F), whose motion has the same scale as that of most clips."""
    motion = np.sqrt(np.square(rows - rows.mean(1, keepdims=True)).mean((1, 2)))
    order = np.argsort(motion, kind="stable")
    order = order[motion[order] > 0]
    chosen = np.ones(len(rows), bool)
    if len(order) < 2:
        return chosen
    steps = motion[order[1:]] / motion[order[:-1]]
    first_large = int(steps.argmax()) + 1
    if steps[first_large - 1] >= _OTHER_UNIT:
        few_are_large = first_large >= len(order) - first_large
        chosen[order[first_large:] if few_are_large else order[:first_large]] = False
    return chosen


def _sample(outlines: Outlines) -> np.ndarray:
    """float64 (M, K, F): the outlines of up to 1024 clips, spread evenly."""
    chosen = np.unique(np.linspace(0, len(outlines) - 1, min(len(outlines), _CLIPS_FOR_SCALE)).astype(np.int64))
    return np.concatenate([outlines[clip : clip + 1] for clip in chosen.tolist()]).astype(np.float64)


def _or_infinite(std: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The deviation, infinite where it is only rounding error."""
    return np.where(std > 1e-6 * (1 + np.abs(low) + np.abs(high)), std, np.inf)


def descriptors(outlines: Outlines, centre: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """float32 (N, D): outlines standardised and projected; their distance is the root mean square over spans and channels."""
    width = outlines.shape[1] * outlines.shape[2]
    random = fixed_numpy_stream("outline_projection").normal(size=(width, _DIMENSIONS)).astype(np.float32)
    random /= np.sqrt(np.float32(width * _DIMENSIONS))
    found = np.empty((len(outlines), _DIMENSIONS), np.float32)
    for start in range(0, len(outlines), _ROWS_AT_ONCE):
        # A clip scaled by 1e30 is far from all others even at 1e4 deviations; its squares would overflow and spoil the search.
        block = np.clip(
            (outlines[start : start + _ROWS_AT_ONCE].astype(np.float64) - centre) / scale, -_FARTHEST, _FARTHEST
        )
        found[start : start + _ROWS_AT_ONCE] = block.astype(np.float32).reshape(-1, width) @ random
    return found


def _plausible(frames: np.ndarray, centre: np.ndarray, scale: np.ndarray) -> np.ndarray | None:
    """float64 (T, F): a clip's frames, standardised, with impossible values set to 0; None if too many are impossible.

    Two clips with the same sentinel (such as -9999) for parts that were not seen would otherwise look alike.
    """
    standard = (frames.astype(np.float64) - centre) / scale
    outside = np.abs(standard) > _IMPLAUSIBLE
    return None if outside.mean() > _MOST_OUTSIDE else np.where(outside, 0.0, standard)


class _Polylines:
    """The lines through clips, standardised; those used last are kept, up to `_KEPT_BYTES`."""

    def __init__(self, frames_of: Callable[[int], np.ndarray], centre: np.ndarray, scale: np.ndarray):
        self._frames_of, self._centre, self._scale = frames_of, centre, scale
        self._kept: OrderedDict[int, Polyline | None] = OrderedDict()
        self._bytes = 0

    def of(self, clip: int) -> Polyline | None:
        """The line of a clip; None if it has too few frames or too many impossible values to be compared."""
        if clip in self._kept:
            self._kept.move_to_end(clip)
            return self._kept[clip]
        frames = _plausible(self._frames_of(clip), self._centre, self._scale)
        line = None if frames is None or len(frames) < 2 else polyline(frames)
        self._kept[clip] = line
        self._bytes += line.nbytes if line else 0
        while self._bytes > _KEPT_BYTES:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= oldest.nbytes if oldest else 0
        return line


def candidates(points: np.ndarray, radius: float) -> Iterator[tuple[int, int]]:
    """Pairs of points (N, D) within a radius of each other, at most the 16 nearest per point.

    Points are sorted along their direction of greatest variance; those farther apart along it than the radius are never
    compared, and the others are compared in blocks, so that memory is bounded.
    """
    centred = points - points.mean(0)
    direction = np.linalg.eigh(centred.T @ centred)[1][:, -1]
    along = centred @ direction
    order = np.argsort(along, kind="stable")
    centred, along = centred[order], along[order]
    squares = np.square(centred).sum(1)
    for start in range(0, len(points), _ROWS_AT_ONCE):
        rows = slice(start, min(start + _ROWS_AT_ONCE, len(points)))
        end = int(np.searchsorted(along, along[rows.stop - 1] + radius, side="right"))
        nearest: dict[int, list[tuple[float, int]]] = defaultdict(list)
        for other in range(start, end, _ROWS_AT_ONCE):
            columns = slice(other, min(other + _ROWS_AT_ONCE, end))
            distance = squares[rows, None] + squares[columns] - 2 * centred[rows] @ centred[columns].T
            if other == start:
                column = np.arange(distance.shape[1])  # each pair once, and no point with itself
                distance[column <= np.arange(len(distance))[:, None]] = np.inf
            for i, j in zip(*_nearest_in_block(distance, radius**2), strict=True):
                nearest[start + i].append((float(distance[i, j]), other + j))
        for i, found in nearest.items():
            for _, j in sorted(found)[:_CANDIDATES_A_CLIP]:
                a, b = sorted((int(order[i]), int(order[j])))
                yield a, b


def _nearest_in_block(distance: np.ndarray, limit: float) -> tuple[list[int], list[int]]:
    """Rows and columns of the entries within the limit; only the smallest few per row."""
    near = distance <= limit
    crowded = np.flatnonzero(near.sum(1) > _CANDIDATES_A_CLIP)
    for row in crowded:
        least = np.argpartition(distance[row], _CANDIDATES_A_CLIP)[:_CANDIDATES_A_CLIP]
        near[row] = False
        near[row, least] = True
    rows, columns = np.nonzero(near)
    return rows.tolist(), columns.tolist()


def find_duplicates(
    outlines: Outlines,
    digests: Sequence[str],
    blank: np.ndarray,
    frames_of: Callable[[int], np.ndarray],
    near_distance: float = NEAR_DISTANCE,
    workers: Workers = ALONE,
) -> list[Pair]:
    """The pairs of clips that are the same recording, in order.

    Of clips that are identical bit for bit, only the first is compared further; the others are paired with it.

    Args:
      outlines: float32 (N, K, F).
      digests: N texts, equal for clips whose frames are the same.
      blank: bool (N,), clips without a signal, which are never duplicates.
      frames_of: returns the frames (T, F) of a clip; with several workers, something that can be pickled.
      near_distance: the largest distance of near duplicates; with infinity, all candidates are pairs.
      workers: the processes that compare clips.
    """
    pairs: list[Pair] = []
    first: dict[str, int] = {}
    single: list[int] = []
    for clip, digest in enumerate(digests):
        if blank[clip]:
            continue
        if digest in first:
            pairs.append(Pair(first[digest], clip, "exact", 0.0))
        else:
            first[digest] = clip
            single.append(clip)
    if len(single) > 1:
        scale = channel_scale(outlines)
        centre = np.median(_sample(outlines), axis=(0, 1))
        points = descriptors(outlines, centre, scale)[single]
        close = np.fromiter(candidates(points, _CANDIDATE_RADIUS * _PROJECTION_SLACK), np.dtype((np.int64, 2)))
        chosen = np.array(single)[close]
        tasks = [chosen[start : start + _PAIRS_AT_ONCE] for start in range(0, len(chosen), _PAIRS_AT_ONCE)]
        compare = partial(_near_pairs, frames_of, centre, scale, near_distance)
        with Progress("compare", len(chosen), 0, "pairs") as progress:
            for task, found in zip(tasks, workers.in_order(compare, tasks, len(chosen)), strict=True):
                pairs += found
                progress.advance(len(task))
    return sorted(pairs)


def _near_pairs(
    frames_of: Callable[[int], np.ndarray],
    centre: np.ndarray,
    scale: np.ndarray,
    near_distance: float,
    pairs: np.ndarray,
) -> list[Pair]:
    """Those of some pairs of clips, int64 (N, 2), that are near duplicates."""
    lines = _Polylines(frames_of, centre, scale)
    found = []
    for first, second in pairs.tolist():
        a, b = lines.of(first), lines.of(second)
        if a is None or b is None:
            continue
        distance = relative_distance(a, b, near_distance)
        if distance <= near_distance:
            found.append(Pair(first, second, "near", distance))
    return found

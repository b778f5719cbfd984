"""Quantiles of stretches of a clip: where its channels are, and between which values they move, from its beginning to its end.

Convolutions tell how a channel moves; these tell where it is when. A clip is divided into 1, 2, 4, 8 and 16 stretches; from 2 on,
there are also those that begin in the middle of one and end in the middle of the next.

Source: Dempster, Schmidt & Webb (2024), QUANT. Here the signals alone are described, and quantiles are drawn where there are many.

Shapes: N clips, F channels, L frames of a resampled clip, E quantiles.
"""

from itertools import pairwise

import numpy as np

_HALVINGS = 5
_FRAMES_PER_QUANTILE = 4


def draw_quantiles(channels: int, length: int, count: int, random: np.random.Generator) -> np.ndarray:
    """Draws at most `count` quantiles: int64 (E, 4), each a channel, the first frame, the frame after the last, and its place.

    The place is that in the ordered values of the stretch, counted from 0: every fourth, evenly from the least to the greatest,
    or the median alone.
    """
    places = [(start, stop, place) for start, stop in _stretches(length) for place in _places(stop - start)]
    drawn = np.sort(random.choice(channels * len(places), min(count, channels * len(places)), replace=False))
    return np.column_stack([drawn % channels, np.array(places, np.int64)[drawn // channels]])


def _stretches(length: int) -> list[tuple[int, int]]:
    """First frame and frame after the last of each stretch, from the whole clip to the shortest of two frames or more."""
    found = []
    for halvings in range(_HALVINGS):
        parts = 2**halvings
        if length // parts < 2:
            break
        edges = [length * part // parts for part in range(parts + 1)]
        middles = [(start + stop) // 2 for start, stop in pairwise(edges)]
        found += [*pairwise(edges), *pairwise(middles)]
    return found


def _places(frames: int) -> list[int]:
    count = 1 + (frames - 1) // _FRAMES_PER_QUANTILE
    return [frames // 2] if count == 1 else [place * (frames - 1) // (count - 1) for place in range(count)]


def measure_quantiles(clips: np.ndarray, quantiles: np.ndarray) -> np.ndarray:
    """float32 (N, E): the quantiles (E, 4) of clips (F, L, N)."""
    measured = np.empty((clips.shape[2], len(quantiles)), np.float32)
    changes = np.flatnonzero((quantiles[1:, 1:3] != quantiles[:-1, 1:3]).any(1)) + 1
    for own in np.split(np.arange(len(quantiles)), changes):  # those of a stretch are neighbours, as they were drawn
        if len(own):
            _, start, stop, _ = quantiles[own[0]]
            ordered = np.sort(clips[:, start:stop], axis=1)
            measured[:, own] = ordered[quantiles[own, 0], quantiles[own, 3]].T
    return measured

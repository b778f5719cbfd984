"""The clips of each training batch and the number of frames they are padded to: a pure function of (seed, epoch).

Clips are sorted into buckets by length, so that short clips are not padded to the longest; each bucket compiles the training step
once.

Shapes: N training clips, B clips per batch.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from signjax.rng.numpy_streams import numpy_stream

_FRAME_MULTIPLE = 16

# Batches of equal length come in runs of at most this many, so that several can form one dispatch.
RUN = 8

# Another bucket must save this share of the padded frames, because each costs a compilation.
_LEAST_SAVING = 0.05


@dataclass(frozen=True)
class PlannedBatch:
    """A planned batch.

    Attributes:
      clips: int64 (at most B,), indices into the training clips.
      frames: the number of frames they are padded to.
    """

    clips: np.ndarray
    frames: int


def padded_frames(longest: int, max_frames: int) -> int:
    """`longest` rounded up to a multiple of 16, but at most `max_frames`."""
    return min(max_frames, -(-longest // _FRAME_MULTIPLE) * _FRAME_MULTIPLE)


def choose_buckets(lengths: np.ndarray, max_frames: int, most: int, least: int) -> tuple[int, ...]:
    """The bucket sizes, in ascending order, that need the least padding.

    Args:
      lengths: int (N,), the number of frames of each clip.
      max_frames: longer clips are subsampled to this many.
      most: the largest number of buckets.
      least: the smallest number of clips per bucket, if there are several. With two batches' worth, every epoch has a batch of
        every size, so that all compilations happen in the first.

    Returns:
      At most `most` sizes; fewer if another one would save less than a twentieth of all padded frames.
    """
    sizes = np.array([padded_frames(int(length), max_frames) for length in lengths])
    distinct, counts = np.unique(sizes, return_counts=True)
    reached = np.cumsum(counts)
    # cost[i]: padded frames of all clips no longer than distinct[i], if distinct[i] is the last of the buckets chosen so far.
    cost = np.where(reached >= least, distinct * reached, np.inf)
    chosen: list[tuple[int, ...]] = [(int(size),) for size in distinct]
    best_cost, best = float(distinct[-1] * reached[-1]), chosen[-1]
    for _ in range(1, most):
        new_cost, new_chosen = np.full(len(distinct), np.inf), list(chosen)
        for i in range(len(distinct)):
            for j in range(i):
                held = reached[i] - reached[j]
                if held >= least and cost[j] + distinct[i] * held < new_cost[i]:
                    new_cost[i], new_chosen[i] = cost[j] + distinct[i] * held, (*chosen[j], int(distinct[i]))
        cost, chosen = new_cost, new_chosen
        if not cost[-1] <= best_cost * (1.0 - _LEAST_SAVING):
            break
        best_cost, best = float(cost[-1]), chosen[-1]
    return best


def assign_buckets(lengths: np.ndarray, buckets: tuple[int, ...]) -> np.ndarray:
    """int64: the smallest bucket that holds each length; the last one for longer clips, which are subsampled."""
    index = np.searchsorted(np.array(buckets), lengths)
    return np.array(buckets)[np.minimum(index, len(buckets) - 1)]


def steps_per_epoch(count: int, batch_size: int) -> int:
    """The number of full batches in an epoch of `count` clips, at least 1. The clips left over differ in each epoch."""
    return max(1, count // batch_size)


def plan_epoch(epoch: int, sizes: np.ndarray, batch_size: int, seed: int) -> list[PlannedBatch]:
    """The batches of an epoch, counted from 0.

    Each epoch has its own permutation. Within it, clips are grouped by bucket; a batch at the border of two buckets uses the
    larger size. Runs of batches of equal size are then shuffled. With fewer clips than a batch, there is one short batch.

    Args:
      epoch: its number, counted from 0.
      sizes: int (N,), the bucket of each training clip.
      batch_size: B.
      seed: the seed of the run.
    """
    random = numpy_stream(seed, "order", epoch)
    steps = steps_per_epoch(len(sizes), batch_size)
    taken = random.permutation(len(sizes))[: steps * batch_size]
    taken = taken[np.argsort(sizes[taken], kind="stable")]
    batches = [taken[at : at + batch_size] for at in range(0, len(taken), batch_size)]
    planned = [PlannedBatch(clips, int(sizes[clips].max())) for clips in batches]
    found = group_runs(planned, RUN)
    return [batch for run in random.permutation(len(found)) for batch in found[run]]


def group_runs(planned: list[PlannedBatch], most: int) -> list[list[PlannedBatch]]:
    """Groups consecutive batches of equal length, at most `most` per group."""
    grouped: list[list[PlannedBatch]] = []
    for batch in planned:
        if grouped and grouped[-1][0].frames == batch.frames and len(grouped[-1]) < most:
            grouped[-1].append(batch)
        else:
            grouped.append([batch])
    return grouped


def plan_evaluation(sizes: np.ndarray, batch_size: int) -> Iterator[PlannedBatch]:
    """All clips, each once, grouped by bucket: the order in which a split is evaluated."""
    order = np.argsort(sizes, kind="stable")
    for at in range(0, len(order), batch_size):
        clips = order[at : at + batch_size]
        yield PlannedBatch(clips, int(sizes[clips].max()))

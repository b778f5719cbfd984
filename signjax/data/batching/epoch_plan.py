"""Which clips make up each training batch, and to how many frames it is padded: a pure function of (seed, epoch).

Clips are sorted into buckets by length, so that short clips do not pay for long ones; each bucket is one compilation of the
training step.

Shapes: N training clips, B clips a batch.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from signjax.rng.numpy_streams import numpy_stream

_FRAME_MULTIPLE = 16

# Batches of the same number of frames come in runs of at most this many, so that several can be one dispatch.
RUN = 8

# A further bucket must save this share of the padded frames: each costs a compilation.
_LEAST_SAVING = 0.05


@dataclass(frozen=True)
class PlannedBatch:
    """A batch to be made.

    Attributes:
      clips: int64 (B or fewer,), indices into the training clips.
      frames: what each is padded to.
    """

    clips: np.ndarray
    frames: int


def padded_frames(longest: int, max_frames: int) -> int:
    """`longest` rounded up to a multiple of 16, but at most `max_frames`."""
    return min(max_frames, -(-longest // _FRAME_MULTIPLE) * _FRAME_MULTIPLE)


def choose_buckets(lengths: np.ndarray, max_frames: int, most: int, least: int) -> tuple[int, ...]:
    """The bucket sizes, rising, that leave the least padding.

    Args:
      lengths: int (N,), the frames that clips have.
      max_frames: longer clips are thinned to this many.
      most: how many buckets there may be.
      least: how many clips each must hold, where there are several. With two batches' worth every epoch has a batch of every
        size, so that all compilations are made in the first.

    Returns:
      At most `most` sizes; fewer where a further one would save less than a twentieth of all padded frames.
    """
    sizes = np.array([padded_frames(int(length), max_frames) for length in lengths])
    distinct, counts = np.unique(sizes, return_counts=True)
    reached = np.cumsum(counts)
    # cost[i]: padded frames of all clips of up to distinct[i], with the buckets chosen so far, of which distinct[i] is the last.
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
    """int64: the smallest bucket that holds each length; the last one for longer clips, which are thinned."""
    index = np.searchsorted(np.array(buckets), lengths)
    return np.array(buckets)[np.minimum(index, len(buckets) - 1)]


def steps_per_epoch(count: int, batch_size: int) -> int:
    """Whole batches in an epoch of `count` clips; what is left over differs each epoch. At least 1."""
    return max(1, count // batch_size)


def plan_epoch(epoch: int, sizes: np.ndarray, batch_size: int, seed: int) -> list[PlannedBatch]:
    """The batches of an epoch, counted from 0.

    Each epoch is a permutation of its own. Within it, clips of one bucket come together; a batch at the border of two takes the
    larger. Runs of batches of one size are then shuffled. Fewer clips than a batch give one short batch.

    Args:
      epoch: which.
      sizes: int (N,), the bucket of each training clip.
      batch_size: B.
      seed: of the run.
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
    """Neighbouring batches of one number of frames, at most `most` together."""
    grouped: list[list[PlannedBatch]] = []
    for batch in planned:
        if grouped and grouped[-1][0].frames == batch.frames and len(grouped[-1]) < most:
            grouped[-1].append(batch)
        else:
            grouped.append([batch])
    return grouped


def plan_evaluation(sizes: np.ndarray, batch_size: int) -> Iterator[PlannedBatch]:
    """All clips, each once, those of one bucket together: the order in which a split is evaluated."""
    order = np.argsort(sizes, kind="stable")
    for at in range(0, len(order), batch_size):
        clips = order[at : at + batch_size]
        yield PlannedBatch(clips, int(sizes[clips].max()))

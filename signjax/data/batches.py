"""Batches as a pure function of (seed, step): there is no iterator state to save.

Shapes: B clips a batch, T frames a clip is padded to, F channels, P parts.
"""

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

import numpy as np

from signjax.data.dataset import Dataset

Batch = dict[str, np.ndarray]

_FRAME_MULTIPLE = 16
_ORDER_STREAM = 1

T = TypeVar("T")


def padded_frames(dataset: Dataset, max_frames: int) -> int:
    """T for a whole dataset: its longest clip, rounded up to a multiple of 16, but at most `max_frames`."""
    longest = int(dataset.lengths.max())
    return min(max_frames, -(-longest // _FRAME_MULTIPLE) * _FRAME_MULTIPLE)


def steps_per_epoch(count: int, batch_size: int) -> int:
    """Whole batches in an epoch of `count` clips; what is left over differs each epoch. At least 1."""
    return max(1, count // batch_size)


def order_at(step: int, count: int, batch_size: int, seed: int) -> np.ndarray:
    """Which of `count` training clips make up the batch of that step.

    Each epoch is a permutation of its own. Fewer clips than a batch give a short batch.

    Returns:
      int64 (B or fewer,).
    """
    epoch, position = divmod(step, steps_per_epoch(count, batch_size))
    permutation = np.random.default_rng([seed, _ORDER_STREAM, epoch]).permutation(count)
    return permutation[position * batch_size : (position + 1) * batch_size]


def batch_at(dataset: Dataset, clips: np.ndarray, step: int, batch_size: int, frames: int, seed: int) -> Batch:
    """The training batch of that step, drawn from `clips` (indices into the dataset)."""
    return collate(dataset, clips[order_at(step, len(clips), batch_size, seed)], batch_size, frames)


def batches_in_order(dataset: Dataset, clips: np.ndarray, batch_size: int, frames: int) -> Iterator[Batch]:
    """All of `clips` in order, each once; the last batch is filled up with rows of weight 0."""
    for start in range(0, len(clips), batch_size):
        yield collate(dataset, clips[start : start + batch_size], batch_size, frames)


def frame_indices(length: int, frames: int) -> np.ndarray:
    """Which frames of a clip to take: all, or `frames` of them evenly spread from first to last where it is longer."""
    if length <= frames:
        return np.arange(length)
    return np.round(np.linspace(0, length - 1, frames)).astype(np.int64)


def collate(dataset: Dataset, clips: np.ndarray, batch_size: int, frames: int) -> Batch:
    """Pads clips to one batch.

    Returns:
      `frames` float32 (B, T, F), `length` int32 (B,), `valid` bool (B, T, P), `labels` int32 (B, heads), `weight` float32
      (B,): 1, or 0 for rows that only fill the batch, and `row` int32 (B,), which names a clip's random streams.
    """
    batch = {
        "frames": np.zeros((batch_size, frames, dataset.layout.width), np.float32),
        "length": np.zeros(batch_size, np.int32),
        "valid": np.zeros((batch_size, frames, len(dataset.layout.parts)), bool),
        "labels": np.full((batch_size, len(dataset.heads)), -1, np.int32),
        "weight": np.zeros(batch_size, np.float32),
        "row": np.arange(batch_size, dtype=np.int32),
    }
    for row, clip in enumerate(clips):
        taken = frame_indices(int(dataset.lengths[clip]), frames)
        batch["frames"][row, : len(taken)] = dataset.frames(clip)[taken]
        batch["valid"][row, : len(taken)] = dataset.validity(clip)[taken]
        batch["length"][row] = len(taken)
    batch["labels"][: len(clips)] = dataset.labels[clips]
    batch["weight"][: len(clips)] = 1.0
    return batch


def prefetched(items: Iterable[T], depth: int = 4) -> Iterator[T]:
    """Yields the same items in the same order, made ahead of time by a thread.

    An exception in `items` is raised here, in its place. Leaving the loop early ends the thread.
    """
    ready: queue.Queue[tuple[str, T | BaseException | None]] = queue.Queue(maxsize=depth)
    stop = threading.Event()

    def put(kind: str, value: T | BaseException | None) -> bool:
        while not stop.is_set():
            try:
                ready.put((kind, value), timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def produce() -> None:
        try:
            for item in items:
                if not put("item", item):
                    return
            put("end", None)
        except BaseException as error:  # noqa: BLE001  (handed over whole, and raised in the consumer)
            put("error", error)

    thread = threading.Thread(target=produce, name="prefetch", daemon=True)
    thread.start()
    try:
        while True:
            kind, value = ready.get()
            if kind == "end":
                return
            if kind == "error":
                assert isinstance(value, BaseException)
                raise value
            yield value  # type: ignore[misc]
    finally:
        stop.set()
        thread.join()

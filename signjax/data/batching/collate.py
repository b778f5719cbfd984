"""Builds padded batches on the host.

Shapes: B clips per batch, T frames that clips are padded to, F channels, P parts.
"""

import queue
import sys
import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

import numpy as np

from signjax.data.batching.batch import Batch
from signjax.data.batching.excerpts import Excerpts, frame_indices, whole_clips
from signjax.data.dataset import Dataset

T = TypeVar("T")


def collate(
    dataset: Dataset, clips: np.ndarray, batch_size: int, frames: int, excerpts: Excerpts | None = None
) -> Batch:
    """Pads clips and stacks them into a batch.

    Args:
      dataset: the dataset that holds them.
      clips: their indices, at most `batch_size`.
      batch_size: B.
      frames: T.
      excerpts: the frames to use of each clip; None: all frames, evenly subsampled if a clip is longer than T.

    Returns:
      NumPy arrays; rows without a clip are zero, with label -1 and weight 0.
    """
    batch = Batch(
        frames=np.zeros((batch_size, frames, dataset.layout.width), np.float32),
        length=np.zeros(batch_size, np.int32),
        valid=np.zeros((batch_size, frames, len(dataset.layout.parts)), bool),
        labels=np.full((batch_size, len(dataset.heads)), -1, np.int32),
        weight=(np.arange(batch_size) < len(clips)).astype(np.float32),
        row=np.arange(batch_size, dtype=np.int32),
    )
    shown = whole_clips(dataset.lengths[clips], frames) if excerpts is None else excerpts
    for row, (clip, *excerpt) in enumerate(zip(clips, *shown, strict=True)):
        taken = frame_indices(*map(int, excerpt))
        batch.frames[row, : len(taken)] = dataset.frames(clip)[taken]
        batch.valid[row, : len(taken)] = dataset.validity(clip)[taken]
        batch.length[row] = len(taken)
    batch.labels[: len(clips)] = dataset.labels[clips]
    return batch


def prefetch(items: Iterable[T], depth: int = 4) -> Iterator[T]:
    """Yields the same items in the same order, computed ahead of time by a thread.

    An exception in `items` is raised here, at the same position. Leaving the loop early ends the thread.
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
        except BaseException as error:  # noqa: BLE001  (passed on, and raised in the consumer)
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
        # If Python exits with the loop unfinished, as after an error, other threads no longer run: joining would wait forever.
        if not sys.is_finalizing():
            thread.join()

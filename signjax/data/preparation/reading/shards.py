"""Reading that is shared: several processes, on one machine or many, read each N-th batch of clips, and the run that makes the
dataset takes up what they have read.

Each shard is a folder beside the dataset folder, `NAME.shard-I-of-N`, with a journal as an interrupted run leaves it. So a shard
can be interrupted as well, and whatever no shard has read is read by the run that makes the dataset.
"""

import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from signjax.data import locks
from signjax.data.clip import Item
from signjax.data.preparation.reading.collect import batches_of
from signjax.data.preparation.reading.journal import Batch, Contents, SavedBatches
from signjax.errors import InputError

Say = Callable[[str], None]


@dataclass(frozen=True)
class Shard:
    """One of `count` shares of the clips; `number` is counted from 1."""

    number: int
    count: int

    def __str__(self) -> str:
        return f"shard {self.number} of {self.count}"

    def folder(self, dataset: Path) -> Path:
        """Where the share for a dataset folder is read into."""
        return dataset.with_name(f"{dataset.name}.shard-{self.number}-of-{self.count}")

    def items(self, items: Sequence[Item]) -> list[Item]:
        """Its share: each N-th batch, so that the shares take equally long wherever the long clips are."""
        return [item for batch in batches_of(items)[self.number - 1 :: self.count] for item in batch]


def parse_shard(text: str) -> Shard:
    """The shard that `I/N` names.

    >>> parse_shard("2/4")
    Shard(number=2, count=4)

    Raises:
      InputError: it is not a number from 1 to N, a slash, and N.
    """
    found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise InputError(f"--shard={text}: expected I/N with I from 1 to N, such as --shard=2/4 for the second of four")
    return Shard(int(found[1]), int(found[2]))


class ReadShards(Mapping[int, Batch]):
    """The batches, by number, that shards beside a dataset folder have read. The shards are locked; used as a context manager."""

    def __init__(self, dataset: Path, contents: Contents, items: Sequence[Item], say: Say):
        """Finds them.

        Args:
          dataset: the dataset folder.
          contents: of the journal of all clips.
          items: all items, in order.
          say: prints a line for each shard, and each that is missing.

        Raises:
          InputError: a shard is being read.
        """
        self._batches: dict[int, tuple[SavedBatches, int]] = {}  # number of a batch -> journal, place in it
        self._taken: list[Path] = []
        self._locks = ExitStack()
        found = shards_of(dataset)
        batches = batches_of(items)
        for shard in found:
            folder = shard.folder(dataset)
            self._locks.enter_context(locks.inner_lock(folder, say)).require()
            share = shard.items(items)
            saved = SavedBatches(folder, replace(contents, names=[item.name for item in share]))
            if saved.foreign:
                say(f"warning: {folder} was read from other files or with other settings; it is left as it is")
                continue
            self._taken.append(folder)
            done = sum(map(len, saved.facts))
            rest = f"; the other {len(share) - done} are read here" if done < len(share) else ""
            say(f"prepare: {shard}: {done} of {len(share)} clips are read{rest}")
            places = range(shard.number - 1, len(batches), shard.count)
            self._batches |= {number: (saved, place) for place, number in enumerate(places[: len(saved.facts)])}
        for count in sorted({shard.count for shard in found}):
            missing = sorted(set(range(1, count + 1)) - {shard.number for shard in found if shard.count == count})
            if missing:
                say(f"prepare: no shard {', '.join(map(str, missing))} of {count}; its clips are read here")

    def __getitem__(self, number: int) -> Batch:
        saved, place = self._batches[number]
        return saved.batch(place)

    def __iter__(self) -> Iterator[int]:
        return iter(self._batches)

    def __len__(self) -> int:
        return len(self._batches)

    def remove(self) -> None:
        """Removes the shards that were taken up."""
        for folder in self._taken:
            shutil.rmtree(folder)

    def __enter__(self) -> "ReadShards":
        return self

    def __exit__(self, *_: object) -> None:
        self._locks.close()


def shards_of(dataset: Path) -> list[Shard]:
    """The shards beside a dataset folder, in order."""
    pattern = re.compile(re.escape(dataset.name) + r"\.shard-(\d+)-of-(\d+)")
    folders = [path for path in dataset.parent.iterdir() if path.is_dir()] if dataset.parent.is_dir() else []
    found = [match for path in folders if (match := pattern.fullmatch(path.name))]
    return sorted(
        (Shard(int(match[1]), int(match[2])) for match in found), key=lambda shard: (shard.count, shard.number)
    )

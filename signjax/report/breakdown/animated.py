"""Which clips of a run are animated in its page, within a fixed number of bytes."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from signjax.data.dataset import Dataset
from signjax.report.error_analysis import Row
from signjax.report.figures import Stick, curves, draw, stick_of

# Bytes of the coordinates of all clips of a page.
MOST_BYTES = 1_500_000
_PAIRS = 8
_ON_MAP = 60


class Shown(NamedTuple):
    """A clip beside another.

    Attributes:
      clip: its name.
      caption: what is known of it.
      figure: the index of its animation; None if it cannot be drawn as a figure, or there was no room.
      curves: points of SVG polylines, where there is no figure to draw.
    """

    clip: str
    caption: str
    figure: int | None
    curves: list[str]


class Pair(NamedTuple):
    """A mistake: the clip, its class, the class that was predicted with its probability, and a training clip of that class."""

    mistake: Shown
    true: str
    predicted: str
    probability: float
    example: Shown | None


class Animations:
    """The animated clips of a page.

    Attributes:
      dataset: with the clips.
      stick: how they are drawn; None if they cannot be.
      figures: what the script of the page plays.
      left_out: whether a clip had no room.
    """

    def __init__(self, dataset: Dataset):
        self.dataset = dataset
        self.stick: Stick | None = stick_of(dataset.layout)
        self.figures: list[dict[str, object]] = []
        self.left_out = False
        self._clips = {clip["clip"]: index for index, clip in enumerate(dataset.clips)}
        self._index: dict[str, int] = {}
        self._bytes = 0

    def figure(self, name: str) -> int | None:
        """The index of the animation of a clip, which is drawn if there is room for it."""
        if name in self._index:
            return self._index[name]
        if self.stick is None or name not in self._clips:
            return None
        index = self._clips[name]
        drawn = draw(self.dataset.frames(index), self.dataset.validity(index), self.dataset.layout, self.stick)
        if self._bytes + len(str(drawn["data"])) > MOST_BYTES:
            self.left_out = True
            return None
        self._bytes += len(str(drawn["data"]))
        self._index[name] = len(self.figures)
        self.figures.append(drawn)
        return self._index[name]

    def drawn(self, name: str) -> int | None:
        """The index of the animation of a clip; None if it has none."""
        return self._index.get(name)

    def shown(self, name: str) -> Shown:
        """A clip with its caption."""
        index = self._clips[name]
        told = self.dataset.clips[index]
        caption = ", ".join(filter(None, [told["signer"], told["split"], f"{told['frames']} frames"]))
        lines = [] if self.stick else curves(self.dataset.frames(index), self.dataset.mean, self.dataset.std)
        return Shown(name, caption, self.figure(name), lines)


def pairs_of(animations: Animations, rows: Sequence[Row], head: str, heads: int) -> list[Pair]:
    """The mistakes of a head to look at: of each of the most frequent confusions, the most confident.

    Args:
      animations: of the page.
      rows: of `predictions.csv`, those of the test split.
      head: its name.
      heads: how many heads share the page.
    """
    wrong = [row for row in rows if row[f"{head}_label"] and row[f"{head}_rank"] != "1"]
    wrong = [
        row for row in wrong if row[f"{head}_label"] != row[f"{head}_predicted"]
    ]  # a tie is wrong, but shows nothing
    together = Counter((row[f"{head}_label"], row[f"{head}_predicted"]) for row in wrong)
    pairs = []
    for (true, said), _ in together.most_common(max(1, _PAIRS // heads)):
        row = max(
            (row for row in wrong if (row[f"{head}_label"], row[f"{head}_predicted"]) == (true, said)),
            key=lambda row: float(row[f"{head}_probability"]),
        )
        example = _example(animations.dataset, head, said)
        pairs.append(
            Pair(
                animations.shown(row["clip"]),
                true,
                said,
                float(row[f"{head}_probability"]),
                None if example is None else animations.shown(example),
            )
        )
    return pairs


def _example(dataset: Dataset, head: str, name: str) -> str | None:
    """A training clip of a class, the middle one; None if there is none."""
    if head not in dataset.heads or name not in dataset.heads[head]:
        return None
    code = dataset.heads[head].index(name)
    column = list(dataset.heads).index(head)
    members = [int(i) for i in dataset.indices("train") if dataset.labels[i, column] == code]
    return dataset.clips[members[len(members) // 2]]["clip"] if members else None


def animate_some(animations: Animations, names: Sequence[str]) -> None:
    """Animates up to 60 of these clips, evenly spread, as long as there is room."""
    step = max(1, -(-len(names) // _ON_MAP))
    for name in names[::step]:
        animations.figure(name)
        if animations.left_out:
            return

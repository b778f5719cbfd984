"""The explanation of one answer of a model.

Shapes: T frames that the model saw, F channels, P parts of the layout, R regions of the body.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from signjax.data.layout.parts import Layout
from signjax.explanation.regions import regions_of

_NAMED = 3  # regions on each side that the sentence names
_LEAST = 0.05  # a smaller share is not worth a word


@dataclass(frozen=True, eq=False)
class Explanation:
    """What speaks for a class in a clip, and what against it.

    Attributes:
      clip: the name of the clip.
      head, of: the head, and the class that is explained.
      against: the class that it is compared with; None: all others, on average.
      layout: of the frames.
      frames: float32 (T, F), as the model saw them: cleaned, without idle ends, subsampled if there were too many.
      valid: bool (T, P), which parts were seen.
      times: int64 (T,), the number of each frame in the clip as it was given.
      importance: float32 (T, F), what each channel counts at each frame: positive for the class, negative against it, 0 where its
        part was not seen. It adds up to `score - nothing`, save for `gap`.
      attention: float32 (T,), how much self-attention looks at each frame, on average over heads, layers and the frames that look;
        1 in total. None: the model has none.
      score: the logit of the class less that of `against`, or less the mean of the others.
      nothing: the score of a clip of the same length in which nothing was seen.
      note: what of the model is explained, where that is not all of it; else empty.
    """

    clip: str
    head: str
    of: str
    against: str | None
    layout: Layout
    frames: np.ndarray
    valid: np.ndarray
    times: np.ndarray
    importance: np.ndarray
    attention: np.ndarray | None
    score: float
    nothing: float
    note: str = ""

    @property
    def gap(self) -> float:
        """What the importance leaves unexplained of the score: an error of integration; larger for gradient times input."""
        return self.score - self.nothing - float(self.importance.sum())

    @property
    def by_part(self) -> np.ndarray:
        """float32 (T, P): the importance of each part of the layout at each frame."""
        found = np.zeros(self.valid.shape, np.float32)
        np.add.at(found.T, self.layout.part_of_channel, self.importance.T)
        return found

    @property
    def by_frame(self) -> np.ndarray:
        """float32 (T,): the importance of each frame."""
        return self.importance.sum(1)

    @cached_property
    def regions(self) -> Mapping[str, np.ndarray]:
        """Region of the body -> float32 (T,), its importance. A region is a part of the layout, or an arm, which is part of one."""
        return {name: self.importance[:, channels].sum(1) for name, channels in regions_of(self.layout).items()}

    @property
    def shares(self) -> dict[str, float]:
        """Region -> its share of all that speaks for or against the class; negative if, in total, it speaks against it."""
        totals = {name: float(values.sum()) for name, values in self.regions.items()}
        everything = sum(map(abs, totals.values())) or 1.0
        return {name: total / everything for name, total in totals.items()}

    @property
    def window(self) -> tuple[int, int]:
        """The first and last frame of the shortest stretch with half of what speaks for the class, numbered as `times` are."""
        speaks_for = np.maximum(self.by_frame, 0)
        sums = np.concatenate([[0], np.cumsum(speaks_for)])
        # For each first frame, the first end with which half is reached; T + 1 where it never is.
        ends = np.searchsorted(sums, sums[:-1] + sums[-1] / 2 - 1e-6 * sums[-1])
        lengths = np.where(ends < len(sums), ends - np.arange(len(ends)), len(sums))
        first = int(lengths.argmin())
        return int(self.times[first]), int(self.times[max(first, min(int(ends[first]), len(self.times)) - 1)])

    @property
    def sentence(self) -> str:
        """The explanation in words."""
        ranked = sorted(self.shares.items(), key=lambda entry: -entry[1])
        found = [f"{name} {share:.0%}" for name, share in ranked[:_NAMED] if share >= _LEAST]
        opposed = [f"{name} {-share:.0%}" for name, share in ranked[::-1][:_NAMED] if share <= -_LEAST]
        rather = f" rather than {self.against}" if self.against else ""
        said = f"For {self.of}{rather}: {', '.join(found) or 'nothing much'}"
        if opposed:
            said += f"; against it: {', '.join(opposed)}"
        first, last = self.window
        if self.against and self.score < 0:
            said += f"; the network alone prefers {self.against}"
        elif self.against and self.nothing > self.score / 2:
            said += f"; with nothing seen, the network prefers {self.of} too"
        stretch = f"frame {first}" if first == last else f"frames {first} to {last}"
        return f"{said}. Half of what speaks for it lies in {stretch} of {self.times[0]} to {self.times[-1]}."

    def __str__(self) -> str:
        return f"{self.clip}: {self.sentence}"

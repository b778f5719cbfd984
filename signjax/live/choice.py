"""Which stretches of movement are one sign: a hand that is held still in the middle of a sign does not end it."""

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from signjax.live.runs import Sign

Answer = TypeVar("Answer", bound=Mapping[str, Any])

# Stretches of a sign at most: a sign with two holds has three.
_MOST = 3


class Choice(Generic[Answer]):
    """Joins neighbouring stretches where the model finds them more familiar together than apart.

    Of all ways to divide the last stretches into signs, the one with the most familiarity, summed over frames, is chosen; signs
    that are not known count nothing.
    """

    def __init__(self, name: Callable[[int, int], Sign[Answer] | None], longest: int):
        """Begins without stretches.

        Args:
          name: names the frames from one to before another.
          longest: frames of a sign at most.
        """
        self._name, self._longest = name, longest
        self._stretches: list[tuple[int, int]] = []
        self._named: dict[tuple[int, int], Sign[Answer] | None] = {}

    @property
    def end(self) -> int | None:
        """The frame after the last stretch that waits for others; None if none does."""
        return self._stretches[-1][1] if self._stretches else None

    def add(self, start: int, stop: int) -> list[Sign[Answer]]:
        """Adds a stretch of movement; returns the signs before it that are decided."""
        self._stretches.append((start, stop))
        decided = []
        while stop - self._stretches[0][0] > self._longest:  # a single stretch never is
            decided += self._decide()
        for first, _ in self._stretches:
            self._named[first, stop] = self._name(first, stop)
        while len(self._stretches) >= _MOST:
            decided += self._decide()
        return decided

    def finish(self) -> list[Sign[Answer]]:
        """Decides all that is left: no other stretch belongs to it."""
        decided = []
        while self._stretches:
            decided += self._decide()
        return decided

    def _decide(self) -> list[Sign[Answer]]:
        """The first sign of the best division, whose stretches no longer wait; none if the model has no answer for these frames."""
        # best[i]: the most familiarity of the stretches from i, and how many of them make up the first sign.
        best: list[tuple[float, int]] = [(0.0, 0)] * (len(self._stretches) + 1)
        for place in reversed(range(len(self._stretches))):
            ways = [
                (self._worth(place, place + count) + best[place + count][0], -count)
                for count in range(1, len(self._stretches) - place + 1)
            ]
            worth, count = max(ways)
            best[place] = worth, -count
        count = best[0][1]
        sign = self._named.get((self._stretches[0][0], self._stretches[count - 1][1]))
        self._stretches = self._stretches[count:]
        begun = {start for start, _ in self._stretches}
        self._named = {key: one for key, one in self._named.items() if key[0] in begun}
        return [] if sign is None else [sign]

    def _worth(self, first: int, after: int) -> float:
        sign = self._named.get((self._stretches[first][0], self._stretches[after - 1][1]))
        return 0.0 if sign is None or not sign.known else sign.weight * (sign.stop - sign.start)

"""Tests of two runs on the same clips."""

from collections.abc import Sequence
from math import comb


def mcnemar(only_first: int, only_second: int) -> float:
    """The two-sided p-value that two models are equally often right, from the clips that only one of them names rightly.

    >>> round(mcnemar(1, 8), 4)
    0.0391

    Exact: under that hypothesis the number is binomial with probability 1/2.

    Source: McNemar (1947); the exact form as in Dietterich (1998).
    """
    fewer, both = min(only_first, only_second), only_first + only_second
    tail = sum(comb(both, k) for k in range(fewer + 1))
    return min(1.0, 2 * tail / 2**both)


def holm(values: Sequence[float]) -> list[float]:
    """p-values adjusted for their number, so that a chance of 5 % is that of any false alarm at all.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]

    Source: Holm (1979).
    """
    adjusted = [0.0] * len(values)
    highest = 0.0
    for place, index in enumerate(sorted(range(len(values)), key=lambda index: values[index])):
        highest = max(highest, min(1.0, (len(values) - place) * values[index]))
        adjusted[index] = highest
    return adjusted

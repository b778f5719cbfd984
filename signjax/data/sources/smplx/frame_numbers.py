"""Reads the number of a frame, and of a person in it, from names such as `00012_0.npz`."""

import re
from collections.abc import Sequence
from typing import NamedTuple

_MOST_PEOPLE = 30  # larger numbers are not those of people in a picture
_DIGITS = re.compile(r"\d+")


class Numbered(NamedTuple):
    """The number of a frame, and of a person in it."""

    frame: int
    person: int


def numbered(names: Sequence[str]) -> list[Numbered] | None:
    """The numbers in names that differ in nothing else; None if they differ in other ways, or in more than two numbers.

    Of two numbers that differ, the first is that of the frame: SMPLer-X writes `FRAME_PERSON.npz`, SMPLify-X `FRAME/PERSON.pkl`. If
    the second is too large for that, the files are something else, such as the frames of several clips.

    >>> numbered(["a_08_3D", "a_10_3D"])
    [Numbered(frame=8, person=0), Numbered(frame=10, person=0)]
    """
    if len({without_numbers(name) for name in names}) != 1:
        return None
    rows = [tuple(int(digits) for digits in _DIGITS.findall(name)) for name in names]
    differ = [column for column in range(len(rows[0])) if len({row[column] for row in rows}) > 1]
    if len(differ) not in (1, 2):
        return None
    frame, person = differ[0], differ[-1]
    if person != frame and max(row[person] for row in rows) > _MOST_PEOPLE:
        return None
    return [Numbered(row[frame], row[person] if person != frame else 0) for row in rows]


def without_numbers(name: str) -> str:
    """The name with 0 for each number in it."""
    return _DIGITS.sub("0", name)

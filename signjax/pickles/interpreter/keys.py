"""The values that may be dictionary keys and set members: those that hash and compare in bounded time.

Forty nested tuples, each holding the previous one twice, take 2 ** 40 steps to hash; 300,000 nested tuples overflow the
C stack; and numbers can be chosen to share a hash, so that n of them cost n * n comparisons. Text is safe: its hash is
salted per process.
"""

import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from signjax.pickles.limits import PickleError, raised_by
from signjax.pickles.objects.placeholders import Name, Placeholder

_ATOMS = frozenset((str, int, float, bool, bytes, type(None)))
# Hashes of these can be made to collide, as those of tuples can.
_COUNTED = frozenset(
    (
        datetime.datetime,
        datetime.date,
        datetime.time,
        datetime.timedelta,
        Decimal,
        Fraction,
        np.datetime64,
        np.timedelta64,
    )
)
_PARTS = 64  # members of a tuple that count as one tuple


class Keys:
    """Turns values into keys, and bounds the number of those that could be made to collide, and the bytes of those made."""

    def __init__(self, most_tuples: int, most_bytes: int) -> None:
        self._tuples_left = most_tuples
        self.bytes_left = most_bytes
        self._made: dict[int, tuple[Any, Any]] = {}  # id -> (source, key); the source is kept so its id is not reused
        self._labels: set[str] = set()

    def spend(self, nbytes: int) -> None:
        """Counts bytes that a copy of something in the file takes, before it is made.

        Raises:
          PickleError: the copies are larger than the file may expand to.
        """
        self.bytes_left -= nbytes
        if self.bytes_left < 0:
            raise PickleError(f"values that unfold to more bytes than the file may; {raised_by('ratio')}")

    def key(self, value: Any) -> Any:
        """Returns the key for a value: a scalar, or a flat tuple of scalars.

        A NumPy scalar becomes the Python number or text it equals, and an object of an unknown class its name.

        Raises:
          PickleError: the value is not a key, or there are too many tuples.
        """
        kind = type(value)
        if kind is tuple:
            self._count(1 + len(value) // _PARTS)
            for part in value:
                if type(part) not in _ATOMS:
                    return tuple([self._scalar(part, " in it") for part in value])
            return value
        if kind is str:
            return value
        return self._scalar(value, "")

    def _scalar(self, value: Any, where: str) -> Any:
        kind = type(value)
        if kind in _ATOMS:
            if kind is int and not where and not -(1 << 63) <= value < 1 << 63:
                raise PickleError("an integer of more than 64 bits as a key")
            return value
        if kind in _COUNTED:
            if getattr(value, "tzinfo", self) is not None and kind is not datetime.date:  # else hashed as salted bytes
                self._count(1)
            return value
        if kind is Name:
            return value.name
        if kind is memoryview or isinstance(value, Placeholder):
            return self._stands_for(value)
        if where:
            raise PickleError(f"a tuple with a {kind.__name__}{where} as a key")
        raise PickleError(f"a {kind.__name__} as a key; a key is a scalar or a flat tuple of scalars")

    def _stands_for(self, value: Any) -> Any:
        """The scalar for bytes that are not copied yet, or for a placeholder; the same object each time."""
        made = self._made.get(id(value))
        if made is None:
            if type(value) is memoryview:
                self.spend(len(value))
                key: Any = bytes(value)
            else:
                key = self._scalar(value.as_key(self.spend), "")
                if value.is_unknown:
                    key = self._distinct(key)
            made = self._made[id(value)] = (value, key)
        return made[1]

    def _distinct(self, label: str) -> str:
        """A label that no other object of an unknown class has."""
        if label in self._labels:
            label = f"{label} #{len(self._made)}"
        self._labels.add(label)
        return label

    def _count(self, tuples: int) -> None:
        self._tuples_left -= tuples
        if self._tuples_left < 0:
            raise PickleError(f"too many tuples as keys; {raised_by('tuple_keys')}")

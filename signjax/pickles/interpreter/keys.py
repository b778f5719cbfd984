"""The values that may be dictionary keys and set members: those that hash and compare in bounded time.

Forty nested tuples, each holding the previous one twice, take 2 ** 40 steps to hash; 300,000 nested tuples overflow the
C stack; and numbers can be chosen to share a hash, so that n of them cost n * n comparisons. Text is safe: its hash is
salted per process.
"""

from typing import Any

from signjax.pickles.limits import PickleError

_ATOMS = frozenset((str, int, float, bool, bytes, type(None)))


class Keys:
    """Checks keys, and bounds the number of those that could be made to collide."""

    def __init__(self, most_tuples: int) -> None:
        self._tuples_left = most_tuples

    def check(self, key: Any) -> None:
        """Checks that a key is a scalar or a flat tuple of scalars.

        Raises:
          PickleError: it is not, or there are too many tuples.
        """
        kind = type(key)
        if kind is tuple:
            self._tuples_left -= 1
            if self._tuples_left < 0:
                raise PickleError("too many tuples as keys; `Limits(tuple_keys=...)` raises the bound")
            for part in key:
                if type(part) not in _ATOMS:
                    raise PickleError(f"a tuple with a {type(part).__name__} in it as a key")
        elif kind not in _ATOMS:
            raise PickleError(f"a {kind.__name__} as a key; a key is a scalar or a flat tuple of scalars")
        elif kind is int and not -(1 << 63) <= key < 1 << 63:
            raise PickleError("an integer of more than 64 bits as a key")

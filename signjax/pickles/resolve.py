"""Turns what the pickle machine built into the tree that the caller receives."""

import datetime
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from signjax.pickles.formats import legacy_stream
from signjax.pickles.limits import SKIP_UNKNOWN, Limits, PickleError, raised_by
from signjax.pickles.objects.numpy_placeholders import ArrayPlaceholder
from signjax.pickles.objects.placeholders import (
    Constructor,
    DictPlaceholder,
    Name,
    Placeholder,
)
from signjax.pickles.objects.placeholders import kind as describe
from signjax.pickles.objects.torch_placeholders import Storage, Tensor
from signjax.pickles.objects.unknown import ClassName
from signjax.pickles.strided_view import View

_TIMES = (datetime.datetime, datetime.date, datetime.time, datetime.timedelta, datetime.timezone)
_ATOMS = frozenset(
    (str, int, float, bool, type(None), bytes, bytearray, complex, slice, range, *_TIMES, Decimal, Fraction)
)


class Resolver:
    """Walks the tree once and replaces every placeholder with the value it stands for.

    An object with several references is resolved once and stays a single object, but counts against the limits each
    time: forty nested tuples, each holding the previous one twice, encode 2 ** 40 values, and any code that
    walks the tree visits all of them.
    """

    def __init__(self, leaf: Callable[[View], Any], limits: Limits, file_size: int) -> None:
        self._leaf = leaf
        self._limits = limits
        self._most_bytes = limits.unfolded(file_size)
        self._most_values = limits.values
        self._values = 0
        self._bytes = 0
        self._depth = 0
        # id -> (source, resolved value, values counted, bytes counted). The source is kept so its id is not reused.
        self._done: dict[int, tuple[Any, Any, int, int]] = {}
        self._under_way: set[int] = set()
        self._blobs: dict[int, tuple[Any, Storage]] = {}

    def leaf(self, view: View) -> Any:
        """Counts a view against the limits and returns its array."""
        self._bytes += view.nbytes
        self._check()
        return self._leaf(view)

    def reserve(self, nbytes: int) -> None:
        """Counts memory that is about to be allocated against the limits."""
        self._bytes += nbytes
        self._check()

    def nested_storage(self, blob: Any) -> Storage:
        """Reads the storage from a complete legacy stream nested in a plain pickle."""
        found = self._blobs.get(id(blob))
        if found is None:  # one storage for each blob, however often the file refers to it
            found = self._blobs[id(blob)] = (blob, legacy_stream.nested_storage(memoryview(blob), self._limits))
        return found[1]

    def value(self, value: Any) -> Any:
        """Resolves a value and everything in it."""
        kind = type(value)
        self._values += 1
        if kind in _ATOMS:
            return value
        seen = self._done.get(id(value))
        if seen is not None:
            self._values += seen[2]
            self._bytes += seen[3]
            self._check()
            return seen[1]
        # First the most frequent kinds; they contain no references, so they cannot be part of a cycle.
        view = (value.ready or value.view(self)) if kind is Tensor or kind is ArrayPlaceholder else None
        if view is not None:
            self._bytes += view.nbytes
            if self._bytes > self._most_bytes or self._values > self._most_values:
                self._refuse()
            resolved = self._leaf(view)
            self._done[id(value)] = (value, resolved, 0, view.nbytes)
            return resolved
        if kind is Name:
            return value.name
        return self._first_time(value, kind)

    def _first_time(self, value: Any, kind: type) -> Any:
        if id(value) in self._under_way:
            if self._limits.skip_unknown:  # objects point to those that hold them
                return ClassName(f"the {describe(value)} that holds this")
            raise PickleError("a container that holds itself")
        self._check()
        self._depth += 1
        if self._depth > self._limits.depth:
            raise PickleError(f"containers nested more than {self._limits.depth} deep; {raised_by('depth')}")
        self._under_way.add(id(value))
        values, nbytes = self._values, self._bytes
        resolved: Any
        if kind is dict or kind is DictPlaceholder:
            resolved = {key: self.value(item) for key, item in value.items()}
        elif kind is list:
            resolved = [self.value(item) for item in value]
        elif kind is tuple:
            resolved = tuple([self.value(item) for item in value])
        elif kind is set or kind is frozenset:
            self._values += len(value)
            resolved = value
        elif kind is memoryview:
            self.reserve(len(value))
            resolved = bytes(value)
        elif isinstance(value, Constructor):
            resolved = self._name_only(value)
        elif isinstance(value, Placeholder):
            resolved = value.resolve(self)  # type: ignore[attr-defined]
        else:
            raise PickleError(f"a {kind.__name__}, which no pickle should have made")
        self._under_way.discard(id(value))
        self._depth -= 1
        self._done[id(value)] = (value, resolved, self._values - values, self._bytes - nbytes)
        return resolved

    def _name_only(self, value: Constructor) -> ClassName:
        if self._limits.skip_unknown:
            return ClassName(value.name)
        raise PickleError(f"`{value.name}` itself as a value; only what it makes is read{SKIP_UNKNOWN}")

    def _check(self) -> None:
        if self._bytes > self._most_bytes or self._values > self._most_values:
            self._refuse()

    def _refuse(self) -> None:
        if self._values > self._most_values:
            raise PickleError(f"a tree of more than {self._most_values} values; {raised_by('values')}")
        raise PickleError(
            f"arrays that unfold to more than {self._most_bytes} bytes; `--limit ratio=N` or `--limit allowance=N`, in Python "
            "`Limits(ratio=N)` or `Limits(allowance=N)`, raises the bound"
        )

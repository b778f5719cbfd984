"""NumPy dtypes, built from a checked grammar instead of with NumPy's own `__setstate__`, which trusts its input."""

import re
from functools import lru_cache
from typing import Any

import numpy as np

from signjax.pickles.limits import PickleError
from signjax.pickles.objects.placeholders import Name, Placeholder
from signjax.pickles.strided_view import check_shape

_SIZES = {"b": (1,), "i": (1, 2, 4, 8), "u": (1, 2, 4, 8), "f": (2, 4, 8, 16), "c": (8, 16, 32)}
_NUMBERS = frozenset(f"{kind}{size}" for kind, sizes in _SIZES.items() for size in sizes)
_CODE = re.compile(r"([<>|=]?)(?:([biufc][0-9]{1,2})|([SaUV])([0-9]{0,9})|([Mm])8?|(O)[48]?)")
UNITS = frozenset(("Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as", "generic"))
MOST_FIELDS = 4096
DEEPEST = 8
_FIELD = 500  # bytes of a field in a dtype and its name
_RECORDS = frozenset(("numpy.record", "numpy.void"))


class DtypePlaceholder(Placeholder):
    """`numpy.dtype(code, ...)`; BUILD sets its state (version, byte order, subdtype, names, fields, size, ...)."""

    __slots__ = ("_found", "_prefix", "code", "fields", "is_object", "state")

    def __init__(self, arguments: tuple[Any, ...]) -> None:
        self._prefix, self.code, self.is_object = _parse(arguments[0] if arguments else None)
        self.state: tuple[Any, ...] | None = None
        self._found: np.dtype[Any] | None = None
        self.fields = 1  # numbers per element, nested structures included

    def build(self, state: Any) -> None:
        """Stores the state."""
        if self.state is not None:
            raise PickleError("a dtype whose state is set twice")
        if type(state) is not tuple or len(state) not in (8, 9) or state[0] not in (3, 4):
            raise PickleError("a dtype whose state is not one of version 3 or 4")
        self.state = state

    def resolve(self, resolver: Any) -> str:
        """The name of the dtype, which is its value in the tree."""
        self.count_fields(resolver)
        return "object" if self.is_object else str(self.numpy())

    def count_fields(self, resolver: Any) -> None:
        """Counts the memory of a structure against the limits before it is made: many dtypes can share one state."""
        if self._found is None and self.state is not None and type(self.state[3]) is tuple:
            resolver.reserve(_FIELD * len(self.state[3]))

    def numpy(self, depth: int = 0) -> "np.dtype[Any]":
        """The dtype, built from checked parts."""
        if self._found is None:
            if self.is_object:
                raise PickleError("a structured dtype that contains objects")
            if depth > DEEPEST:
                raise PickleError(f"a dtype nested more than {DEEPEST} deep")
            self._found = self._make(depth)
        return self._found

    def _make(self, depth: int) -> "np.dtype[Any]":
        if self.state is None:
            return _plain(self._prefix + self.code, "")
        order, subdtype, names, fields, size = self.state[1:6]
        if type(order) is bytes:
            order = order.decode("ascii", "replace")
        if order not in ("<", ">", "|", "=", None):
            raise PickleError("a dtype of unknown byte order")
        if subdtype is not None:
            return _subarray(subdtype, depth)
        if names is not None or fields is not None:
            dtype, self.fields = _structure(names, fields, size, depth)
            return dtype
        return _plain((order or "|") + self.code, _unit(self.state) if self.code[0] in "Mm" else "", size)


def _parse(code: Any) -> tuple[str, str, bool]:
    """Splits a dtype code into byte order and rest; also returns whether it is the code for objects."""
    if type(code) is bytes and code.isascii():
        code = code.decode("ascii")
    if type(code) is Name and code.name in _RECORDS:  # of a record array; its state has the fields
        code = "V"
    if type(code) is not str:
        raise PickleError("a NumPy dtype whose code is not text")
    return _parse_text(code)


@lru_cache(maxsize=256)
def _parse_text(code: str) -> tuple[str, str, bool]:
    match = _CODE.fullmatch(code)
    if match is None or (match[2] and match[2] not in _NUMBERS):
        raise PickleError(f"the NumPy dtype {code!r:.100}, which is not one of NumPy's plain types")
    return match[1], code.lstrip("<>|="), bool(match[6])


def plain_dtype(code: str) -> "np.dtype[Any] | None":
    """The dtype for a code such as `<f4`, with its byte order; None for objects.

    Raises:
      PickleError: it is not one of NumPy's plain types.
    """
    order, rest, is_object = _parse(code)
    if is_object:
        return None
    size = rest[1:]
    if rest[0] in "SaUV" and size and int(size) > 1 << 28:
        raise PickleError(f"a dtype {code} of more than a gigabyte")
    return _plain(order + rest, "")


def _plain(code: str, unit: str, size: Any = -1) -> "np.dtype[Any]":
    if code[-1] in "SaUV" and type(size) is int and size >= 0:
        if size > 1 << 30 or (code[-1] == "U" and size % 4):
            raise PickleError(f"a dtype {code} of {size} bytes")
        code += str(size // 4 if code[-1] == "U" else size)
    return _numpy_dtype(code, unit)


@lru_cache(maxsize=256)
def _numpy_dtype(code: str, unit: str) -> "np.dtype[Any]":
    if code.rstrip("8")[-1] in "Mm":
        code = code.rstrip("8") + "8" + unit
    try:
        return np.dtype(code.replace("a", "S"))
    except TypeError:
        raise PickleError(f"the NumPy dtype {code}, which this NumPy does not have") from None


def _unit(state: tuple[Any, ...]) -> str:
    """The unit of a date or time span, from `(metadata, (unit, count, numerator or 1, event))` at the end of the state."""
    match state[8:]:
        case ((dict() | None, (unit, int(count), *_)),) if type(count) is int:
            if type(unit) is bytes:
                unit = unit.decode("ascii", "replace")
            if type(unit) is str and unit in UNITS and 0 < count < 1 << 31:
                return "" if unit == "generic" else f"[{count}{unit}]"
    raise PickleError("a dtype for dates without a known unit")


def _subarray(subdtype: Any, depth: int) -> "np.dtype[Any]":
    match subdtype:
        case (DtypePlaceholder() as base, tuple(shape)):
            inner = base.numpy(depth + 1)
            if check_shape(shape) * inner.itemsize > 1 << 30 or max(shape, default=0) > 1 << 30:
                raise PickleError("a dtype of more than a gigabyte")
            if len(shape) > DEEPEST or inner.subdtype is not None:
                raise PickleError(f"a dtype of sub-arrays with more than {DEEPEST} dimensions, or of sub-arrays")
            return np.dtype((inner, shape))
    raise PickleError("a dtype for sub-arrays that is not (dtype, shape)")


def _structure(names: Any, fields: Any, size: Any, depth: int) -> "tuple[np.dtype[Any], int]":
    """Builds a structured dtype; also returns the total number of numbers in it."""
    if type(names) is not tuple or type(fields) is not dict or not 0 < len(names) <= MOST_FIELDS:
        raise PickleError("a structured dtype without names and fields")
    if type(size) is not int or not 0 <= size <= 1 << 30:
        raise PickleError("a structured dtype of no believable size")
    formats, offsets, titles, total = [], [], [], 0
    plain_names = [name.decode("ascii", "replace") if type(name) is bytes else name for name in names]
    if not all(type(name) is str and name for name in plain_names) or len(set(plain_names)) != len(names):
        raise PickleError("a structured dtype with two fields of one name, or a field without")
    for name in names:
        match fields.get(name):
            case (DtypePlaceholder() as field, int(offset), *title) if type(offset) is int and len(title) < 2:
                dtype = field.numpy(depth + 1)
                total += field.fields
            case _:
                raise PickleError(f"the field {name!r:.100} of a structured dtype is not (dtype, offset)")
        if offset < 0 or offset + dtype.itemsize > size:
            raise PickleError(f"the field {name!r:.100} lies outside of its structure of {size} bytes")
        if total > MOST_FIELDS:
            raise PickleError(f"a structured dtype of more than {MOST_FIELDS} fields")
        formats.append(dtype)
        offsets.append(offset)
        titles.append(title[0] if title and type(title[0]) is str else None)
    described: dict[str, Any] = {"names": plain_names, "formats": formats, "offsets": offsets, "itemsize": size}
    if any(titles):
        if len({*plain_names, *filter(None, titles)}) != len(names) + len(list(filter(None, titles))):
            raise PickleError("a structured dtype with one title for two fields")
        described["titles"] = titles
    dtype = np.dtype(described)  # type: ignore[call-overload]
    return dtype, total

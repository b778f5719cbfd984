"""Values of Python's standard library that hold nothing but data: dates, decimal numbers, paths, identifiers, typed arrays.

Each is made here from checked arguments; what the pickle names is not imported for it.
"""

import datetime
import decimal
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np

from signjax.pickles.limits import PickleError
from signjax.pickles.objects.numpy_dtypes import DtypePlaceholder
from signjax.pickles.objects.numpy_placeholders import strided
from signjax.pickles.objects.placeholders import Placeholder
from signjax.pickles.objects.torch_placeholders import ResolverInterface

_DATETIME, _DATE, _TIME = 10, 4, 6  # bytes of what these classes write
_MOST_DIGITS = 100
_LONGEST_PATH = 32_768  # letters; Windows allows no more
_MOST_PARTS = 1000
_PART = 16  # bytes
_NUMBER = 64  # bytes that count for a number of a list while it becomes an array
# The machine formats 0 to 17 of module `array`.
_FORMATS = (
    *("u1", "i1", "<u2", ">u2", "<i2", ">i2", "<u4", ">u4", "<i4", ">i4", "<u8", ">u8", "<i8", ">i8"),
    *("<f4", ">f4", "<f8", ">f8"),
)

_TYPE_CODES = {"b": "i1", "B": "u1", "h": "<i2", "H": "<u2", "i": "<i4", "I": "<u4", "l": "<i8", "L": "<u8", "q": "<i8"}
_TYPE_CODES |= {"Q": "<u8", "f": "<f4", "d": "<f8"}


def _packed(arguments: tuple[Any, ...], size: int, what: str) -> tuple[bytes, datetime.tzinfo | None]:
    """The bytes that a date or time writes, and its time zone."""
    packed = arguments[0] if 1 <= len(arguments) <= 2 else None
    if type(packed) is str and len(packed) == size and all(ord(c) < 256 for c in packed):  # written by Python 2
        packed = packed.encode("latin-1")
    zone = arguments[1] if len(arguments) == 2 else None
    if type(packed) is not bytes or len(packed) != size or not (zone is None or type(zone) is datetime.timezone):
        raise PickleError(f"a {what} that is not {size} bytes and a time zone of the module `datetime`")
    return packed, zone


def moment(arguments: tuple[Any, ...]) -> datetime.datetime:
    """`datetime.datetime(packed[, time zone])`."""
    raw, zone = _packed(arguments, _DATETIME, "datetime")
    try:
        day = datetime.date(raw[0] * 256 + raw[1], raw[2] & 127, raw[3])
        clock = datetime.time(raw[4], raw[5], raw[6], int.from_bytes(raw[7:], "big"), zone, fold=raw[2] >> 7)
        return datetime.datetime.combine(day, clock)
    except ValueError as error:
        raise PickleError(f"a datetime that does not exist: {error}") from None


def date(arguments: tuple[Any, ...]) -> datetime.date:
    """`datetime.date(packed)`."""
    raw, _ = _packed(arguments, _DATE, "date")
    try:
        return datetime.date(raw[0] * 256 + raw[1], raw[2], raw[3])
    except ValueError as error:
        raise PickleError(f"a date that does not exist: {error}") from None


def time(arguments: tuple[Any, ...]) -> datetime.time:
    """`datetime.time(packed[, time zone])`."""
    raw, zone = _packed(arguments, _TIME, "time")
    try:
        return datetime.time(raw[0] & 127, raw[1], raw[2], int.from_bytes(raw[3:], "big"), zone, fold=raw[0] >> 7)
    except ValueError as error:
        raise PickleError(f"a time that does not exist: {error}") from None


def timedelta(arguments: tuple[Any, ...]) -> datetime.timedelta:
    """`datetime.timedelta(days, seconds, microseconds)`."""
    if len(arguments) > 3 or not all(type(a) is int and abs(a) < 1 << 63 for a in arguments):
        raise PickleError("a timedelta that is not days, seconds and microseconds")
    try:
        return datetime.timedelta(*arguments)
    except OverflowError:
        raise PickleError("a timedelta of more than 999,999,999 days") from None


def timezone(arguments: tuple[Any, ...]) -> datetime.timezone:
    """`datetime.timezone(offset[, name])`."""
    match arguments[:3]:
        case (datetime.timedelta() as offset, *name) if len(name) < 2 and all(
            type(n) is str and len(n) < 100 for n in name
        ):
            try:
                return datetime.timezone(offset, *name)
            except ValueError as error:
                raise PickleError(f"a time zone that does not exist: {error}") from None
    raise PickleError("a time zone that is not an offset and a name")


def number(arguments: tuple[Any, ...]) -> Decimal:
    """`decimal.Decimal(text)`."""
    match arguments:
        case (str(text),) if len(text) <= _MOST_DIGITS:
            try:
                return Decimal(text)
            except decimal.InvalidOperation:
                raise PickleError(f"the decimal number {text!r}") from None
    raise PickleError(f"a decimal number that is not a text of at most {_MOST_DIGITS} letters")


def fraction(arguments: tuple[Any, ...]) -> Fraction:
    """`fractions.Fraction(numerator, denominator)`, or of a text, as Python before 3.12 writes it."""
    match arguments:
        case (int(top), int(bottom)) if max(abs(top), abs(bottom)) < 1 << 128 and bottom:
            return Fraction(top, bottom)
        case (str(text),) if len(text) <= _MOST_DIGITS and text.lstrip("-").replace("/", "", 1).isdecimal():
            try:
                return Fraction(text)
            except (ValueError, ZeroDivisionError):
                pass
    raise PickleError("a fraction that is not two whole numbers")


class PathPlaceholder(Placeholder):
    """A path of `pathlib`, which is read as text."""

    __slots__ = ("_flavour", "_parts", "_text")

    def __init__(
        self, arguments: tuple[Any, ...], flavour: type[PurePosixPath | PureWindowsPath] = PurePosixPath
    ) -> None:
        self._parts = arguments
        self._flavour = flavour
        self._text: str | None = None

    def as_key(self, spend: Callable[[int], None]) -> str:
        """The path as text."""
        if self._text is None:
            spend(_PART * len(self._parts))
            if len(self._parts) > _MOST_PARTS or not all(type(part) is str for part in self._parts):
                raise PickleError("a path that is not made of texts")
            size = sum(map(len, self._parts)) + len(self._parts)
            if size > _LONGEST_PATH:
                raise PickleError(f"a path of more than {_LONGEST_PATH} letters")
            spend(4 * size)
            self._text = str(self._flavour(*self._parts))
        return self._text

    def resolve(self, resolver: ResolverInterface) -> str:
        """The path as text."""
        return self.as_key(resolver.reserve)


def windows_path(arguments: tuple[Any, ...]) -> PathPlaceholder:
    """A path with backslashes."""
    return PathPlaceholder(arguments, PureWindowsPath)


class UuidPlaceholder(Placeholder):
    """`uuid.UUID`, whose state holds its number; read as text."""

    __slots__ = ("_number",)

    def __init__(self, _arguments: tuple[Any, ...]) -> None:
        self._number = -1

    def build(self, state: Any) -> None:
        """Sets the number."""
        match state:
            case {"int": int(found)} if 0 <= found < 1 << 128:
                self._number = found
            case _:
                raise PickleError("a UUID that is not a number of 128 bits")

    def as_key(self, spend: Callable[[int], None]) -> str:
        """The identifier in its usual form."""
        spend(36)
        if self._number < 0:
            raise PickleError("a UUID without its number")
        digits = f"{self._number:032x}"
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def resolve(self, resolver: ResolverInterface) -> str:
        """The identifier in its usual form."""
        return self.as_key(resolver.reserve)


class TypedArray(Placeholder):
    """`array._array_reconstructor(class, type code, machine format, data)`: an array of module `array`."""

    __slots__ = ("_data", "_dtype")

    def __init__(self, arguments: tuple[Any, ...]) -> None:
        match arguments:
            case (_, str(), int(number), bytes() | bytearray() | memoryview() as data) if 0 <= number < len(_FORMATS):
                self._dtype = DtypePlaceholder((_FORMATS[number],))
                self._data = data
            case _:
                raise PickleError("an array of the module `array` that is not made of numbers")

    def resolve(self, resolver: ResolverInterface) -> Any:
        """The numbers, as a NumPy array."""
        count = len(self._data) // self._dtype.numpy().itemsize
        return strided(resolver, (count,), self._dtype, False, self._data)


class ListedArray(Placeholder):
    """`array.array(type code, numbers)`, which pickles of protocol 0 to 2 have."""

    __slots__ = ("_code", "_numbers")

    def __init__(self, arguments: tuple[Any, ...]) -> None:
        match arguments:
            case (str(code), list() as numbers) if code in _TYPE_CODES:
                self._code = code
                self._numbers = numbers
            case _:
                raise PickleError("an array of the module `array` that is not made of numbers")

    def resolve(self, resolver: ResolverInterface) -> Any:
        """The numbers, as a NumPy array."""
        resolver.reserve(_NUMBER * len(self._numbers))
        if not all(type(number) in (int, float) for number in self._numbers):
            raise PickleError("an array of the module `array` that is not made of numbers")
        try:
            data = np.array(self._numbers, _TYPE_CODES[self._code]).data.cast("B")
        except OverflowError:
            raise PickleError("an array of the module `array` with a number that its type cannot hold") from None
        return strided(resolver, (len(self._numbers),), DtypePlaceholder((_TYPE_CODES[self._code],)), False, data)


def deque(arguments: tuple[Any, ...]) -> list[Any]:
    """`collections.deque(items[, longest])`: a list, which the pickle then fills."""
    match arguments:
        case () | ((),) | ([],) | ((), int() | None) | ([], int() | None):
            return []
        case ((list() | tuple()) as items, *_) if len(arguments) <= 2:
            return list(items)
    raise PickleError("a deque of something other than a list")

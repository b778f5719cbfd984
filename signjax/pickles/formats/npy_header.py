"""The header of NumPy's `.npy` format: a Python literal that describes an array, read with a grammar of its own.

NumPy evaluates the header with `ast.literal_eval` and builds the dtype with `numpy.dtype`, which accept far more than NumPy writes.
"""

import re
import struct
from typing import Any, NamedTuple

import numpy as np

from signjax.pickles.limits import AGAIN, PickleError
from signjax.pickles.objects.numpy_dtypes import DEEPEST, MOST_FIELDS, UNITS, plain_dtype
from signjax.pickles.strided_view import check_shape

MAGIC = b"\x93NUMPY"
_LONGEST = 1 << 16  # bytes
# Quoted text, a whole number (Python 2 adds an L), a word, a sign.
_TOKEN = re.compile(
    r"""\s*(?:('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(-?[0-9]{1,20})L?|(True|False|None)|([\[\](){},:]))""", re.DOTALL
)
_WORDS = {"True": True, "False": False, "None": None}
_CLOSING = {"(": ")", "[": "]"}
_DATE = re.compile(r"([<>=|]?)([Mm])8(?:\[([0-9]{0,9})([a-zA-Z]{1,7})\])?")
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[\\'\"nrt])")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


class Header(NamedTuple):
    """What a header says of an array; `dtype` is None for an array of objects. `end` is the offset after the header."""

    dtype: "np.dtype[Any] | None"
    fortran: bool
    shape: tuple[int, ...]
    end: int


def read_header(content: memoryview) -> Header:
    """Reads the header of a `.npy` file.

    Raises:
      PickleError: it is malformed, or describes what NumPy does not write.
    """
    version = bytes(content[6:8])
    layout = {b"\x01\0": "<H", b"\x02\0": "<I", b"\x03\0": "<I"}.get(version)
    if bytes(content[:6]) != MAGIC or layout is None:
        raise PickleError(f"a NumPy array of version {tuple(version)}; versions 1.0, 2.0 and 3.0 are read")
    start = 8 + struct.calcsize(layout)
    if len(content) < start:
        raise PickleError(f"the header of a NumPy array ends early{AGAIN}")
    end = start + struct.unpack_from(layout, content, 8)[0]
    if end > len(content):
        raise PickleError(f"the header of a NumPy array ends early{AGAIN}")
    if end - start > _LONGEST:
        raise PickleError(f"the header of a NumPy array of {end - start} bytes; at most {_LONGEST} are read")
    try:
        text = str(content[start:end], "utf-8" if version == b"\x03\0" else "latin-1")
        fields = _Literal(text.rstrip(" \n\0")).whole()
    except (ValueError, IndexError):
        raise PickleError(f"the header of a NumPy array is malformed{AGAIN}") from None
    match fields:
        case {"descr": descr, "fortran_order": bool(fortran), "shape": tuple(shape)} if len(fields) == 3:
            check_shape(shape)
            return Header(_dtype(descr, 0), fortran, shape, end)
    raise PickleError("the header of a NumPy array without descr, fortran_order and shape")


class _Literal:
    """Reads text, whole numbers, truth values, and tuples, lists and dictionaries of them."""

    def __init__(self, text: str) -> None:
        self._tokens: list[Any] = []
        pos = 0
        while pos < len(text):
            match = _TOKEN.match(text, pos)
            if match is None:
                raise ValueError
            quoted, digits, word, sign = match.groups()
            # What is not a sign is wrapped, so that the text "(" is not mistaken for one.
            value = _unquoted(quoted) if quoted else int(digits) if digits else _WORDS[word] if word else None
            self._tokens.append(sign or (value,))
            pos = match.end()
        self._at = 0

    def whole(self) -> Any:
        """The single value of the text."""
        value = self._value(0)
        if self._at != len(self._tokens):
            raise ValueError
        return value

    def _next(self) -> Any:
        self._at += 1
        return self._tokens[self._at - 1]

    def _value(self, depth: int) -> Any:
        token = self._next()
        if type(token) is tuple:
            return token[0]
        if depth > 2 * DEEPEST:
            raise ValueError
        if token == "{":
            return self._dictionary(depth)
        items = []
        comma = True
        while self._tokens[self._at] != _CLOSING.get(token, ""):
            if not comma:
                raise ValueError
            items.append(self._value(depth + 1))
            comma = self._tokens[self._at] == ","
            self._at += comma
        self._at += 1
        if token == "(" and len(items) == 1 and not comma:
            return items[0]
        return tuple(items) if token == "(" else items

    def _dictionary(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while self._tokens[self._at] != "}":
            key = self._value(depth + 1)
            if type(key) is not str or key in found or self._next() != ":":
                raise ValueError
            found[key] = self._value(depth + 1)
            if self._tokens[self._at] != "}" and self._next() != ",":
                raise ValueError
        self._at += 1
        return found


def _unquoted(text: str) -> str:
    """The text of a literal; escapes other than the usual ones are refused."""

    def escaped(match: re.Match[str]) -> str:
        body = match[1]
        return chr(int(body[1:], 16)) if len(body) > 1 else _ESCAPES.get(body, body)

    inner = text[1:-1]
    if "\\" in _ESCAPE.sub("", inner):
        raise ValueError
    return _ESCAPE.sub(escaped, inner)


def _dtype(descr: Any, depth: int) -> "np.dtype[Any] | None":
    """The dtype for a description; None for objects."""
    if depth > DEEPEST:
        raise PickleError(f"a dtype nested more than {DEEPEST} deep")
    if type(descr) is str:
        return _simple(descr)
    match descr:
        case (inner, tuple(shape)):
            base = _dtype(inner, depth + 1)
            if base is None or base.subdtype is not None or len(shape) > DEEPEST:
                raise PickleError("a dtype of sub-arrays of objects or of sub-arrays")
            if check_shape(shape) * base.itemsize > 1 << 30 or max(shape, default=0) > 1 << 30:
                raise PickleError("a dtype of more than a gigabyte")
            return np.dtype((base, shape))
        case list() if 0 < len(descr) <= MOST_FIELDS:
            return _structure(descr, depth)
    raise PickleError("a NumPy array whose dtype is not described as NumPy does")


def _simple(code: str) -> "np.dtype[Any] | None":
    date = _DATE.fullmatch(code)
    if date is None:
        return plain_dtype(code)
    order, letter, count, unit = date.groups()
    if unit is None:
        return np.dtype(f"{order}{letter}8")
    if unit not in UNITS or (count and int(count) == 0):
        raise PickleError(f"a dtype for dates without a known unit: {code!r}")
    return np.dtype(f"{order}{letter}8[{count}{unit}]")


def _structure(fields: list[Any], depth: int) -> "np.dtype[Any]":
    """A packed structure; fields without a name are padding, as NumPy writes it."""
    names, formats, offsets, size = [], [], [], 0
    for field in fields:
        match field:
            case (str(name) | (_, str(name)), (str() | list()) as inner):
                dtype = _dtype(inner, depth + 1)
            case (str(name) | (_, str(name)), (str() | list()) as inner, tuple(shape)):
                dtype = _dtype((inner, shape), depth + 1)
            case _:
                raise PickleError("a structured dtype with a field that is not (name, dtype)")
        if dtype is None:
            raise PickleError("a structured dtype that contains objects")
        if name:
            names.append(name)
            formats.append(dtype)
            offsets.append(size)
        elif dtype.kind != "V":
            raise PickleError("a structured dtype with a field that has no name")
        size += dtype.itemsize
    if size > 1 << 30 or not names or len(set(names)) != len(names):
        raise PickleError("a structured dtype of no believable size, or with two fields of one name")
    return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": size})

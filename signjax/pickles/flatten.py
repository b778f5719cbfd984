"""Flattens a tree to named arrays; a name consists of the keys on the path to a leaf, joined by `/`."""

import datetime
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np

from signjax.pickles.limits import PickleError, raised_by
from signjax.pickles.objects.masked_arrays import MaskedView
from signjax.pickles.objects.number_lists import Noted, as_array
from signjax.pickles.objects.unknown import ClassName
from signjax.pickles.strided_view import View

_ROOT = "data"  # the name of the array in a file that holds a single one
_LONGEST_NAME = 60_000  # bytes; a zip archive's own bound is 65,535
_NUMBER = 16  # bytes of a number in a list that becomes an array, and of its place in between
_PLAIN = " !#$&'()*+,-.:;<=>?@[]^_`{|}~"  # not escaped in names, like letters and digits


class Entry(NamedTuple):
    """One array of a converted file; `note` describes any change from the source."""

    name: str
    content: "View | np.ndarray[Any, Any]"
    note: str


def entries(tree: Any, most_bytes: int) -> Iterator[Entry]:
    """Yields all leaves of a resolved tree whose arrays are views.

    Lists of numbers, also nested ones if all have the same length, become one array. Empty containers become empty arrays. A
    note says so.

    Args:
      tree: the tree.
      most_bytes: what the names and texts may take. A file can use one text any number of times.

    Raises:
      PickleError: a name is too long, or they take more.
    """
    for path, leaf in _leaves(tree, (), most_bytes // _NUMBER):
        name = "/".join(path) or _ROOT
        size = len(name.encode("utf-8"))
        if size > _LONGEST_NAME:
            raise PickleError(f"a key of more than {_LONGEST_NAME} bytes: {name[:60]}...")
        most_bytes -= size + _made(leaf)
        if most_bytes < 0:
            raise PickleError(f"texts and names that unfold to more bytes than the file may; {raised_by('ratio')}")
        yield Entry(name, *_content(leaf))


def _made(leaf: Any) -> int:
    """The bytes of the array that is made for a leaf, if it is not one already."""
    if isinstance(leaf, Noted):
        return leaf.content.nbytes
    return 4 * len(leaf) if isinstance(leaf, str | bytes | bytearray) else 0


def _leaves(value: Any, path: tuple[str, ...], most_numbers: int) -> Iterator[tuple[tuple[str, ...], Any]]:
    children: list[tuple[str, Any]]
    if type(value) is View:  # the most frequent
        yield path, value
        return
    if isinstance(value, dict):
        children = [(key_name(key), item) for key, item in value.items()]
    elif isinstance(value, MaskedView):
        yield path, Noted(value.data(), "was a masked array; its mask stands beside it")
        yield (*path, "(mask)"), value.mask
        return
    elif isinstance(value, list | tuple):
        numbers = as_array(value, most_numbers)
        if numbers is not None:
            yield path, numbers
            return
        children = [(str(i), item) for i, item in enumerate(value)]
    elif isinstance(value, set | frozenset):
        children = [(str(i), item) for i, item in enumerate(sorted(value, key=repr))]
    elif isinstance(value, np.ndarray) and value.dtype.hasobject:
        children = [(str(i), item) for i, item in enumerate(value.ravel())]
    else:
        yield path, value
        return
    if not children:
        yield path, value
    for name, item in children:
        yield from _leaves(item, (*path, name), most_numbers)


def key_name(key: object) -> str:
    """Encodes a dictionary key as a part of a name. Different keys give different parts, and none leads out of a folder.

    >>> key_name("smplx"), key_name("a/b"), key_name(".."), key_name(""), key_name(1), key_name("1")
    ('smplx', 'a%2Fb', '%2E%2E', '%', '%(1)', '1')
    """
    return _text_name(key) if isinstance(key, str) else f"%({quote(repr(key), safe=_PLAIN)})"


@lru_cache(maxsize=256)
def _text_name(key: str) -> str:
    if not key:
        return "%"
    if not key.strip("."):
        return "%2E" * len(key)
    return "".join(c if c.isalnum() else quote(c, safe=_PLAIN, errors="backslashreplace") for c in key)


def _content(leaf: Any) -> tuple["View | np.ndarray[Any, Any]", str]:
    if isinstance(leaf, Noted):
        return leaf.content, leaf.note
    if isinstance(leaf, View):
        if leaf.dtype.kind == "V" and leaf.dtype.type is not np.void:  # bfloat16 and float8
            return leaf.array().astype(np.float32), f"was {leaf.dtype}, which .npy cannot name; every value is kept"
        return leaf, ""
    if isinstance(leaf, str | bytes | bytearray):
        return _text(leaf)
    if isinstance(leaf, dict | list | tuple | set | frozenset | np.ndarray):
        return np.empty(0), f"was an empty {type(leaf).__name__}"
    return _value(leaf)


def _value(leaf: Any) -> tuple["np.ndarray[Any, Any]", str]:
    if isinstance(leaf, np.generic | float | complex) or (isinstance(leaf, int) and -(1 << 63) <= leaf < 1 << 64):
        return np.asarray(leaf), ""
    return np.asarray(_as_text(leaf)), f"was {type(leaf).__name__}, as text"


def _as_text(leaf: Any) -> str:
    if isinstance(leaf, int):
        return hex(leaf)
    if isinstance(leaf, datetime.datetime | datetime.date | datetime.time):
        return leaf.isoformat()
    return str(leaf) if isinstance(leaf, datetime.timedelta | datetime.timezone | Decimal | Fraction) else repr(leaf)


def _text(text: str | bytes | bytearray) -> tuple["np.ndarray[Any, Any]", str]:
    """Converts text or bytes; NumPy strips trailing zeros from both and cannot store half a surrogate pair."""
    if not isinstance(text, str):
        return np.frombuffer(text, np.uint8), "was bytes"
    if isinstance(text, ClassName):
        return np.asarray(str(text)), "the name of a class or function that was not imported"
    if text.endswith("\0") or any("\ud800" <= c <= "\udfff" for c in text):
        return np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8), "was text, as UTF-8"
    return np.asarray(text), ""

"""Blocks of bytes and strided views on them; every bound is checked here, before NumPy sees a number from a file."""

import math
from typing import Any

import numpy as np

from signjax.pickles.limits import PickleError

_ALIGNMENT = 16  # bytes; what the widest number, complex128, asks for
_MOST_DIMENSIONS = 32
_LARGEST = (1 << 63) - 1


class Block:
    """A run of bytes in a file: one storage, or the data of one NumPy array.

    The bytes are copied out once, aligned and writable, when the first view asks for them; views of one block share
    them. With `in_place`, bytes that are aligned and writable already (of a private mapping, say) are used where they
    lie.
    """

    __slots__ = ("_bytes", "_source", "in_place", "nbytes")

    def __init__(self, source: memoryview | bytes | bytearray, in_place: bool = False) -> None:
        self._source = source
        self._bytes: np.ndarray[Any, Any] | None = None
        self.in_place = in_place
        self.nbytes = len(source)

    def part(self, start: int, nbytes: int) -> "Block":
        """A run of bytes inside of this block, sharing its memory."""
        if not 0 <= start <= start + nbytes <= self.nbytes:
            raise PickleError(f"bytes {start} to {start + nbytes} of a storage of {self.nbytes} bytes")
        return Block(self.bytes().data[start : start + nbytes], in_place=True)

    def peek(self) -> memoryview:
        """The bytes where they lie, perhaps unaligned."""
        return memoryview(self._source)

    def bytes(self) -> "np.ndarray[Any, np.dtype[np.uint8]]":
        """The bytes, as an array that owns them."""
        if self._bytes is None:
            found = np.frombuffer(self._source, np.uint8)
            usable = self.in_place and found.flags.writeable and found.__array_interface__["data"][0] % _ALIGNMENT == 0
            self._bytes = found if usable else found.copy()
        return self._bytes


class View:
    """An array that a file describes: what to read from which block."""

    __slots__ = ("block", "conj", "device", "dtype", "neg", "offset", "shape", "strides", "swap")

    def __init__(
        self,
        block: Block,
        dtype: "np.dtype[Any]",
        shape: tuple[int, ...],
        strides: tuple[int, ...] | None = None,
        offset: int = 0,
        *,
        device: str = "cpu",
        conj: bool = False,
        neg: bool = False,
        swap: bool = False,
    ) -> None:
        """Checks that the view lies inside of its block.

        Args:
          block: where the bytes are.
          dtype: the type of an element.
          shape: non-negative sizes.
          strides: bytes from one element to the next, none negative; None for C order.
          offset: bytes in front of the first element.
          device: where the tensor lay when it was saved.
          conj: the stored numbers are yet to be conjugated.
          neg: the stored numbers are yet to be negated.
          swap: the stored numbers are big-endian.
        """
        count = check_shape(shape)
        if strides is None:
            strides = c_strides(shape, dtype.itemsize)
        if len(strides) != len(shape):
            raise PickleError(f"an array with {len(shape)} dimensions and {len(strides)} strides")
        if (
            not all(type(step) is int and 0 <= step <= _LARGEST for step in strides)
            or type(offset) is not int
            or offset < 0
        ):
            raise PickleError(f"an array with strides {strides} at offset {offset}; none may be negative")
        reach = (
            sum((size - 1) * step for size, step in zip(shape, strides, strict=True)) + dtype.itemsize if count else 0
        )
        if count and offset + reach > block.nbytes:
            raise PickleError(
                f"an array of shape {shape} and dtype {dtype} that reaches to byte {offset + reach} "
                f"of a storage of {block.nbytes} bytes"
            )
        self.block = block
        self.dtype = dtype
        self.shape = shape
        self.strides = strides if count else c_strides(shape, dtype.itemsize)
        self.offset = offset if count else 0
        self.device = device
        self.conj = conj
        self.neg = neg
        self.swap = swap

    @property
    def nbytes(self) -> int:
        """Bytes of the array if it were written out."""
        return math.prod(self.shape) * self.dtype.itemsize

    def lies_in(self, order: str) -> bool:
        """Whether the elements lie without gaps in C or Fortran order."""
        itemsize = self.dtype.itemsize
        expected = c_strides(self.shape, itemsize) if order == "C" else c_strides(self.shape[::-1], itemsize)[::-1]
        return all(size == 1 or a == b for size, a, b in zip(self.shape, self.strides, expected, strict=True))

    def raw(self) -> memoryview | None:
        """The bytes of a gapless array where they lie in the file; None where numbers must be changed or gathered."""
        if self.conj or self.neg or self.swap or not (self.lies_in("C") or self.lies_in("F")):
            return None
        if not self.nbytes:
            return memoryview(b"")
        raw = self.block.peek()[self.offset : self.offset + self.nbytes]
        check_values(np.frombuffer(raw, self.dtype))
        return raw

    def array(self) -> "np.ndarray[Any, Any]":
        """The array: a view of the block, unless numbers must still be conjugated, negated or put in native order."""
        if not math.prod(self.shape):
            return np.empty(self.shape, self.dtype)
        found: np.ndarray[Any, Any] = np.ndarray(self.shape, self.dtype, self.block.bytes(), self.offset, self.strides)
        check_values(found)
        if self.swap:
            found = found.copy()
            part = found.dtype.itemsize // (2 if found.dtype.kind == "c" else 1)
            found.reshape(-1).view(f"u{part}").byteswap(inplace=True)
        if self.conj:
            found = np.conj(found)
        if self.neg:
            found = np.negative(found)
        return found


def check_shape(shape: Any) -> int:
    """The number of elements of a shape that came from a file."""
    if type(shape) is not tuple or len(shape) > _MOST_DIMENSIONS:
        raise PickleError(f"a shape that is no tuple of at most {_MOST_DIMENSIONS} sizes")
    for size in shape:
        if type(size) is not int or not 0 <= size <= _LARGEST:
            raise PickleError("a shape with a size that is no whole number from 0 on")
    count = math.prod(shape)
    if math.prod(max(size, 1) for size in shape) > _LARGEST:
        raise PickleError(f"a shape {shape} with more elements than any memory has")
    return count


def c_strides(shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    """Strides in bytes of an array that lies in memory row by row."""
    strides = []
    step = itemsize
    for size in reversed(shape):
        strides.append(step)
        step *= max(size, 1)
    return tuple(reversed(strides))


def check_values(array: "np.ndarray[Any, Any]") -> None:
    """Refuses bytes that NumPy takes on trust: truth values other than 0 and 1, and characters beyond Unicode."""
    if array.dtype.names:
        for name in array.dtype.names:
            check_values(array[name])
    elif array.dtype.kind == "b":
        if array.view(np.uint8).max(initial=0) > 1:
            raise PickleError("truth values stored as bytes other than 0 and 1")
    elif array.dtype.kind == "U" and array.dtype.itemsize:
        points = np.ascontiguousarray(array).view(np.dtype(np.uint32).newbyteorder(array.dtype.byteorder))
        if points.max(initial=0) > 0x10FFFF:
            raise PickleError("text with code points beyond Unicode")

"""Blocks of bytes and strided views of them. All bounds are checked here, before NumPy sees a number from a file."""

from typing import Any

import numpy as np

from signjax.pickles.limits import PickleError

_ALIGNMENT = 16  # bytes; what the widest type, complex128, needs
_SMALL = 4 << 20  # bytes
_MOST_DIMENSIONS = 32
_NUMBERS = "fiuc"  # dtype kinds for which every byte pattern is a valid value
_LARGEST = (1 << 63) - 1


class Block:
    """A run of bytes in a file: one storage, or the data of one NumPy array.

    The bytes are copied once, aligned and writable, when a view first needs them; all views of a block share the copy.
    With `in_place`, bytes that are already aligned and writable (those of a private mapping, for example) are used
    without copying.
    """

    __slots__ = ("_bytes", "_source", "in_place", "nbytes")

    def __init__(self, source: memoryview | bytes | bytearray, in_place: bool = False) -> None:
        self._source = source
        self._bytes: bytearray | memoryview | None = None
        self.in_place = in_place
        self.nbytes = len(source)

    def part(self, start: int, nbytes: int) -> "Block":
        """A run of bytes within this block, sharing its memory."""
        if not 0 <= start <= start + nbytes <= self.nbytes:
            raise PickleError(f"bytes {start} to {start + nbytes} of a storage of {self.nbytes} bytes")
        found = memoryview(self.bytes())[start : start + nbytes]
        part = Block(found)
        part._bytes = found
        return part

    def peek(self) -> memoryview:
        """The original bytes, which may be unaligned."""
        return memoryview(self._source)

    def bytes(self) -> bytearray | memoryview:
        """The bytes, aligned and writable."""
        if self._bytes is None:
            if self.nbytes < _SMALL and not self.in_place:
                # Created in a sixth of the time of an array. Python aligns object memory to 16 bytes.
                self._bytes = bytearray(self._source)
            else:
                found = np.frombuffer(self._source, np.uint8)
                aligned = found.__array_interface__["data"][0] % _ALIGNMENT == 0
                usable = self.in_place and aligned and found.flags.writeable
                self._bytes = found.data if usable else found.copy().data  # NumPy puts large copies on huge pages
        return self._bytes


class View:
    """An array described by a file: which part of a block to read, and how."""

    __slots__ = ("block", "conj", "device", "dtype", "nbytes", "neg", "offset", "shape", "strides", "swap")

    def __init__(
        self,
        block: Block,
        dtype: "np.dtype[Any]",
        shape: tuple[int, ...],
        strides: tuple[int, ...] | None = None,
        offset: int = 0,
        count: int = 0,
        device: str = "cpu",
        *,
        conj: bool = False,
        neg: bool = False,
        swap: bool = False,
    ) -> None:
        """Checks that the view lies within its block.

        Args:
          block: the bytes.
          dtype: the type of an element.
          shape: non-negative sizes.
          strides: non-negative strides in elements; None for C order.
          offset: bytes before the first element.
          count: the number of elements, if the shape has been checked and the array is known to be in C order; else 0.
          device: the device the tensor was on when it was saved.
          conj: whether the stored numbers must still be conjugated.
          neg: whether the stored numbers must still be negated.
          swap: whether the stored numbers are big-endian.

        Raises:
          PickleError: the view reaches beyond its block, or its shape, strides or offset are not valid.
        """
        count = count or plain_count(shape, strides)
        nbytes = count * dtype.itemsize
        if nbytes and type(offset) is int and 0 <= offset <= block.nbytes - nbytes:
            strides = None
        else:
            count, strides = _checked(block, dtype, shape, strides, offset)
            nbytes = count * dtype.itemsize
        self.block = block
        self.dtype = dtype
        self.shape = shape
        self.strides = strides
        self.offset = offset
        self.device = device
        self.conj = conj
        self.neg = neg
        self.swap = swap
        self.nbytes = nbytes  # size of the array in C order

    def is_fortran(self) -> bool:
        """Whether the array is contiguous in Fortran order and not in C order."""
        if self.strides is None:
            return False
        steps = tuple([step // self.dtype.itemsize for step in self.strides[::-1]])
        return _is_c_order(self.shape[::-1], steps)

    def raw(self) -> memoryview | None:
        """The bytes of a contiguous array as they are in the file; None if they must be changed or gathered."""
        if self.conj or self.neg or self.swap or not (self.strides is None or self.is_fortran()):
            return None
        if not self.nbytes:
            return memoryview(b"")
        raw = self.block.peek()[self.offset : self.offset + self.nbytes]
        if self.dtype.kind not in _NUMBERS:
            check_values(np.frombuffer(raw, self.dtype))
        return raw

    def array(self) -> "np.ndarray[Any, Any]":
        """The array: a view of the block, or a copy if the numbers must be conjugated, negated or byte-swapped."""
        if not self.nbytes:
            return np.empty(self.shape, self.dtype)
        found: np.ndarray[Any, Any] = np.ndarray(self.shape, self.dtype, self.block.bytes(), self.offset, self.strides)
        if self.dtype.kind not in _NUMBERS:
            check_values(found)
        return self._changed(found) if self.swap or self.conj or self.neg else found

    def _changed(self, found: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
        """Conjugates, negates and byte-swaps the numbers where that is still to be done."""
        if self.swap:
            found = found.copy()
            part = found.dtype.itemsize // (2 if found.dtype.kind == "c" else 1)
            found.reshape(-1).view(f"u{part}").byteswap(inplace=True)
        if self.conj:
            found = np.conj(found)
        if self.neg:
            found = np.negative(found)
        return found


def plain_count(shape: Any, strides: Any) -> int:
    """The number of elements of an array in plain C order, the usual case; 0 if only `_checked` can tell."""
    if type(shape) is not tuple or len(shape) > _MOST_DIMENSIONS:
        return 0
    count = 1
    if strides is None:
        for size in shape:
            if type(size) is not int or size < 1:
                return 0
            count *= size
        return count
    if type(strides) is not tuple or len(strides) != len(shape):
        return 0
    for size, step in zip(shape[::-1], strides[::-1], strict=True):
        if type(size) is not int or type(step) is not int or step != count or size < 1:
            return 0
        count *= size
    return count


def _checked(
    block: Block, dtype: "np.dtype[Any]", shape: Any, strides: tuple[Any, ...] | None, offset: Any
) -> tuple[int, tuple[int, ...] | None]:
    """Checks a view; returns the number of elements, and the strides in bytes (None for C order)."""
    itemsize = dtype.itemsize
    count = check_shape(shape, itemsize)
    if type(offset) is not int or not 0 <= offset <= _LARGEST:
        raise PickleError("an array whose offset is not a non-negative whole number")
    farthest = count - 1  # elements from the first to the last
    if strides is not None:
        if len(strides) != len(shape):
            raise PickleError(f"an array with {len(shape)} dimensions and {len(strides)} strides")
        reached = 0
        for size, step in zip(shape, strides, strict=True):
            if type(step) is not int or not 0 <= step <= _LARGEST:
                raise PickleError("an array with a stride that is not a non-negative whole number")
            reached += (size - 1) * step
        in_order = not count or not itemsize or (reached == farthest and _is_c_order(shape, strides))
        strides = None if in_order else tuple([step * itemsize for step in strides])
        farthest = reached
    if count and offset + (farthest + 1) * itemsize > block.nbytes:
        raise PickleError(
            f"an array of shape {shape} and dtype {dtype} that reaches to byte {offset + (farthest + 1) * itemsize} "
            f"of a storage of {block.nbytes} bytes"
        )
    return count, strides


def check_shape(shape: Any, itemsize: int = 1) -> int:
    """Checks a shape from a file; returns the number of elements.

    The largest size in bytes is computed as if no size were 0, because NumPy does the same.
    """
    if type(shape) is not tuple or len(shape) > _MOST_DIMENSIONS:
        raise PickleError(f"a shape that is not a tuple of at most {_MOST_DIMENSIONS} sizes")
    count = widest = 1
    for size in shape:
        if type(size) is not int or size < 0:
            raise PickleError("a shape with a size that is not a non-negative whole number")
        count *= size
        widest *= size or 1
    if widest * max(itemsize, 16) > _LARGEST:
        raise PickleError(f"a shape {shape} with more elements than any memory has")
    return count


def c_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Strides, in elements, of an array in C order."""
    strides = []
    step = 1
    for size in shape[::-1]:
        strides.append(step)
        step *= size or 1
    return tuple(strides[::-1])


def _is_c_order(shape: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    expected = c_strides(shape)
    return strides == expected or all(
        size == 1 or step == wanted for size, step, wanted in zip(shape, strides, expected, strict=True)
    )


def check_values(array: "np.ndarray[Any, Any]") -> None:
    """Refuses bytes that NumPy does not check: booleans other than 0 and 1, and characters beyond Unicode."""
    kind = array.dtype.kind
    if kind in _NUMBERS:
        return
    if array.dtype.names:
        for name in array.dtype.names:
            check_values(array[name])
    elif kind == "b":
        if np.maximum.reduce(array.view(np.uint8), axis=None, initial=0) > 1:
            raise PickleError("truth values stored as bytes other than 0 and 1")
    elif kind == "U" and array.dtype.itemsize:
        points = np.ascontiguousarray(array).view(np.dtype(np.uint32).newbyteorder(array.dtype.byteorder))
        if points.max(initial=0) > 0x10FFFF:
            raise PickleError("text with code points beyond Unicode")

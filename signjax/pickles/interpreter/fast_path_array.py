"""A fast path for runs of NumPy arrays, as plain pickles contain them since protocol 4.

Every array uses the same opcodes, just as every tensor does (see `fast_path_tensor`), and the same memo entries are skipped:
those for the values that only the array itself is built from.
"""

import re
import struct
from functools import lru_cache
from typing import Any

from signjax.pickles.interpreter.allowlist import GLOBALS
from signjax.pickles.interpreter.fast_path_tensor import NO_FRAME, behind_data, pushed
from signjax.pickles.limits import PickleError
from signjax.pickles.objects.numpy_dtypes import DtypePlaceholder
from signjax.pickles.objects.numpy_placeholders import ArrayPlaceholder
from signjax.pickles.objects.placeholders import Constructor
from signjax.pickles.strided_view import Block, View, plain_count

_NDARRAY = GLOBALS["numpy", "ndarray"]
_DTYPE = GLOBALS["numpy", "dtype"]
_U32 = struct.Struct("<I").unpack_from
# `_reconstruct(ndarray, (0,), b"b")`, with the names and the letter from the memo, and the array memoized; then MARK, the
# version, the shape, the dtype, NEWFALSE for C order, and the data with SHORT_BINBYTES or BINBYTES. The dtype comes from
# the memo or is built on the spot: `dtype(code, False, True)` and its state.
_ARRAY = re.compile(
    rb"h(.)h(.)K\0\x85\x94h(.)\x87\x94R\x94\(K\x01((?:K.|M..|J....){1,3})([\x85-\x87])\x94"
    rb"h(.)(\x8c.([biufc][0-9]{1,2})\x94\x89\x88\x87\x94R\x94\(K\x03(?:\x8c\x01([<>|])\x94|h(.))NNNJ\xff{4}J\xff{4}K\0t\x94b)?"
    rb"\x89(?:C(.)|B(....))",
    re.DOTALL,
)
_TUPLES = (b"", b"\x85", b"\x86", b"\x87")
# MEMOIZE, TUPLE, MEMOIZE, BUILD.
_END = b"\x94t\x94b"


# One function, because a function call per step would take as long as the step.
def read_run(  # noqa: PLR0912, PLR0915
    buffer: memoryview,
    code: bytes | bytearray,
    pos: int,
    frame_end: int,
    stack: list[Any],
    memo: dict[int, Any],
    skipped: int,
) -> tuple[int, int, int, int]:
    """Reads arrays, and their keys if they have any, as long as they have the common form.

    Args:
      buffer: the pickle, as a view.
      code: the pickle, as bytes.
      pos: the offset of the first array's first opcode, BINGET.
      frame_end: the end of the frame that contains it.
      stack: the stack the arrays are pushed to.
      memo: entries stored in order from 0, except for those that were skipped.
      skipped: the number of skipped entries so far.

    Returns:
      The offset after the last array, the end of its frame, the number of memo entries skipped so far, and the number of
      arrays read. If that is 0, nothing has changed.
    """
    done, done_frame_end, arrays = pos, frame_end, 0
    entry = len(memo) + skipped
    key = None
    try:
        while True:
            match = _ARRAY.match(code, pos)
            if match is None:
                break
            make, kind, letter, sizes, tuple_of, dtype_at, definition, name, order, order_at, short, long = (
                match.groups()
            )
            constructor = memo[make[0]]
            if type(constructor) is not Constructor or constructor.make is not ArrayPlaceholder:
                break
            if memo[kind[0]] is not _NDARRAY or letter[0] not in memo:
                break
            # The data. Large data are outside the frames; a new frame then begins after them.
            start = match.end()
            instruction = start - (5 if short is None else 2)
            if instruction >= frame_end:
                if instruction > frame_end:
                    break
                frame_end = NO_FRAME
            stop = start + (_U32(long)[0] if short is None else short[0])
            pos, frame_end = behind_data(code, stop, frame_end)
            if not code.startswith(_END, pos):
                break
            pos += len(_END)
            shape, count = _shape(sizes, tuple_of)
            if not count or pos > frame_end:
                break
            # The dtype.
            dtype = memo[dtype_at[0]]
            if definition is not None:
                if dtype is not _DTYPE or definition[1] != len(name):
                    break
                dtype = DtypePlaceholder((str(name, "ascii"),))
                by_order = memo[order_at[0]] if order is None else str(order, "ascii")
                dtype.build((3, by_order, None, None, None, -1, -1, 0))
            elif type(dtype) is not DtypePlaceholder or dtype.state is None or dtype.is_object:
                break
            found = dtype.numpy()
            if found.subdtype is not None or stop - start != count * found.itemsize:
                break
            array = ArrayPlaceholder((_NDARRAY,), View(Block(buffer[start:stop]), found, shape, None, 0, count))
            # The whole array has the common form. Its memo entries: (0,), the arguments, the array, the shape.
            if key is not None:
                memo[entry] = key
                entry += 1
                stack.append(key)
            stack.append(array)
            memo[entry + 2] = array
            entry += 4
            skipped += 5
            if definition is not None:  # its entries: code, arguments, the dtype, its byte order, its state
                memo[entry + 2] = dtype
                entry += 4
                skipped += 3
                if order is not None:
                    memo[entry - 1] = by_order
                    entry += 1
            entry += 2  # the data, and the array's state
            arrays += 1
            done, done_frame_end = pos, frame_end
            # The key, if there is one; then its MEMOIZE.
            key = None
            if code[pos] == 0x8C:  # SHORT_BINUNICODE
                pos += 2 + code[pos + 1]
                key = str(buffer[done + 2 : pos], "utf-8", "surrogatepass")
                if code[pos] != 0x94:
                    break
                pos += 1
            if pos >= frame_end:
                if pos > frame_end:
                    break
                frame_end = NO_FRAME
    except (IndexError, KeyError, ValueError, OverflowError, struct.error, PickleError):
        pass  # the pickle ends here or is malformed; the machine will report it
    return done, done_frame_end, skipped, arrays


@lru_cache(maxsize=4096)
def _shape(sizes: bytes, tuple_of: bytes) -> tuple[tuple[int, ...], int]:
    """Returns the shape and its number of elements; 0 elements if the shape does not have the common form.

    Args:
      sizes: the opcodes that push the sizes.
      tuple_of: the opcode that makes a tuple of them.
    """
    shape = pushed(sizes)
    return shape, plain_count(shape, None) if _TUPLES[len(shape)] == tuple_of else 0

"""NumPy arrays one after the other as every plain pickle since protocol 4 has them, read at once.

For each array the pickle has the same instructions, as it has for each tensor (see `usual_tensor`), and the same is left
out: the memo's entries for what only the array itself is made of.
"""

import re
import struct
from functools import lru_cache
from typing import Any

from signjax.pickles.interpreter.allowlist import GLOBALS
from signjax.pickles.interpreter.usual_tensor import NO_FRAME, behind_data, pushed
from signjax.pickles.limits import PickleError
from signjax.pickles.objects.numpy_dtypes import DtypeStandIn
from signjax.pickles.objects.numpy_standins import ArrayStandIn
from signjax.pickles.objects.standins import Constructor
from signjax.pickles.strided_view import Block, View, plain_count

_NDARRAY = GLOBALS["numpy", "ndarray"]
_DTYPE = GLOBALS["numpy", "dtype"]
_U32 = struct.Struct("<I").unpack_from
# `_reconstruct(ndarray, (0,), b"b")`, with the names and the letter from the memo, and the array to the memo; then MARK, the
# version, the shape, the dtype, NEWFALSE for C order, and the data by SHORT_BINBYTES or BINBYTES. A dtype comes from the
# memo, or is made there and then: `dtype(code, False, True)` and its state.
_ARRAY = re.compile(
    rb"h(.)h(.)K\0\x85\x94h(.)\x87\x94R\x94\(K\x01((?:K.|M..|J....){1,3})([\x85-\x87])\x94"
    rb"h(.)(\x8c.([biufc][0-9]{1,2})\x94\x89\x88\x87\x94R\x94\(K\x03(?:\x8c\x01([<>|])\x94|h(.))NNNJ\xff{4}J\xff{4}K\0t\x94b)?"
    rb"\x89(?:C(.)|B(....))",
    re.DOTALL,
)
_TUPLES = (b"", b"\x85", b"\x86", b"\x87")
# MEMOIZE, TUPLE, MEMOIZE, BUILD.
_END = b"\x94t\x94b"


# One function, because a call for each step would take as long as the step.
def read_run(  # noqa: PLR0912, PLR0915
    buffer: memoryview,
    code: bytes | bytearray,
    pos: int,
    frame_end: int,
    stack: list[Any],
    memo: dict[int, Any],
    skipped: int,
) -> tuple[int, int, int, int]:
    """Reads arrays, with their keys if they have any, for as long as they look as usual.

    Args:
      buffer: the pickle, as a view.
      code: the pickle, as bytes.
      pos: the offset of the first array's first instruction, BINGET.
      frame_end: where the frame ends that it lies in.
      stack: the stack that the arrays shall lie on.
      memo: entries stored one after the other from 0 on, but for those that were left out.
      skipped: how many were left out.

    Returns:
      The offset behind the last array, where its frame ends, how many entries of the memo have been left out, and how
      many arrays were read. If there was none, nothing has changed.
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
            if type(constructor) is not Constructor or constructor.make is not ArrayStandIn:
                break
            if memo[kind[0]] is not _NDARRAY or letter[0] not in memo:
                break
            # The data. Large ones lie outside of the frames; then a new one begins behind them.
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
                dtype = DtypeStandIn((str(name, "ascii"),))
                by_order = memo[order_at[0]] if order is None else str(order, "ascii")
                dtype.build((3, by_order, None, None, None, -1, -1, 0))
            elif type(dtype) is not DtypeStandIn or dtype.state is None or dtype.is_object:
                break
            found = dtype.numpy()
            if found.subdtype is not None or stop - start != count * found.itemsize:
                break
            array = ArrayStandIn((_NDARRAY,), View(Block(buffer[start:stop]), found, shape, None, 0, count))
            # All of it is as usual. The memo gets the array after (0,) and the arguments, and then the shape.
            if key is not None:
                memo[entry] = key
                entry += 1
                stack.append(key)
            stack.append(array)
            memo[entry + 2] = array
            entry += 4
            skipped += 5
            if definition is not None:  # its code and arguments, itself, the text of its order, and its state
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
        pass  # the pickle ends here, or has something that cannot be: the machine will say so
    return done, done_frame_end, skipped, arrays


@lru_cache(maxsize=4096)
def _shape(sizes: bytes, tuple_of: bytes) -> tuple[tuple[int, ...], int]:
    """The shape and the number of its elements; 0 where it is no usual one.

    Args:
      sizes: the instructions that push the sizes.
      tuple_of: the instruction that makes one tuple of them.
    """
    shape = pushed(sizes)
    return shape, plain_count(shape, None) if _TUPLES[len(shape)] == tuple_of else 0

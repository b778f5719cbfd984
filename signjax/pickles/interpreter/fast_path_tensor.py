"""A fast path for runs of tensors, as plain pickles contain them since protocol 4.

Every tensor uses the same thirty opcodes and a nested stream that differs only in its data. Comparing and counting them
takes a quarter of the time the machine takes to execute them. Skipped are the memo entries for everything between a
tensor's name and the tensor itself, which no pickler refers to again. A pickle that does refer to one is read a second
time, by the machine alone (see `machine.run`).
"""

import re
import struct
from functools import lru_cache
from typing import Any

from signjax.pickles.interpreter.allowlist import GLOBALS
from signjax.pickles.interpreter.nested_stream import match_common_stream
from signjax.pickles.objects.torch_placeholders import Tensor
from signjax.pickles.strided_view import Block, View, plain_count

LOAD_FROM_BYTES = GLOBALS["torch.storage", "_load_from_bytes"]
REBUILD_TENSOR = GLOBALS["torch._utils", "_rebuild_tensor_v2"]
NAME_SIZE = len("torch._utils")
INSTRUCTIONS = 50  # upper bound per tensor or array: with all names, its key, a frame and 3 dimensions, a tensor has 48

_ORDERED_DICT = GLOBALS["collections", "OrderedDict"]
NO_FRAME = 1 << 63
_LONGEST = 128  # bytes from the end of the data to the end of a tensor
_U32 = struct.Struct("<I").unpack_from
_U64 = struct.Struct("<Q").unpack_from
# The names before a pickle's first tensor, and BINBYTES. Every string and every named object is memoized.
_NAMES = (
    b"\x8c\x0ctorch._utils\x94\x8c\x12_rebuild_tensor_v2\x94\x93\x94("
    b"\x8c\x0dtorch.storage\x94\x8c\x10_load_from_bytes\x94\x93\x94B"
)
# NEWFALSE and the OrderedDict of hooks, by name or from the memo; EMPTY_TUPLE, REDUCE, MEMOIZE; TUPLE, MEMOIZE, REDUCE,
# MEMOIZE make the tensor.
_END = b")R\x94t\x94R\x94"
_NAMED = b"\x89\x8c\x0bcollections\x94\x8c\x0bOrderedDict\x94\x93\x94" + _END
# MEMOIZE, TUPLE1, MEMOIZE, REDUCE, MEMOIZE make the storage. Numbers are pushed by BININT1, BININT2 or BININT; tuples made
# by EMPTY_TUPLE or TUPLE1 to TUPLE3 and MEMOIZE.
_SIZES = rb"((?:K.|M..|J....){0,3})(\)|[\x85-\x87]\x94)"
_LAYOUT = re.compile(rb"\x94\x85\x94R\x94(K.|M..|J....)" + _SIZES + _SIZES, re.DOTALL)
_SIZE = re.compile(rb"K(.)|M(..)|J(....)", re.DOTALL)
_TUPLES = (b")", b"\x85\x94", b"\x86\x94", b"\x87\x94")


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
    """Reads tensors, and their keys if they have any, as long as they have the common form.

    Args:
      buffer: the pickle, as a view.
      code: the pickle, as bytes.
      pos: the offset after the first tensor's opcode BINBYTES.
      frame_end: the end of the frame that contains this opcode.
      stack: the stack the tensors are pushed to; the first one replaces its constructor on top.
      memo: entries stored in order from 0, except for those that were skipped.
      skipped: the number of skipped entries so far.

    Returns:
      The offset after the last tensor, the end of its frame, the number of memo entries skipped so far, and the number
      of tensors read. If that is 0, nothing has changed.
    """
    done, done_frame_end, tensors = pos, frame_end, 0
    entry = len(memo) + skipped
    prefix = _prefix(bytes(code[pos - 7 : pos]), memo, entry)
    suffix = b""
    key = None
    try:
        if stack[-1] is not REBUILD_TENSOR:
            return done, done_frame_end, skipped, tensors
        while True:
            # The data. Large data are outside the frames; a new frame then begins after them.
            start = pos + 4
            stop = start + _U32(code, pos)[0]
            pos, frame_end = behind_data(code, stop, frame_end)
            # The call that builds a tensor from the data.
            if not tensors:
                suffix = _suffix(code, pos, memo)
            at = code.find(suffix, pos, pos + _LONGEST)
            if at < 0:
                break
            layout = _layout(bytes(code[pos:at]))
            stream = match_common_stream(buffer[start:stop])
            pos = at + len(suffix)
            if layout is None or stream is None or pos > frame_end:
                break
            offset, shape, count, left_out = layout
            (_, dtype, device, _), _, data = stream
            if dtype is None:
                break
            tensor = Tensor((), ready=View(Block(data), dtype, shape, None, offset * dtype.itemsize, count, device))
            # The whole tensor has the common form.
            if key is not None:
                memo[entry] = key
                entry += 1
                stack.append(key)
            if tensors:
                stack.append(tensor)
            else:
                if suffix is _NAMED:  # the memo entries of the OrderedDict's names, and of the class itself
                    named = entry + left_out - 2
                    suffix = b"\x89h%c" % (named + 2) + _END
                    memo[named] = "collections"
                    memo[named + 1] = "OrderedDict"
                    memo[named + 2] = _ORDERED_DICT
                    entry += 3
                stack[-1] = tensor
            entry += left_out
            skipped += left_out
            memo[entry] = tensor
            entry += 1
            tensors += 1
            done, done_frame_end = pos, frame_end
            # The key, if there is one, and the call for the next tensor.
            if code[pos] == 0x8C:  # SHORT_BINUNICODE
                pos += 2 + code[pos + 1]
                key = str(buffer[done + 2 : pos], "utf-8", "surrogatepass")
                pos += 7
            else:
                key = None
                pos += 6  # the MEMOIZE belongs to the previous tensor
            if code[pos - 7 : pos] != prefix:
                break
            if pos > frame_end:
                if pos - 1 > frame_end:
                    break
                frame_end = NO_FRAME
    except (IndexError, ValueError, OverflowError, struct.error):
        pass  # the pickle ends here, or has an invalid key, or a tensor outside its data; the machine will report it
    return done, done_frame_end, skipped, tensors


def behind_data(code: bytes | bytearray, stop: int, frame_end: int) -> tuple[int, int]:
    """Returns the offset of the opcode after data that end at `stop`, and the end of its frame.

    Raises:
      ValueError: the data reach beyond their frame, or the next frame beyond the pickle.
    """
    if stop >= frame_end:
        if stop > frame_end:
            raise ValueError
        frame_end = NO_FRAME
    if code[stop] != 0x95:  # FRAME
        return stop, frame_end
    pos = stop + 9
    new_end = pos + _U64(code, pos - 8)[0]
    if frame_end != NO_FRAME or new_end > len(code):
        raise ValueError
    return pos, new_end


def read_first(
    buffer: memoryview,
    code: bytes | bytearray,
    pos: int,
    frame_end: int,
    stack: list[Any],
    memo: dict[int, Any],
    skipped: int,
) -> tuple[int, int, int, int]:
    """Does the same as `read_run` from the offset of the first name of a pickle's first tensor."""
    start = pos + len(_NAMES)
    if not code.startswith(_NAMES, pos) or start - 1 > frame_end:
        return pos, frame_end, skipped, 0
    entry = len(memo) + skipped
    names = ("torch._utils", "_rebuild_tensor_v2", REBUILD_TENSOR, "torch.storage", "_load_from_bytes", LOAD_FROM_BYTES)
    memo.update(zip(range(entry, entry + 6), names, strict=True))
    stack.append(REBUILD_TENSOR)
    found = read_run(buffer, code, start, NO_FRAME if start - 1 == frame_end else frame_end, stack, memo, skipped)
    if found[3]:
        return found
    stack.pop()
    for i in range(entry, entry + 6):
        del memo[i]
    return pos, frame_end, skipped, 0


def _prefix(found: bytes, memo: dict[int, Any], entry: int) -> bytes | None:
    """The opcodes before the data of each further tensor: MEMOIZE, BINGET, MARK, BINGET, BINBYTES.

    Args:
      found: the opcodes before the first tensor's data.
      memo: the memo that holds the names.
      entry: the next memo index. If `found` spells the names out, they are at `entry - 1` and `entry - 4`.

    Returns:
      The opcodes; None if they do not have the common form.
    """
    if found[:2] != b"\x94h":
        found = b"\x94h%c(h%cB" % (entry - 4, entry - 1) if 4 <= entry <= 256 else b""
    usual = found[:2] + found[3:5] + found[6:] == b"\x94h(hB"
    return found if usual and memo.get(found[2]) is REBUILD_TENSOR and memo.get(found[5]) is LOAD_FROM_BYTES else None


def _suffix(code: bytes | bytearray, pos: int, memo: dict[int, Any]) -> bytes:
    """The opcodes after a tensor's strides, in one of the two common forms."""
    if code.find(_NAMED, pos, pos + _LONGEST) >= 0:
        return _NAMED
    at = code.find(b"\x89h", pos, pos + _LONGEST)
    suffix = bytes(code[at : at + 10])
    return suffix if at >= 0 and suffix[3:] == _END and memo.get(suffix[2]) is _ORDERED_DICT else _NAMED


@lru_cache(maxsize=4096)
def _layout(code: bytes) -> tuple[int, tuple[int, ...], int, int] | None:
    """Parses the layout of a tensor in C order.

    Args:
      code: the opcodes after the data, from MEMOIZE to the tuple of strides.

    Returns:
      Offset, shape, number of elements, and number of memo entries before the tensor itself. None if the opcodes do not
      have the common form or the tensor is not in C order.
    """
    match = _LAYOUT.fullmatch(code)
    if match is None:
        return None
    (offset,), shape, strides = (pushed(match[group]) for group in (1, 2, 4))
    count = plain_count(shape, strides)
    if match[3] != _TUPLES[len(shape)] or match[5] != match[3] or offset < 0 or not count:
        return None
    return offset, shape, count, 7 if shape else 5


def pushed(code: bytes) -> tuple[int, ...]:
    """The integers pushed by BININT1, BININT2 and BININT opcodes."""
    return tuple([int.from_bytes(b"".join(n), "little", signed=bool(n[2])) for n in _SIZE.findall(code)])

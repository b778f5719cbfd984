"""A pickle machine that can build, but not call.

Like Python's own, it executes the opcodes of a pickle with a stack and a memo. It lacks everything that makes a pickle
dangerous: a name is looked up in a closed table and never imported, a call creates a placeholder or is refused, and
state can only be set on placeholders. Whether the placeholders make sense is decided later, by `resolve`.
"""

import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from signjax.pickles.interpreter import calls, fast_path_array, fast_path_tensor, rare_opcodes, text_opcodes
from signjax.pickles.interpreter.allowlist import lookup
from signjax.pickles.interpreter.keys import Keys
from signjax.pickles.interpreter.stops import StoppedAtError, UnusualError, reason
from signjax.pickles.limits import AGAIN, Limits, PickleError, raised_by
from signjax.pickles.objects.joblib_placeholder import JoblibArray
from signjax.pickles.objects.numpy_placeholders import ArrayPlaceholder
from signjax.pickles.objects.placeholders import Constructor, DictPlaceholder, Placeholder, kind

PersistentLoad = Callable[[object], object]

_U16 = struct.Struct("<H").unpack_from
_U32 = struct.Struct("<I").unpack_from
_I32 = struct.Struct("<i").unpack_from
_U64 = struct.Struct("<Q").unpack_from
_F64 = struct.Struct(">d").unpack_from

_NO_FRAME = 1 << 63


def run(buffer: memoryview, start: int, limits: Limits, persistent: PersistentLoad | None = None) -> tuple[Any, int]:
    """The first two values of `run_counted`."""
    return run_counted(buffer, start, limits, persistent)[:2]


def run_counted(
    buffer: memoryview, start: int, limits: Limits, persistent: PersistentLoad | None = None, quick: bool = True
) -> tuple[Any, int, int, int]:
    """Runs one pickle.

    Args:
      buffer: the bytes that contain the pickle.
      start: offset of the pickle in the buffer.
      limits: bounds for this stream.
      persistent: creates the placeholder for a persistent id; without it, persistent ids are refused.
      quick: use the fast path for runs of ordinary tensors and arrays where possible.

    Returns:
      The value (with placeholders), the offset after the pickle, its instructions or more, and the bytes left for copies.

    Raises:
      PickleError: the pickle is malformed, exceeds a limit, or uses something that is not allowed.
    """
    try:
        try:
            return _interpret(buffer, start, limits, persistent, quick and persistent is None)
        except UnusualError:
            return _interpret(buffer, start, limits, persistent, False)
    except StoppedAtError as stop:
        position, error = stop.args
        raise PickleError(f"at byte {position}: {reason(error)}") from None


def _inline(array: JoblibArray, buffer: memoryview, pos: int, frame_end: int, limits: Limits, keys: Keys) -> int:
    """Reads what joblib writes after the state of an array (numbers, or a pickle of objects); returns the end offset."""
    if frame_end not in (_NO_FRAME, pos):
        raise PickleError("a joblib array inside a pickle frame")
    if array.dtype is None or not array.dtype.is_object:
        return array.take(buffer, pos)
    limits = replace(limits, ratio=0, allowance=keys.bytes_left)
    array.data, pos, _, keys.bytes_left = run_counted(buffer, pos, limits, quick=False)  # else read twice per level
    return pos


def _put(skipped: int) -> bool:
    """The value of `quick` after an opcode that stores to an arbitrary memo index."""
    if skipped:
        raise UnusualError
    return False


# One function with many branches, the frequent ones first: a function call per opcode would double the time of most files.
def _interpret(  # noqa: PLR0912, PLR0915
    buffer: memoryview, pos: int, limits: Limits, persistent: PersistentLoad | None, quick: bool
) -> tuple[Any, int, int, int]:
    end = len(buffer)
    # Indexing a bytes object is faster than indexing a memoryview of it.
    owner: Any = buffer.obj
    whole = type(owner) in (bytes, bytearray) and len(owner) == end
    code: Any = owner if whole else buffer
    quick = quick and whole  # stays true only while memo entries are stored in order
    skipped = 0  # memo entries left out by the fast path
    instructions = 0  # upper bound on the opcodes consumed by the fast path
    at = pos
    frame_end = _NO_FRAME
    stack: list[Any] = []
    marks: list[list[Any]] = []
    memo: dict[int, Any] = {}
    keys, skip = Keys(limits.tuple_keys, limits.unfolded(end)), limits.skip_unknown

    try:
        for count in range(limits.opcodes):
            at = pos
            if pos >= frame_end:
                if pos > frame_end:
                    raise PickleError("an instruction lies across the end of a pickle frame")
                frame_end = _NO_FRAME
            op = code[pos]
            pos += 1
            if op >= 0x80:  # two short chains of branches are faster than a long one
                if op == 0x94:  # MEMOIZE
                    memo[len(memo) + skipped] = stack[-1]
                elif op == 0x8C:  # SHORT_BINUNICODE
                    size = code[pos]
                    if size == fast_path_tensor.NAME_SIZE and quick:
                        pos, frame_end, skipped, tensors = fast_path_tensor.read_first(
                            buffer, code, at, frame_end, stack, memo, skipped
                        )
                        if tensors:
                            instructions += tensors * fast_path_tensor.INSTRUCTIONS
                            continue
                        pos += 1
                    stop = pos + 1 + size
                    if stop > end:
                        raise IndexError
                    stack.append(str(buffer[pos + 1 : stop], "utf-8", "surrogatepass"))
                    pos = stop
                elif op == 0x85:  # TUPLE1
                    stack[-1] = (stack[-1],)
                elif op == 0x87:  # TUPLE3
                    last = stack.pop()
                    middle = stack.pop()
                    stack[-1] = (stack[-1], middle, last)
                elif op == 0x86:  # TUPLE2
                    last = stack.pop()
                    stack[-1] = (stack[-1], last)
                elif op == 0x89:  # NEWFALSE
                    stack.append(False)
                elif op == 0x93:  # STACK_GLOBAL
                    name = stack.pop()
                    stack[-1] = lookup(stack[-1], name, skip)
                elif op == 0x95:  # FRAME
                    size = _U64(buffer, pos)[0]
                    pos += 8
                    if frame_end != _NO_FRAME:
                        raise PickleError("a pickle frame that overlaps another")
                    if size > end - pos:
                        raise PickleError(f"the pickle is cut short ({end} of at least {pos + size} bytes){AGAIN}")
                    frame_end = pos + size
                elif op == 0x88:  # NEWTRUE
                    stack.append(True)
                elif op == 0x80:  # PROTO
                    if buffer[pos] > 5:
                        raise PickleError(f"pickle protocol {buffer[pos]}; only 0 to 5 are supported")
                    pos += 1
                else:
                    stack, pos = rare_opcodes.carry_out(op, buffer, pos, stack, marks, keys, skip)
            else:  # noqa: PLR5501 -- as above
                if op == 0x4B:  # BININT1
                    stack.append(code[pos])
                    pos += 1
                elif op == 0x71:  # BINPUT
                    memo[code[pos]] = stack[-1]
                    pos += 1
                    if quick:
                        quick = _put(skipped)
                elif op == 0x68:  # BINGET
                    value = memo[code[pos]]
                    if quick and type(value) is Constructor and value.make is ArrayPlaceholder:
                        pos, frame_end, skipped, arrays = fast_path_array.read_run(
                            buffer, code, at, frame_end, stack, memo, skipped
                        )
                        if arrays:
                            instructions += arrays * fast_path_tensor.INSTRUCTIONS
                            continue
                        pos = at + 1
                    stack.append(value)
                    pos += 1
                elif op == 0x52:  # REDUCE
                    arguments = stack.pop()
                    function = stack[-1]
                    if type(function) is Constructor and type(arguments) is tuple and not skip:
                        stack[-1] = function.make(arguments)
                    else:
                        stack[-1] = calls.call(function, arguments, keys, skip)
                elif op == 0x28:  # MARK
                    marks.append(stack)
                    stack = []
                elif op == 0x74:  # TUPLE
                    items, stack = stack, marks.pop()
                    stack.append(tuple(items))
                elif op == 0x58:  # BINUNICODE
                    stop = pos + 4 + _U32(buffer, pos)[0]
                    if stop > end:
                        raise IndexError
                    stack.append(str(buffer[pos + 4 : stop], "utf-8", "surrogatepass"))
                    pos = stop
                elif op == 0x29:  # EMPTY_TUPLE
                    stack.append(())
                elif op == 0x4D:  # BININT2
                    stack.append(_U16(buffer, pos)[0])
                    pos += 2
                elif op == 0x42:  # BINBYTES: not copied here, but once where the bytes are needed
                    if quick and marks and len(stack) == 1 and stack[0] is fast_path_tensor.LOAD_FROM_BYTES:
                        pos, frame_end, skipped, tensors = fast_path_tensor.read_run(
                            buffer, code, pos, frame_end, marks[-1], memo, skipped
                        )
                        if tensors:
                            stack = marks.pop()
                            instructions += tensors * fast_path_tensor.INSTRUCTIONS
                            continue
                    stop = pos + 4 + _U32(buffer, pos)[0]
                    if stop > end:
                        raise IndexError
                    stack.append(buffer[pos + 4 : stop])
                    pos = stop
                elif op == 0x62:  # BUILD
                    state = stack.pop()
                    target = stack[-1]
                    if not isinstance(target, Placeholder):
                        raise PickleError(f"state for a {kind(target)}, which has none")
                    target.build(state)
                    if type(target) is JoblibArray:
                        pos = _inline(target, buffer, pos, frame_end, limits, keys)
                        frame_end = _NO_FRAME
                elif op in (0x51, 0x50):  # BINPERSID, PERSID
                    if persistent is None:
                        raise PickleError("a persistent id, which only torch.save's own formats have")
                    if op == 0x51:
                        saved = stack.pop()
                    else:
                        text, pos = text_opcodes.line(buffer, pos)
                        saved = str(text, "ascii")
                    stack.append(persistent(saved))
                elif op == 0x4A:  # BININT
                    stack.append(_I32(buffer, pos)[0])
                    pos += 4
                elif op == 0x4E:  # NONE
                    stack.append(None)
                elif op == 0x63:  # GLOBAL
                    module, pos = text_opcodes.line(buffer, pos)
                    name, pos = text_opcodes.line(buffer, pos)
                    stack.append(lookup(str(module, "utf-8"), str(name, "utf-8"), skip))
                elif op == 0x43:  # SHORT_BINBYTES
                    stop = pos + 1 + code[pos]
                    if stop > end:
                        raise IndexError
                    stack.append(bytes(buffer[pos + 1 : stop]))
                    pos = stop
                elif op == 0x7D:  # EMPTY_DICT
                    stack.append({})
                elif op == 0x5D:  # EMPTY_LIST
                    stack.append([])
                elif op in (0x75, 0x73):  # SETITEMS, SETITEM
                    if op == 0x75:
                        items, stack = stack, marks.pop()
                    else:
                        items, stack[-2:] = stack[-2:], []
                    target = stack[-1]
                    if type(target) is not dict and type(target) is not DictPlaceholder:
                        target = calls.items_of(target)
                    rare_opcodes.set_items(target, items, keys)
                elif op in (0x65, 0x61):  # APPENDS, APPEND
                    if op == 0x65:
                        items, stack = stack, marks.pop()
                    else:
                        items = [stack.pop()]
                    target = stack[-1]
                    (target if type(target) is list else calls.members_of(target)).extend(items)
                elif op == 0x2E:  # STOP
                    if frame_end not in (_NO_FRAME, pos):
                        raise PickleError("the pickle stops inside a pickle frame")
                    if count + instructions >= limits.opcodes and skipped:
                        raise UnusualError
                    value = stack.pop()
                    if stack or marks:
                        raise PickleError("values left on the stack when the pickle stops")
                    return value, pos, count + instructions, keys.bytes_left
                elif op == 0x47:  # BINFLOAT
                    stack.append(_F64(buffer, pos)[0])
                    pos += 8
                elif op in (0x6A, 0x67):  # LONG_BINGET, GET
                    index, pos = (_U32(buffer, pos)[0], pos + 4) if op == 0x6A else text_opcodes.number(buffer, pos)
                    stack.append(memo[index])
                elif op in (0x72, 0x70):  # LONG_BINPUT, PUT
                    index, pos = (_U32(buffer, pos)[0], pos + 4) if op == 0x72 else text_opcodes.number(buffer, pos)
                    memo[index] = stack[-1]
                    if quick:
                        quick = _put(skipped)
                else:
                    stack, pos = rare_opcodes.carry_out(op, buffer, pos, stack, marks, keys, skip)
    except (PickleError, IndexError, KeyError, ValueError, OverflowError, struct.error) as error:
        if skipped:
            raise UnusualError from None
        raise StoppedAtError(at, error) from None
    if skipped:
        raise UnusualError
    raise PickleError(f"more than {limits.opcodes} instructions; {raised_by('opcodes')}")

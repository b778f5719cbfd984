"""The opcodes that few pickles use."""

import struct
from typing import Any

from signjax.pickles.interpreter import calls, text_opcodes
from signjax.pickles.interpreter.allowlist import lookup
from signjax.pickles.interpreter.keys import Keys
from signjax.pickles.limits import PickleError
from signjax.pickles.objects.placeholders import kind

_LONGEST_INT = 1024  # bytes; longer ones only serve to waste time in conversions


def carry_out(  # noqa: PLR0912
    op: int, buffer: memoryview, pos: int, stack: list[Any], marks: list[list[Any]], keys: Keys, skip_unknown: bool
) -> tuple[list[Any], int]:
    """Executes an opcode that the machine does not handle itself.

    Args:
      op: the opcode.
      buffer: the pickle.
      pos: the offset after the opcode.
      stack: the values above the last mark.
      marks: the values below each mark.
      keys: makes dictionary keys and set members.
      skip_unknown: whether objects of unknown classes become placeholders.

    Returns:
      The values now above the last mark, and the offset after the opcode's argument.
    """
    if op == 0x30:  # POP
        if not stack:
            return marks.pop(), pos
        stack.pop()
    elif op == 0x32:  # DUP
        stack.append(stack[-1])
    elif op == 0x81:  # NEWOBJ
        arguments = stack.pop()
        stack[-1] = calls.new(stack[-1], arguments, None, skip_unknown)
    elif op == 0x92 and skip_unknown:  # NEWOBJ_EX
        keywords = stack.pop()
        arguments = stack.pop()
        stack[-1] = calls.new(stack[-1], arguments, keywords, skip_unknown)
    elif op in (0x69, 0x6F) and skip_unknown:  # INST, OBJ
        items = stack
        stack = marks.pop()
        if op == 0x69:
            module, pos = text_opcodes.line(buffer, pos)
            name, pos = text_opcodes.line(buffer, pos)
            items.insert(0, lookup(str(module, "utf-8"), str(name, "utf-8"), skip_unknown))
        stack.append(calls.new(items[0], tuple(items[1:]), None, skip_unknown))
    elif op == 0x8F:  # EMPTY_SET
        stack.append(set())
    elif op in (0x31, 0x64, 0x6C, 0x90, 0x91):
        items = stack
        stack = marks.pop()
        if op == 0x6C:  # LIST
            stack.append(items)
        elif op == 0x64:  # DICT
            stack.append({})
            set_items(stack[-1], items, keys)
        elif op == 0x90:  # ADDITEMS
            if type(stack[-1]) is not set:
                raise PickleError(f"members for a {kind(stack[-1])}, which is not a set")
            stack[-1].update(_members(items, keys))
        elif op == 0x91:  # FROZENSET
            stack.append(frozenset(_members(items, keys)))
        # else POP_MARK, which drops the items
    elif op in (0x8A, 0x8B, 0x8D, 0x8E, 0x96):
        value, pos = _sized(op, buffer, pos)
        stack.append(value)
    else:
        value, pos = text_opcodes.value(op, buffer, pos)
        stack.append(value)
    return stack, pos


def _sized(op: int, buffer: memoryview, pos: int) -> tuple[Any, int]:
    """Reads the argument of LONG1, LONG4, BINUNICODE8, BINBYTES8 or BYTEARRAY8; returns it and the offset after it."""
    layout = {0x8A: "<B", 0x8B: "<i"}.get(op, "<Q")
    size = struct.unpack_from(layout, buffer, pos)[0]
    pos += struct.calcsize(layout)
    if layout != "<Q" and not 0 <= size <= _LONGEST_INT:
        raise PickleError(f"an integer of {size} bytes")
    if size > len(buffer) - pos:
        raise IndexError
    payload = buffer[pos : pos + size]
    pos += size
    if op == 0x8D:
        return str(payload, "utf-8", "surrogatepass"), pos
    if op == 0x96:
        return bytearray(payload), pos
    return payload if op == 0x8E else int.from_bytes(payload, "little", signed=True), pos


def set_items(target: dict[Any, Any], items: list[Any], keys: Keys) -> None:
    """Adds alternating keys and values to a dictionary."""
    if len(items) % 2:
        raise PickleError("a dictionary key without its value")
    for i in range(0, len(items), 2):
        if type(items[i]) is not str:
            items[i] = keys.key(items[i])
    target.update(zip(items[::2], items[1::2], strict=True))


def _members(items: list[Any], keys: Keys) -> list[Any]:
    return [keys.key(item) for item in items]

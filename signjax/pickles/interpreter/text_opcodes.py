"""The opcodes with a text argument: those of protocol 0, and the byte strings of Python 2."""

import re
import struct

from signjax.pickles.limits import NOT_RUN, SKIP_UNKNOWN, PickleError

_LONGEST_DIGITS = 2500  # decimal digits of an integer, because conversion takes quadratic time
_REFUSED = {
    0x69: "INST (makes an object of a class)",
    0x6F: "OBJ (makes an object of a class)",
    0x92: "NEWOBJ_EX (makes an object of a class)",
    0x82: "EXT1 (a name from copyreg's extension registry)",
    0x83: "EXT2 (a name from copyreg's extension registry)",
    0x84: "EXT4 (a name from copyreg's extension registry)",
    0x97: "NEXT_BUFFER (the data lie outside of the file)",
    0x98: "READONLY_BUFFER (the data lie outside of the file)",
}
_OBJECTS = (0x69, 0x6F, 0x92)

_ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|.|$)", re.DOTALL)
_PLAIN_ESCAPES = dict(zip(b"\\'\"nrtabfv", b"\\'\"\n\r\t\a\b\f\v", strict=True))


def _unescape(match: re.Match[bytes]) -> bytes:
    body = match[1]
    if body[:1] == b"x" and len(body) == 3:
        return bytes([int(body[1:], 16)])
    if body.isdigit() and int(body, 8) < 256:
        return bytes([int(body, 8)])
    if len(body) == 1 and body[0] in _PLAIN_ESCAPES:
        return bytes([_PLAIN_ESCAPES[body[0]]])
    raise PickleError(f"the escape \\{body!r} in a Python 2 string")


def line(buffer: memoryview, start: int) -> tuple[bytes, int]:
    """Reads up to the next newline; returns the bytes before it and the offset after it."""
    width = 64
    while True:
        piece = bytes(buffer[start : start + width])
        at = piece.find(b"\n")
        if at >= 0:
            return piece[:at], start + at + 1
        if start + width >= len(buffer):
            raise IndexError
        width *= 8


def number(buffer: memoryview, start: int) -> tuple[int, int]:
    """Reads a memo index, which is a line of digits."""
    text, pos = line(buffer, start)
    if not text.isdigit() or len(text) > 10:
        raise PickleError("a memo index that is not a number")
    return int(text), pos


def _whole(text: bytes) -> int:
    if len(text) > _LONGEST_DIGITS:
        raise PickleError(f"an integer of {len(text)} digits")
    return int(text)


def _python2(raw: bytes) -> str | bytes:
    """A Python 2 string: text if it is ASCII (keys, names), else bytes (data)."""
    return raw.decode("ascii") if raw.isascii() else raw


def value(op: int, buffer: memoryview, pos: int) -> tuple[object, int]:
    """Reads the argument of a text opcode; returns its value and the offset after it.

    Raises:
      PickleError: the opcode is not one of these; the message names it.
    """
    if op in (0x54, 0x55):  # BINSTRING, SHORT_BINSTRING
        size, width = (struct.unpack_from("<i", buffer, pos)[0], 4) if op == 0x54 else (buffer[pos], 1)
        stop = pos + width + size
        if size < 0:
            raise PickleError("a string of negative length")
        if stop > len(buffer):
            raise IndexError
        return _python2(bytes(buffer[pos + width : stop])), stop
    if op not in b"IFLSV":
        if op in _REFUSED:
            way_out = SKIP_UNKNOWN if op in _OBJECTS else ""
            raise PickleError(f"{_REFUSED[op]}{way_out}{NOT_RUN}")
        raise PickleError(f"the byte 0x{op:02x}, which is not a pickle instruction")
    text, pos = line(buffer, pos)
    if op == 0x49:  # INT: protocol 0 writes booleans as 00 and 01
        return {b"00": False, b"01": True}[text] if text in (b"00", b"01") else _whole(text), pos
    if op == 0x4C:  # LONG
        return _whole(text.removesuffix(b"L")), pos
    if op == 0x46:  # FLOAT
        return float(text), pos
    if op == 0x56:  # UNICODE
        return str(text, "raw-unicode-escape"), pos
    if len(text) < 2 or text[0] != text[-1] or text[0] not in b"'\"":
        raise PickleError("a Python 2 string without its quotes")
    return _python2(_ESCAPE.sub(_unescape, text[1:-1])), pos

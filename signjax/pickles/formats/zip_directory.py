"""The directory of a zip archive, read strictly: a file that two readers could read differently is refused.

Names, sizes and offsets come from the central directory. The local header of each member must agree with it, members
must not overlap, and there must be no bytes before the first member or after the end record.
"""

import struct
from typing import NamedTuple

from signjax.pickles.formats.compressed import inflate
from signjax.pickles.limits import AGAIN, PickleError

_END = struct.Struct("<4s4H2IH")
_END64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR64 = struct.Struct("<4sIQI")
_ENTRY = struct.Struct("<4s6H3I5H2I")
_LOCAL = struct.Struct("<4s5H3I2H")
_STORED, _DEFLATED = 0, 8
_MOST_MEMBERS = 1_000_000
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
_ENCRYPTED, _SIZES_BEHIND, _PATCHED = 0x1 | 0x40 | 0x2000, 0x8, 0x20
# The comment of the archives that `convert` writes ends with the digest of their source.
COMMENT = b"signjax.pickles, source sha256 "
_COMMENT_SIZE = len(COMMENT) + 64


_TOLD = _ENCRYPTED | _SIZES_BEHIND | _PATCHED  # what the local header must say as the directory does


class Member(NamedTuple):
    """A file in the archive, as the central directory describes it, and the offset of its local header."""

    name: str
    method: int
    crc: int
    packed: int
    size: int
    header: int
    flags: int


class ZipDirectory:
    """The members of an archive, by name."""

    def __init__(self, buffer: memoryview) -> None:
        self._buffer = buffer
        self.members: dict[str, Member] = {}
        count, size, start = self._end_record()
        if count > _MOST_MEMBERS or size > len(buffer) - start or count * _ENTRY.size > size:
            raise PickleError("a zip directory that is outside the file")
        pos = start
        for _ in range(count):
            pos = self._entry(pos, start + size)
        if pos != start + size:
            raise PickleError("a zip archive with bytes that do not belong to any member")
        self._starts: dict[str, int] = {}
        self._check_places(start)

    def _end_record(self) -> tuple[int, int, int]:
        """Reads the end record: number of members, size and offset of the central directory."""
        buffer = self._buffer
        at = len(buffer) - _END.size
        ours = len(buffer) - _COMMENT_SIZE
        if ours >= _END.size and buffer[ours : ours + len(COMMENT)] == COMMENT:
            at -= _COMMENT_SIZE
        if at < 0 or buffer[at : at + 4] != b"PK\x05\x06":
            raise PickleError(f"a zip archive that does not end with its end record: it is cut short or damaged{AGAIN}")
        _, disk, directory_disk, here, count, size, start, comment = _END.unpack_from(buffer, at)
        if comment != len(buffer) - at - _END.size:
            raise PickleError("a zip archive whose comment is missing")
        if count == _FULL16 or _FULL32 in (size, start) or buffer[max(at - 20, 0) : at][:4] == b"PK\x06\x07":
            locator = at - _LOCATOR64.size
            mark, _, at64, _ = _LOCATOR64.unpack_from(buffer, locator) if locator >= 0 else (b"", 0, 0, 0)
            if mark != b"PK\x06\x07" or at64 + _END64.size > locator:
                raise PickleError("a zip64 archive without its end record")
            mark, _, _, _, disk, directory_disk, here, count, size, start = _END64.unpack_from(buffer, at64)
            if mark != b"PK\x06\x06":
                raise PickleError("a zip64 archive without its end record")
            at = at64
        if disk or directory_disk or here != count:
            raise PickleError("a zip archive in several volumes")
        if start + size != at:
            raise PickleError("a zip directory that does not end where the end record begins")
        return count, size, start

    def _entry(self, pos: int, end: int) -> int:
        """Reads the directory entry at `pos`; returns the offset after it."""
        buffer = self._buffer
        if pos + _ENTRY.size > end:
            raise PickleError("a zip directory that ends early")
        fields = _ENTRY.unpack_from(buffer, pos)
        mark, _, _, flags, method, _, _, crc, packed, size, name_size, extra_size, comment_size, disk = fields[:14]
        header = fields[16]
        stop = pos + _ENTRY.size + name_size
        if mark != b"PK\x01\x02" or stop + extra_size + comment_size > end or disk not in (0, _FULL16):
            raise PickleError("a zip directory with a malformed entry")
        name = _name(buffer[pos + _ENTRY.size : stop])
        if _FULL32 in (packed, size, header):
            size, packed, header = _wide(buffer[stop : stop + extra_size], size, packed, header)
        if flags & _ENCRYPTED:
            raise PickleError(f"the encrypted zip member {name!r}")
        if flags & _PATCHED:
            raise PickleError(f"the zip member {name!r} of patched data, which other programs read differently")
        if method not in (_STORED, _DEFLATED) or (method == _STORED and packed != size):
            raise PickleError(
                f"the zip member {name!r} of compression {method}, or of unlike sizes; stored and deflated are read"
            )
        if name in self.members:
            raise PickleError(f"two zip members named {name!r}")
        self.members[name] = Member(name, method, crc, packed, size, header, flags)
        return stop + extra_size + comment_size

    def _check_places(self, directory: int) -> None:
        """Checks that each local header agrees with the directory and that members do not overlap."""
        buffer = self._buffer
        free = 0
        for member in sorted(self.members.values(), key=lambda member: member.header):
            if member.header < free or member.header + _LOCAL.size > directory or (free == 0 and member.header):
                raise PickleError(
                    f"the zip member {member.name!r} overlaps another, or bytes lie in front of the first"
                )
            mark, _, flags, method, _, _, crc, packed, size, name_size, extra_size = _LOCAL.unpack_from(
                buffer, member.header
            )
            at = member.header + _LOCAL.size
            start = at + name_size + extra_size
            if mark != b"PK\x03\x04" or start + member.packed > directory:
                raise PickleError(f"the zip member {member.name!r} is outside the archive")
            same_name = _name(buffer[at : at + name_size]) == member.name
            if not same_name or method != member.method or (flags ^ member.flags) & _TOLD:
                raise PickleError(f"the zip member {member.name!r} has a local header that contradicts the directory")
            if not flags & _SIZES_BEHIND:
                if _FULL32 in (packed, size):
                    size, packed, _ = _wide(buffer[at + name_size : start], size, packed, 0)
                if (crc, packed, size) != (member.crc, member.packed, member.size):
                    raise PickleError(
                        f"the zip member {member.name!r} has different sizes or another checksum in its local header"
                    )
            self._starts[member.name] = start
            free = start + member.packed

    def packed(self, member: Member) -> memoryview:
        """The member's bytes as stored in the archive."""
        start = self._starts[member.name]
        return self._buffer[start : start + member.packed]

    def inflated(self, member: Member, most_bytes: int) -> memoryview:
        """The member's bytes, decompressed; never more than the directory states or than `most_bytes`."""
        packed = self.packed(member)
        if member.method == _STORED:
            return packed
        if member.size > most_bytes:
            raise PickleError(
                f"the zip member {member.name!r} would unfold to {member.size} bytes; the limit is {most_bytes}"
            )
        try:
            return inflate(packed, member.size)
        except PickleError as error:
            raise PickleError(f"the zip member {member.name!r}: {error}") from None


def _name(raw: memoryview) -> str:
    try:
        name = str(raw, "utf-8")
    except UnicodeDecodeError:
        raise PickleError(f"a zip member whose name is not UTF-8: {bytes(raw)!r:.100}") from None
    if not name or name[0] == "/" or "\\" in name or "\0" in name or ".." in name.split("/"):
        raise PickleError(f"a zip member named {name!r:.100}, which leads out of the archive")
    return name


def _wide(extra: memoryview, size: int, packed: int, header: int) -> tuple[int, int, int]:
    """Size, compressed size and offset, with 64-bit values from the extra field where the 32-bit ones are saturated."""
    pos = 0
    while pos + 4 <= len(extra):
        tag, length = struct.unpack_from("<2H", extra, pos)
        if tag == 1:
            wanted = [value == _FULL32 for value in (size, packed, header)]
            if length < 8 * sum(wanted) or pos + 4 + length > len(extra):
                break
            wide = list(struct.unpack_from(f"<{sum(wanted)}Q", extra, pos + 4))
            size = wide.pop(0) if wanted[0] else size
            packed = wide.pop(0) if wanted[1] else packed
            return size, packed, wide.pop(0) if wanted[2] else header
        pos += 4 + length
    raise PickleError("a zip64 member without its 64-bit sizes")

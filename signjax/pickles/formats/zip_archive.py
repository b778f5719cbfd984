"""The format of `torch.save` since 1.6: a zip archive with one pickle and one member per storage."""

import zlib
from typing import Any

from signjax.pickles.formats import npy
from signjax.pickles.formats.legacy_stream import StorageIds
from signjax.pickles.formats.zip_directory import Member, ZipDirectory
from signjax.pickles.interpreter import machine
from signjax.pickles.limits import AGAIN, Limits, PickleError
from signjax.pickles.source import pieces
from signjax.pickles.strided_view import Block


def read(buffer: memoryview, limits: Limits, verify: bool) -> Any:
    """Reads a torch zip archive, or one of NumPy arrays; returns its object, with placeholders whose bytes have been found.

    Args:
      buffer: the archive.
      limits: bounds for decompression.
      verify: whether to verify the checksum of each storage; that of the pickle is always verified.
    """
    directory = ZipDirectory(buffer)
    members = directory.members
    # With `set_crc32_options(False)`, torch writes a checksum of 0 for every member.
    has_checksums = any(member.crc for member in members.values())
    budget = limits.unfolded(len(buffer))

    def verified(member: Member, found: memoryview) -> memoryview:
        if has_checksums and _checksum(found) != member.crc:
            raise PickleError(f"the checksum of the zip member {member.name!r} is wrong: the file is damaged{AGAIN}")
        return found

    def content(member: Member, check: bool) -> memoryview:
        nonlocal budget
        found = directory.inflated(member, budget)
        if member.method:
            budget -= member.size
        return verified(member, found) if check else found

    def array(member: Member) -> Any:
        found = content(member, verify)
        try:
            if not verify and npy.holds_objects(found):
                verified(member, found)
            return npy.read(found, limits)
        except PickleError as error:
            raise PickleError(f"member {member.name}, {error}") from None

    if members and all(name.endswith(".npy") for name in members):
        return {name.removesuffix(".npy"): array(member) for name, member in members.items()}
    root = _root(members)
    program = content(members[f"{root}/data.pkl"], check=True)
    if not members[f"{root}/data.pkl"].method:
        program = memoryview(bytes(program))  # the machine reads it faster than a slice of the file
    order = members.get(f"{root}/byteorder")
    swap = False
    if order is not None:
        said = bytes(content(order, check=True)[:16])
        if said not in (b"little", b"big"):
            raise PickleError(f"the byte order {said!r}; only little and big are supported")
        swap = said == b"big"
    ids = StorageIds(with_views=False, most_bytes=max(limits.unfolded(len(buffer)), len(buffer)))
    try:
        value, end = machine.run(program, 0, limits, ids)
    except PickleError as error:
        raise PickleError(f"member {root}/data.pkl, {error}") from None
    if end != len(program):
        raise PickleError(f"member {root}/data.pkl: {len(program) - end} bytes after the pickle")
    for key, storage in ids.storages.items():
        if not key or "/" in key or key in (".", ".."):
            raise PickleError(f"the storage key {key!r:.100}")
        member = members.get(f"{root}/data/{key}")
        if member is None:
            raise PickleError(f"the zip member {root}/data/{key[:100]} is missing")
        if member.size != storage.nbytes:
            raise PickleError(
                f"the zip member {member.name!r} has {member.size} bytes; its storage has {storage.nbytes}"
            )
        storage.swap = swap
        storage.block = Block(content(member, verify), in_place=True)
    return value


def _checksum(content: memoryview) -> int:
    crc = 0
    for piece in pieces(content):
        crc = zlib.crc32(piece, crc)
    return crc


def _root(members: dict[str, Member]) -> str:
    """The folder that contains everything in a torch archive."""
    roots = [name.removesuffix("/data.pkl") for name in members if name.endswith("/data.pkl") and name.count("/") == 1]
    scripted = any(name.endswith("/constants.pkl") or "/code/" in name for name in members)
    if scripted:
        raise PickleError(
            "a TorchScript archive, which holds a program; save the module's `state_dict()` with torch.save instead"
        )
    if len(roots) == 1:
        return roots[0]
    raise PickleError(
        "a zip archive that was not written by torch.save or np.savez: it has no data.pkl in a single folder, and not only arrays"
    )

"""Builds pickles and archives that no library would write."""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable

from signjax.pickles.interpreter.nested_stream import HEADER

STOP = b"."


def text(value: str) -> bytes:
    raw = value.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(raw)) + raw


def name(module: str, attribute: str) -> bytes:
    return text(module) + text(attribute) + b"\x93"


def whole(value: int) -> bytes:
    raw = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(raw)]) + raw


def raw(data: bytes) -> bytes:
    return b"B" + struct.pack("<I", len(data)) + data


def tup(*parts: bytes) -> bytes:
    return b"(" + b"".join(parts) + b"t"


def call(function: bytes, *arguments: bytes) -> bytes:
    return function + tup(*arguments) + b"R"


def sizes(values: Iterable[int]) -> bytes:
    return tup(*map(whole, values))


def pickle(*parts: bytes) -> bytes:
    return b"\x80\x04" + b"".join(parts) + STOP


def persistent(key: str, count: int, storage: str = "FloatStorage", view: bytes | None = None) -> bytes:
    parts = [text("storage"), name("torch", storage), text(key), text("cuda:0"), whole(count)]
    return tup(*parts, *([] if view is None else [view])) + b"Q"


def tensor(storage: bytes, offset: int, shape: Iterable[int], strides: Iterable[int]) -> bytes:
    hooks = call(name("collections", "OrderedDict"))
    rebuild = name("torch._utils", "_rebuild_tensor_v2")
    return call(rebuild, storage, whole(offset), sizes(shape), sizes(strides), b"\x89", hooks)


def record(data: bytes, count: int | None = None, itemsize: int = 4) -> bytes:
    return struct.pack("<q", len(data) // itemsize if count is None else count) + data


def legacy(root: bytes, keys: Iterable[str], records: bytes, header: bytes = HEADER) -> bytes:
    return header + pickle(root) + pickle(b"](" + b"".join(map(text, keys)) + b"e") + records


def nested(blob: bytes) -> bytes:
    return call(name("torch.storage", "_load_from_bytes"), raw(blob))


def archive(members: dict[str, bytes], deflated: bool = False, root: str = "archive") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED) as file:
        for member, data in members.items():
            file.writestr(zipfile.ZipInfo(f"{root}/{member}"), data, file.compression)
    return stream.getvalue()


def saved(root: bytes, storages: dict[str, bytes], **more: bytes) -> bytes:
    return archive({"data.pkl": pickle(root), **more, **{f"data/{key}": data for key, data in storages.items()}})


def tar(members: dict[str, bytes], kind: bytes = b"0") -> bytes:
    result = b""
    for member, data in members.items():
        head = bytearray(512)
        head[: len(member)] = member.encode()
        head[100:108] = b"0000644\0"
        head[124:136] = b"%011o\0" % len(data)
        head[148:156] = b" " * 8
        head[156:157] = kind
        head[257:265] = b"ustar\x0000"
        head[148:156] = b"%06o\0 " % sum(head)
        result += bytes(head) + data + bytes(-len(data) % 512)
    return result + bytes(1024)


def array(dtype: bytes, shape: bytes, data: bytes, kind: bytes | None = None, fortran: bytes = b"\x89") -> bytes:
    made = call(name("numpy._core.multiarray", "_reconstruct"), kind or name("numpy", "ndarray"), sizes([0]), raw(b"b"))
    return made + tup(whole(1), shape, dtype, fortran, data) + b"b"


def dtype(code: str, *state: bytes) -> bytes:
    made = call(name("numpy", "dtype"), text(code), b"\x89", b"\x88")
    return made + tup(*state) + b"b" if state else made


def structure(size: int, **fields: bytes) -> bytes:
    listed = b"}(" + b"".join(text(key) + field for key, field in fields.items()) + b"u"
    names = tup(*map(text, fields))
    return dtype(f"V{size}", whole(3), text("|"), b"N", names, listed, whole(size), whole(1), whole(0))


def deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()

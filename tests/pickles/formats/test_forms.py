"""Formats that current torch does not write, made by hand: tar archives, big-endian and packed zip archives, storage views."""

import gzip
import io
import pickle as python
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from signjax.pickles import PickleError, inspect, load, source
from signjax.pickles.interpreter.nested_stream import HEADER
from signjax.pickles.write import legacy_storage
from tests.pickles.forge import (
    archive,
    call,
    deflate,
    legacy,
    name,
    nested,
    persistent,
    pickle,
    record,
    saved,
    sizes,
    tar,
    tensor,
    text,
    tup,
    whole,
)  # fmt: skip

FLOATS = np.array([1.5, -2, 3, 4], np.float32)


def read(tmp_path: Path, content: bytes) -> Any:
    path = tmp_path / "file.pt"
    path.write_bytes(content)
    return load(path)


def tar_file() -> bytes:
    """Two tensors on one storage and a third on a view of it, as torch wrote them up to 0.1.9."""
    entry = tup(whole(7), text("cuda:0"), name("torch", "FloatStorage"))
    storages = pickle(whole(1)) + pickle(entry) + struct.pack("<q", 4) + FLOATS.tobytes()
    storages += pickle(b"](" + tup(whole(8), whole(7), whole(1), whole(2)) + b"e")

    def one(key: int, storage: int, shape: tuple[int, ...], strides: tuple[int, ...], offset: int) -> bytes:
        head = pickle(tup(whole(key), whole(storage), name("torch", "FloatTensor")))
        many = len(shape)
        return head + struct.pack(f"<ii{2 * many + 1}q", many, 99, *shape, *strides, offset)

    tensors = (
        pickle(whole(3)) + one(11, 7, (2, 2), (2, 1), 0) + one(12, 7, (2, 2), (1, 2), 0) + one(13, 8, (1,), (1,), 1)
    )
    root = b"}(" + text("a") + text("11") + b"Q" + text("t") + text("12") + b"Q" + text("v") + text("13") + b"Q" + b"u"
    members = {"sys_info": pickle(b"}"), "pickle": b"\x80\x02" + root + b".", "tensors": tensors, "storages": storages}
    return tar(members)


def test_tar(tmp_path: Path) -> None:
    found = read(tmp_path, tar_file())
    np.testing.assert_array_equal(found["a"], FLOATS.reshape(2, 2))
    np.testing.assert_array_equal(found["t"], FLOATS.reshape(2, 2).T)
    np.testing.assert_array_equal(found["v"], FLOATS[2:3])
    found["a"][1, 0] = 9
    assert found["t"][0, 1] == found["v"][0] == 9


def test_torch_reads_the_tar_as_we_do(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    path = tmp_path / "file.pt"
    path.write_bytes(tar_file())
    theirs = torch.load(path, map_location="cpu", weights_only=False)
    for key, array in load(path).items():
        np.testing.assert_array_equal(array, theirs[key].numpy())


def test_storage_views_of_legacy_streams_share_memory(tmp_path: Path) -> None:
    whole_storage = tensor(persistent("7", 4, view=b"N"), 0, [4], [1])
    part = tensor(persistent("7", 4, view=tup(text("8"), whole(1), whole(2))), 0, [2], [1])
    found = read(tmp_path, legacy(tup(whole_storage, part), ["7"], record(FLOATS.tobytes())))
    np.testing.assert_array_equal(found[1], FLOATS[1:3])
    found[0][2] = 7
    assert found[1][1] == 7


@pytest.mark.parametrize("protocol", range(5))
def test_legacy_headers_of_every_protocol(tmp_path: Path, protocol: int) -> None:
    parts = (0x1950A86A20F9469CFC6C, 1001, {"little_endian": False})  # what it says of the byte order means nothing
    header = b"".join(python.dumps(part, protocol=protocol) for part in parts)
    root = tensor(persistent("7", 4, view=b"N"), 0, [4], [1])
    content = legacy(root, ["7"], record(FLOATS.tobytes()), header)
    np.testing.assert_array_equal(read(tmp_path, content), FLOATS)
    blob = legacy(persistent("7", 4, view=b"N"), ["7"], record(FLOATS.tobytes()), header)
    np.testing.assert_array_equal(read(tmp_path, pickle(tensor(nested(blob), 0, [4], [1]))), FLOATS)


@pytest.mark.parametrize("dtype", ["bool", "int16", "float16", "float32", "float64", "complex64"])
def test_usual_and_unusual_nested_storages_agree(tmp_path: Path, dtype: str) -> None:
    """The pattern for the common stream gives the same result as the general reader."""
    array = np.arange(300).astype(dtype)
    usual = legacy_storage(array, "cuda:0")
    assert usual.startswith(HEADER)
    unusual = python.dumps(0x1950A86A20F9469CFC6C) + python.dumps(1001) + python.dumps({}) + usual[len(HEADER) :]
    for blob in (usual, unusual):
        found = read(tmp_path, pickle(tensor(nested(blob), 0, [300], [1])))
        assert found.dtype == array.dtype
        np.testing.assert_array_equal(found, array)
        assert inspect(tmp_path / "file.pt").device == "cuda:0"


ROOT = tensor(persistent("0", 4), 0, [4], [1])


def test_deflated_members(tmp_path: Path) -> None:
    content = archive({"data.pkl": pickle(ROOT), "data/0": FLOATS.tobytes()}, deflated=True)
    np.testing.assert_array_equal(read(tmp_path, content), FLOATS)


def test_any_root_and_any_order_of_members(tmp_path: Path) -> None:
    content = archive({"version": b"3\n", "data/0": FLOATS.tobytes(), "data.pkl": pickle(ROOT)}, root="größe 1")
    np.testing.assert_array_equal(read(tmp_path, content), FLOATS)


@pytest.mark.parametrize("dtype", ["int16", "float32", "float64", "complex64", "complex128"])
def test_big_endian_archives(tmp_path: Path, dtype: str) -> None:
    array = (np.arange(4) * (1 + 2j) if dtype.startswith("c") else np.arange(4)).astype(dtype)
    storage = {"int16": "ShortStorage", "float32": "FloatStorage", "float64": "DoubleStorage", "complex64": "ComplexFloatStorage",
               "complex128": "ComplexDoubleStorage"}[dtype]  # fmt: skip
    root = tensor(persistent("0", 4, storage), 0, [2, 2], [1, 2])
    raw = array.astype(array.dtype.newbyteorder(">")).tobytes()
    found = read(tmp_path, saved(root, {"0": raw}, byteorder=b"big"))
    assert found.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(found, array.reshape(2, 2).T)


def test_archives_without_checksums(tmp_path: Path) -> None:
    """torch can leave out checksums, and then all are 0. A single 0 among others is an error."""
    content = bytearray(saved(ROOT, {"0": FLOATS.tobytes()}))
    for mark, at in ((b"PK\x03\x04", 14), (b"PK\x01\x02", 16)):
        pos = content.find(mark)
        while pos >= 0:
            content[pos + at : pos + at + 4] = bytes(4)
            pos = content.find(mark, pos + 1)
    np.testing.assert_array_equal(read(tmp_path, bytes(content)), FLOATS)


def test_a_large_file_is_verified_where_that_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "damaged.pt"
    path.write_bytes(saved(ROOT, {"0": FLOATS.tobytes()}).replace(FLOATS.tobytes(), FLOATS[::-1].tobytes()))
    with pytest.raises(PickleError, match="checksum"):
        load(path)
    np.testing.assert_array_equal(load(path, verify=False), FLOATS[::-1])
    monkeypatch.setattr(source, "_MAP_FROM", 1)
    np.testing.assert_array_equal(load(path), FLOATS[::-1])
    with pytest.raises(PickleError, match="checksum"):
        load(path, verify=True)


def test_zip64_archives(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        for member, data in (("archive/data.pkl", pickle(ROOT)), ("archive/data/0", FLOATS.tobytes())):
            with file.open(zipfile.ZipInfo(member), "w", force_zip64=True) as target:
                target.write(data)
    np.testing.assert_array_equal(read(tmp_path, stream.getvalue()), FLOATS)


def test_zip64_directories(tmp_path: Path) -> None:
    """The directory and end records of an archive beyond 4 GB: the short fields are saturated, and long ones are added."""
    content = saved(ROOT, {"0": FLOATS.tobytes()})
    end = content.rindex(b"PK\x05\x06")
    first = content.index(b"PK\x01\x02")
    listing = b""
    pos = first
    while pos < end:
        head = bytearray(content[pos : pos + 46])
        name_size = struct.unpack_from("<H", head, 28)[0]
        crc, packed, size = struct.unpack_from("<3I", head, 16)
        wide = struct.pack("<2H3Q", 1, 24, size, packed, struct.unpack_from("<I", head, 42)[0])
        struct.pack_into("<3I", head, 16, crc, 0xFFFFFFFF, 0xFFFFFFFF)
        struct.pack_into("<H", head, 30, len(wide))
        struct.pack_into("<I", head, 42, 0xFFFFFFFF)
        listing += bytes(head) + content[pos + 46 : pos + 46 + name_size] + wide
        pos += 46 + name_size
    count = struct.unpack_from("<H", content, end + 8)[0]
    size = len(listing)
    end64 = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, first)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, first + size, 1)
    last = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    np.testing.assert_array_equal(read(tmp_path, content[:first] + listing + end64 + locator + last), FLOATS)


def test_several_gzip_streams_are_one_file(tmp_path: Path) -> None:
    content = pickle(ROOT.replace(ROOT, text("a" * 100_000)))
    assert read(tmp_path, gzip.compress(content[:50_000]) + gzip.compress(content[50_000:])) == "a" * 100_000
    with pytest.raises(PickleError, match="end early"):
        read(tmp_path, gzip.compress(content)[:-9])
    assert read(tmp_path, zlib.compress(content)) == "a" * 100_000


def test_deflated_members_must_have_the_size_they_say(tmp_path: Path) -> None:
    content = archive({"data.pkl": pickle(ROOT), "data/0": FLOATS.tobytes()}, deflated=True)
    packed = deflate(FLOATS.tobytes())
    assert packed in content
    other = deflate(FLOATS.tobytes() + b"x")[: len(packed)].ljust(len(packed), b"\0")
    with pytest.raises(PickleError, match="decompress"):
        read(tmp_path, content.replace(packed, other))


def test_a_storage_itself_is_a_flat_array(tmp_path: Path) -> None:
    np.testing.assert_array_equal(read(tmp_path, saved(persistent("0", 4), {"0": FLOATS.tobytes()})), FLOATS)


@pytest.mark.parametrize("torch_name", ["complex32", "quint4x2", "float4_e2m1fn_x2", "bits8", "uint3"])
def test_dtypes_without_a_counterpart_are_refused_by_name(tmp_path: Path, torch_name: str) -> None:
    storage = tup(text("storage"), name("torch.storage", "UntypedStorage"), text("0"), text("cpu"), whole(16)) + b"Q"
    hooks = call(name("collections", "OrderedDict"))
    parts = (storage, whole(0), sizes([1]), sizes([1]), b"\x89", hooks, name("torch", torch_name))
    with pytest.raises(PickleError, match=f"torch.{torch_name}"):
        read(tmp_path, saved(call(name("torch._utils", "_rebuild_tensor_v3"), *parts), {"0": bytes(16)}))

"""Attacks on readers of pickles: files that would run code, read out of bounds, or eat time or memory.

Each is (name, bytes, expected text in the error). Those that run code would write a file named `CANARY`.
"""

import bz2
import gzip
import struct
import zlib
from collections.abc import Iterator

from tests.pickles.forge import (
    archive,
    array,
    call,
    dtype,
    legacy,
    name,
    nested,
    persistent,
    pickle,
    raw,
    record,
    saved,
    sizes,
    structure,
    tar,
    tensor,
    text,
    tup,
    whole,
)  # fmt: skip

CANARY = "canary-4f1c"  # a file in the working directory of the process that would run the attack
TOUCH = f"touch {CANARY}"
PYTHON = f"open({CANARY!r}, 'w')"
SYSTEM = call(name("os", "system"), text(TOUCH))
FLOATS = struct.pack("<4f", 1, 2, 3, 4)
OBJECTS = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
STORAGE = persistent("7", 4, view=b"N")

Attack = tuple[str, bytes, str]


def code() -> Iterator[Attack]:
    """Names, calls and states that would run code."""
    for module, attribute, argument in (
        ("os", "system", TOUCH), ("posix", "system", TOUCH), ("nt", "system", TOUCH), ("subprocess", "getoutput", TOUCH),
        ("builtins", "eval", PYTHON), ("builtins", "exec", PYTHON), ("__builtin__", "eval", PYTHON),
        ("builtins", "__import__", "os"), ("builtins", "open", CANARY), ("commands", "getoutput", TOUCH),
        ("timeit", "timeit", PYTHON), ("runpy", "run_path", CANARY), ("pickle", "loads", ""), ("_pickle", "loads", ""),
        ("torch", "load", CANARY), ("torch.hub", "load", CANARY), ("torch.jit", "load", CANARY), ("numpy", "load", CANARY),
        ("numpy.testing._private.utils", "runstring", PYTHON), ("joblib", "load", CANARY), ("importlib", "import_module", "os"),
        ("torch.utils.collect_env", "run", TOUCH), ("torch.serialization", "load", CANARY), ("webbrowser", "open", CANARY),
        ("functools", "partial", ""), ("operator", "attrgetter", "system"), ("copyreg", "_reconstructor", ""),
        ("builtins", "getattr", "system"), ("torch._tensor", "_rebuild_from_type_v2", ""), ("codecs", "decode", ""),
    ):  # fmt: skip
        yield (
            f"call {module}.{attribute}",
            pickle(call(name(module, attribute), text(argument))),
            f"{module}.{attribute}",
        )
    yield "protocol 0 global", b"cos\nsystem\n(S'" + TOUCH.encode() + b"'\ntR.", "os.system"
    yield "INST", b"(S'" + TOUCH.encode() + b"'\nios\nsystem\n.", "INST"
    yield "OBJ", b"(cos\nsystem\nS'" + TOUCH.encode() + b"'\no.", "os.system"
    yield "OBJ of an allowed name", pickle(b"(", name("collections", "OrderedDict"), b"o"), "OBJ"
    yield "NEWOBJ", pickle(name("collections", "OrderedDict"), b")\x81"), "collections.OrderedDict"
    yield "NEWOBJ_EX", pickle(name("collections", "OrderedDict"), b")}\x92"), "NEWOBJ_EX"
    yield "EXT1", pickle(b"\x82\x01"), "EXT1"
    yield "EXT2", pickle(b"\x83\x01\x00"), "EXT2"
    yield "EXT4", pickle(b"\x84\x01\x00\x00\x00"), "EXT4"
    yield "dotted name", pickle(call(name("torch", "serialization.os.system"), text(TOUCH))), "serialization.os.system"
    yield "name of a module", pickle(name("torch.serialization", "os")), "torch.serialization.os"
    yield "name with a newline", pickle(b"cos\nsystem\n", b"("), "os.system"
    yield "dunder of an allowed class", pickle(name("collections", "OrderedDict.__init__.__globals__")), "__globals__"
    yield "call of a string", pickle(text("os.system"), tup(text(TOUCH)), b"R"), "not a constructor"
    yield "call of a mere name", pickle(name("torch", "float32"), tup(text(TOUCH)), b"R"), "not a constructor"
    yield "call of what a call gave", pickle(call(name("collections", "OrderedDict")), b")R"), "not a constructor"
    yield (
        "slot state for a function",
        pickle(name("torch._utils", "_rebuild_tensor_v2"), tup(b"N", b"}" + text("__code__") + b"Ns"), b"b"),
        "state for a",
    )
    yield "state for a dictionary", pickle(b"}}" + text("__class__") + b"Nsb"), "state for a dict"
    yield "state for a name", pickle(name("torch", "float32"), b"}b"), "state for a"
    yield "class of an OrderedDict", pickle(call(name("collections", "OrderedDict")), text("x"), b"b"), "attributes"
    yield "default factory", pickle(call(name("collections", "defaultdict"), name("os", "getcwd"))), "os.getcwd"
    yield "default that is called", pickle(call(name("collections", "defaultdict"), text("x"))), "defaultdict"
    yield "codec", pickle(call(name("_codecs", "encode"), text("x"), text("zip"))), "_codecs.encode"
    yield "code in a nested storage", pickle(nested(legacy(SYSTEM, [], b""))), "os.system"
    yield "code in a nested key list", pickle(nested(legacy(STORAGE, [], b"")[:-4] + SYSTEM + b".")), "byte"
    yield "code in a legacy header", pickle(whole(0x1950A86A20F9469CFC6C)) + pickle(SYSTEM), "os.system"
    yield "code in sys_info", pickle(whole(0x1950A86A20F9469CFC6C)) + pickle(whole(1001)) + pickle(SYSTEM), "os.system"
    yield "code in a legacy stream", legacy(SYSTEM, [], b""), "os.system"
    yield "code in an archive", saved(SYSTEM, {}), "os.system"
    yield "code in a tar's pickle", tar({"storages": pickle(b"K\0") + pickle(b"]"), "tensors": pickle(b"K\0"),
                                         "pickle": pickle(SYSTEM)}), "os.system"  # fmt: skip
    yield "code in a tar's storages", tar({"storages": pickle(SYSTEM), "tensors": b"", "pickle": b""}), "os.system"
    yield "code in a tar's tensors", tar({"storages": pickle(b"K\0") + pickle(b"]"), "tensors": pickle(SYSTEM),
                                          "pickle": b""}), "os.system"  # fmt: skip
    wrapper = (
        name("joblib.numpy_pickle", "NumpyArrayWrapper") + b")\x81}(" + text("subclass") + name("numpy", "ndarray")
    )
    wrapper += text("shape") + sizes([1]) + text("order") + text("C") + text("dtype") + dtype("O8") + b"ub"
    yield "code in a joblib object array", pickle(wrapper + pickle(SYSTEM)), "os.system"
    yield "code in gzip", gzip.compress(pickle(SYSTEM)), "os.system"
    yield "code in bzip2", bz2.compress(pickle(SYSTEM)), "os.system"
    yield "code in zlib", zlib.compress(pickle(SYSTEM)), "os.system"
    yield "pickled module", legacy(tup(text("module"), b"N", text("a.py"), text("")) + b"Q", [], b""), "state_dict"
    yield "TorchScript", archive({"data.pkl": pickle(b"N"), "constants.pkl": b"", "code/m.py": b""}), "TorchScript"
    yield "persistent id outside of torch's forms", pickle(text("x") + b"Q"), "persistent id"
    yield "persistent id of the wrong type", legacy(whole(1) + b"Q", [], b""), "persistent id"
    yield from newer_code()
    yield "a frame across an instruction", b"\x80\x04\x95\x02\x00\x00\x00\x00\x00\x00\x00" + text("a") + b".", "frame"
    yield "code behind the end", pickle(b"N") + pickle(SYSTEM), "after the pickle"
    yield "code in front of an archive", pickle(SYSTEM) + saved(b"N", {}), "os.system"


def newer_code() -> Iterator[Attack]:
    """The same in NumPy's own files, in pickles that follow others, and in tensors with attributes."""
    npy = b"\x93NUMPY\1\0" + struct.pack("<H", len(OBJECTS)) + OBJECTS
    yield "code in a NumPy file", npy + pickle(SYSTEM), "os.system"
    yield "code in a NumPy archive", archive({"a.npy": npy + pickle(SYSTEM)}), "os.system"
    yield "code in the header of a NumPy file", npy.replace(b"False", b"print"), "malformed"
    yield "code in a third pickle", pickle(b"N") * 2 + pickle(SYSTEM), "after the pickle"
    yield "tensor of a class that another function makes", pickle(
        call(name("torch._tensor", "_rebuild_from_type_v2"), name("builtins", "bytearray"), name("torch", "Tensor"), b")", b"}")
    ), "bytearray"  # fmt: skip
    yield "tensor of an unknown class", pickle(
        call(name("torch._tensor", "_rebuild_from_type_v2"), name("torch._utils", "_rebuild_tensor_v2"),
             name("os", "PathLike"), b")", b"}")
    ), "os.PathLike"  # fmt: skip


def time_and_memory() -> Iterator[Attack]:
    """A few bytes that request much memory or time."""
    double = b"K\x01" + b"2\x86" * 40
    deep = b")" + b"\x85" * 300_000
    yield "memo index of 4 billion", b"]r\xff\xff\xff\x0f.", ""
    yield "doubled tuple as a key", pickle(b"}" + double + b"Ns"), "as a key"
    yield "deep tuple as a key", pickle(b"}" + deep + b"Ns"), "as a key"
    yield "deep tuple in a set", pickle(b"\x8f(" + deep + b"\x90"), "as a key"
    yield "doubled tuple", pickle(double), "values"
    yield "doubled tuple as a version", pickle(whole(0x1950A86A20F9469CFC6C)) + pickle(double), "version"
    yield "doubled tuple as a persistent id in a tar", tar({"storages": pickle(b"K\0") + pickle(b"]"),
        "tensors": pickle(b"K\0"), "pickle": pickle(b"]" + double + b"aQ")}), "persistent id"  # fmt: skip
    start = (whole(4), text("<"), b"N", b"N", b"N", whole(-1), whole(-1), whole(0))
    dates = dtype("M8", *start, tup(b"N", tup(double, whole(1), whole(1), whole(1))))
    yield "doubled tuple as a unit of time", pickle(array(dates, sizes([1]), raw(b"A" * 8))), "known unit"
    fields = dtype("V8", whole(3), text("|"), b"N", tup(double), b"}", whole(8), whole(1), whole(0))
    yield "doubled tuple as a field's name", pickle(array(fields, sizes([1]), raw(b"A" * 8))), "field"
    yield "deep tuple", pickle(deep), "deep"
    yield "deep lists", pickle(b"]" * 5000 + b"a" * 4999), "deep"
    yield "list in itself", pickle(b"]\x94h\0a"), "holds itself"
    yield "dictionary in itself", pickle(b"}\x94" + text("x") + b"h\0s"), "holds itself"
    yield "object array in itself", pickle(
        call(name("numpy._core.multiarray", "_reconstruct"), name("numpy", "ndarray"), sizes([0]), raw(b"b")),
        b"\x94", tup(whole(1), sizes([1]), dtype("O8"), b"\x89", b"]h\0a"), b"b",
    ), "holds itself"  # fmt: skip
    yield "bytes of 4 GB", b"\x80\x04B\xff\xff\xff\xffabc.", "ends early"
    yield "bytes of 2 ** 63", b"\x80\x04\x8e" + b"\xff" * 8 + b"abc.", "ends early"
    yield "text of 2 ** 63", b"\x80\x04\x8d" + b"\xff" * 8 + b"abc.", "ends early"
    yield "string of negative length", b"T\xff\xff\xff\xffabc.", "negative"
    yield "whole number of negative length", b"\x80\x04\x8b\xff\xff\xff\xff.", "integer"
    yield "whole number of a megabyte", b"\x80\x04\x8b\x00\x00\x10\x00" + b"\x01" * (1 << 20) + b".", "integer"
    yield "number of a million digits", b"L" + b"9" * 1_000_000 + b"L\n.", "digits"
    yield "bytearray of 4 GB", pickle(call(name("builtins", "bytearray"), whole(4 << 30))), "bytearray"
    yield "bytes of a number", pickle(call(name("builtins", "bytes"), whole(4 << 30))), "bytes"
    yield (
        "set of tuples that hash alike",
        pickle(b"\x8f(" + b"".join(tup(whole(i)) for i in range(6000)) + b"\x90"),
        "tuples",
    )
    alike = b"](" + b"".join(whole((1 << 61) * i + 7 - i) for i in range(2000)) + b"e"
    yield "numbers that hash alike", pickle(call(name("builtins", "set"), alike)), "64 bits"
    yield "keys of many bits", pickle(b"}" + b"".join(whole((1 << 61) * i + i) + b"Ns" for i in range(9))), "64 bits"
    yield "complex numbers as keys", pickle(b"}" + call(name("builtins", "complex"), whole(1), whole(2)) + b"Ns"), "key"
    yield "gzip bomb", gzip.compress(bytes(40 << 20)), "decompress to more"
    yield "bzip2 bomb", bz2.compress(bytes(40 << 20)), "decompress to more"
    yield "gzip in gzip", gzip.compress(gzip.compress(pickle(b"N"))), "inside of it"
    yield "deflate bomb", archive({"data.pkl": pickle(b"N") + bytes(40 << 20)}, deflated=True), "limit"
    yield "40 million instructions", pickle(b"N0" * 2_600_000), "instructions"
    yield (
        "frame of 2 ** 62",
        b"\x80\x04\x95" + struct.pack("<Q", 1 << 62) + b"N.",
        r"cut short \(13 of at least \d+ bytes\)",
    )
    yield from copies()
    levels = b"".join(
        structure(1, **{f"f{k}": tup(b"h%c" % (i - 1) if i else dtype("i1"), whole(0)) for k in range(40)}) + b"\x940"
        for i in range(8)
    )
    yield "dtype of 40 ** 8 fields", pickle(levels, array(b"h\x07", sizes([1]), raw(b"a"))), "fields|deep"


def copies() -> Iterator[Attack]:
    """Things that a file holds once and has copied thousands of times."""

    def many(once: bytes, each: bytes, times: int = 2000) -> bytes:
        return pickle(once + b"\x94" + b"0" + b"](" + each * times + b"e")

    blob = raw(b"x" * 65_000)
    numbers = b"](" + b"".join(b"M" + struct.pack("<H", i) for i in range(5000)) + b"e"
    yield "one blob thousands of times", many(blob, b"h\0"), "unfold"
    yield "one blob as thousands of bytearrays", many(blob, name("builtins", "bytearray") + b"h\0\x85R"), "unfold"
    yield "one text as thousands of bytes", many(
        text("x" * 65_000), name("_codecs", "encode") + b"h\0" + text("latin1") + b"\x86R"), "unfold"  # fmt: skip
    for module, kind in (("builtins", "set"), ("builtins", "frozenset"), ("collections", "deque"), ("torch", "Size")):
        yield f"one list as thousands of {kind}s", many(numbers, name(module, kind) + b"h\0\x85R", 1000), "unfold"
    items = b"}(" + b"".join(b"M" + struct.pack("<H", i) + b"N" for i in range(5000)) + b"u"
    yield "one list as thousands of typed arrays", many(
        numbers, name("array", "array") + text("H") + b"h\0\x86R", 1000), "unfold"  # fmt: skip
    each = pickle(numbers, b"\x940](", (name("builtins", "set") + b"h\0\x85R") * 20, b"e")
    yield "one list as sets in each of many pickles", each * 20, "unfold"
    yield "one dictionary as thousands", many(items, name("collections", "OrderedDict") + b"h\0\x85R", 1000), "unfold"
    scalar = call(name("numpy._core.multiarray", "scalar"), dtype("S65000"), b"h\0")
    yield "one blob as thousands of keys", many(blob, b"}" + scalar + b"Ns"), "unfold"
    path = tup(*[text("x" * 30)] * 1000)
    yield "one path thousands of times", many(path, name("pathlib", "PosixPath") + b"h\0R", 4000), "unfold"
    state = structure(200, **{f"f{i}": tup(dtype("i1"), whole(i)) for i in range(200)})
    fields = state[: state.rindex(b"tb")].removeprefix(call(name("numpy", "dtype"), text("V200"), b"\x89", b"\x88"))
    yield "one structure as thousands of dtypes", many(
        fields + b"t", name("numpy", "dtype") + tup(text("V200"), b"\x89", b"\x88") + b"Rh\0b", 1000), "unfold"  # fmt: skip
    yield "a hundred thousand pickles in one file", b"N." * 100_000, "instructions"


def plain_data() -> Iterator[Attack]:
    """Dates, numbers, paths and masks that lie about themselves."""

    def stamp(module: str, kind: str, packed: bytes, *more: bytes) -> bytes:
        return pickle(call(name(module, kind), b"C" + bytes([len(packed)]) + packed, *more))

    yield "month 13", stamp("datetime", "datetime", b"\x07\xe8\x0d\x01" + bytes(6)), "does not exist"
    yield "day 0", stamp("datetime", "date", b"\x07\xe8\x01\0"), "does not exist"
    yield "hour 25", stamp("datetime", "time", b"\x19" + bytes(5)), "does not exist"
    yield "moment of 9 bytes", stamp("datetime", "datetime", bytes(9)), "10 bytes"
    yield "time zone that is a text", stamp("datetime", "time", bytes(6), text("UTC")), "time zone"
    delta = call(name("datetime", "timedelta"), whole(9), whole(0), whole(0))
    yield "time zone of nine days", pickle(call(name("datetime", "timezone"), delta)), "does not exist"
    yield "timedelta of 2 ** 62 days", pickle(call(name("datetime", "timedelta"), whole(1 << 62))), "days"
    yield (
        "decimal number of a million digits",
        pickle(call(name("decimal", "Decimal"), text("9" * 1_000_000))),
        "at most",
    )
    yield "decimal number that is none", pickle(call(name("decimal", "Decimal"), text("x"))), "decimal number"
    yield "fraction by zero", pickle(call(name("fractions", "Fraction"), whole(1), whole(0))), "fraction"
    yield "identifier of 2 ** 200", pickle(name("uuid", "UUID"), b")\x81}", text("int"), whole(1 << 200), b"sb"), "128"
    yield "path of a number", pickle(call(name("pathlib", "PosixPath"), whole(1))), "path"
    yield "typed array of unknown format", pickle(
        call(name("array", "_array_reconstructor"), name("array", "array"), text("d"), whole(99), raw(b""))), "array"  # fmt: skip
    yield "typed array that ends early", pickle(
        call(name("array", "_array_reconstructor"), name("array", "array"), text("d"), whole(16), raw(b"a"))), "bytes"  # fmt: skip
    yield "typed array of large numbers", pickle(
        call(name("array", "array"), text("b"), b"](" + whole(1 << 40) + b"e")), "cannot hold"  # fmt: skip
    scalar = name("numpy._core.multiarray", "scalar")
    yield "scalar of objects as a key", pickle(b"}" + call(scalar, dtype("O8"), b"]") + b"Ns"), "scalar|objects"
    yield "scalar longer than its data as a key", pickle(b"}" + call(scalar, dtype("f8"), raw(b"a")) + b"Ns"), "bytes"
    yield "structure as a key", pickle(
        b"}" + call(scalar, structure(1, a=tup(dtype("i1"), whole(0))), raw(b"a")) + b"Ns"), "as a key"  # fmt: skip
    masked = call(name("numpy.ma.core", "_mareconstruct"), name("numpy.ma", "MaskedArray"), name("numpy", "ndarray"))

    def masks(mask: bytes, dtype_of: bytes = dtype("u1"), data: bytes = raw(b"ab")) -> bytes:
        return pickle(masked, tup(whole(1), sizes([2]), dtype_of, b"\x89", data, mask, b"N"), b"b")

    yield "mask shorter than its array", masks(raw(b"\1")), "mask of 1 bytes"
    yield "mask of 7", masks(raw(b"\7\0")), "truth values"
    yield "masked objects", masks(raw(b"\0\0"), dtype("O8"), b"](NNe"), "masked array of objects"
    yield "masked array without state", pickle(masked), "never given"
    yield "masked array longer than its data", masks(raw(b"\0\0"), dtype("f8")), "bytes of data"


def arrays() -> Iterator[Attack]:
    """NumPy arrays that lie about themselves."""
    objects = structure(8, a=tup(dtype("O8"), whole(0)))
    yield "object hidden in a structure", pickle(array(objects, sizes([1]), raw(b"A" * 8))), "contains objects"
    yield "object array from bytes", pickle(array(dtype("O8"), sizes([1]), raw(b"A" * 8))), "objects"
    yield "object scalar", pickle(call(name("numpy._core.multiarray", "scalar"), dtype("O8"), raw(b"A" * 8))), "objects"
    outside = structure(8, a=tup(dtype("i8"), whole(1 << 20)))
    yield "field beyond its structure", pickle(array(outside, sizes([1]), raw(b"A" * 8))), "outside of its structure"
    negative = structure(8, a=tup(dtype("i8"), whole(-8)))
    yield (
        "field in front of its structure",
        pickle(array(negative, sizes([1]), raw(b"A" * 8))),
        "outside of its structure",
    )
    truth = structure(8, a=tup(dtype("i4"), b"\x88"))
    yield "field at a truth value", pickle(array(truth, sizes([1]), raw(b"A" * 8))), r"is not \(dtype, offset\)"
    yield (
        "structure of negative size",
        pickle(array(structure(-8, a=tup(dtype("i1"), whole(0))), sizes([1]), raw(b""))),
        "dtype",
    )
    yield "array longer than its data", pickle(array(dtype("f8"), sizes([1000]), raw(b"A" * 8))), "bytes of data"
    yield "array of negative size", pickle(array(dtype("f8"), sizes([-1]), raw(b""))), "shape"
    yield "array whose size wraps around", pickle(array(dtype("f8"), sizes([1 << 62, 4]), raw(b""))), "elements"
    yield "empty array of impossible size", pickle(array(dtype("f8"), sizes([0, 1 << 62, 4]), raw(b""))), "elements"
    yield "empty array whose bytes wrap around", pickle(array(dtype("f8"), sizes([0, 1 << 61]), raw(b""))), "elements"
    yield "array of 65 dimensions", pickle(array(dtype("f8"), sizes([1] * 65), raw(b"A" * 8))), "tuple of at most"
    yield (
        "array of another class",
        pickle(array(dtype("i1"), sizes([1]), raw(b"a"), kind=name("collections", "OrderedDict"))),
        "class",
    )
    yield "dtype that is none", pickle(array(text("f8"), sizes([1]), raw(b"A" * 8))), "dtype"
    yield "dtype code with code", pickle(dtype("f8,O")), "dtype"
    yield "truth values of 7", pickle(array(dtype("b1"), sizes([1]), raw(b"\x07"))), "truth values"
    yield "characters beyond Unicode", pickle(
        array(dtype("U1", whole(3), text("<"), b"N", b"N", b"N", whole(4), whole(4), whole(8)), sizes([1]), raw(b"\xff" * 4))
    ), "Unicode"  # fmt: skip
    yield "state twice", pickle(array(dtype("i1"), sizes([1]), raw(b"a")), b"Nb"), "state twice"


def tensors() -> Iterator[Attack]:
    """Tensors and storages that lie about themselves."""

    def one(made: bytes, data: bytes = record(FLOATS)) -> bytes:
        return legacy(made, ["7"], data)

    yield "stride out of bounds", one(tensor(STORAGE, 0, [2, 2], [1 << 20, 1])), "reaches to byte"
    yield "stride that wraps around", one(tensor(STORAGE, 0, [3], [1 << 61])), "stride|reaches"
    yield "negative stride", one(tensor(STORAGE, 3, [4], [-1])), "stride"
    yield "negative offset", one(tensor(STORAGE, -1, [1], [1])), "offset"
    yield "offset out of bounds", one(tensor(STORAGE, 4, [1], [1])), "reaches to byte"
    yield "more sizes than strides", one(tensor(STORAGE, 0, [2, 2], [1])), "strides"
    yield "expanded without end", one(tensor(STORAGE, 0, [1 << 40], [0])), "unfold"
    yield "conjugate expanded", one(tensor(STORAGE, 0, [1 << 30, 4], [0, 1])), "unfold"
    yield "storage of another size", one(tensor(STORAGE, 0, [4], [1]), record(FLOATS * 2)), "with a record"
    yield "storage of negative size", one(tensor(STORAGE, 0, [4], [1]), record(FLOATS, -4)), "with a record"
    yield "storage larger than the file", one(persistent("7", 1 << 40, view=b"N")), "in a file of"
    yield "storage that ends early", one(tensor(STORAGE, 0, [4], [1]), record(FLOATS)[:-1]), "ends inside"
    yield "storage without data", legacy(tensor(STORAGE, 0, [4], [1]), [], b""), "no data for it"
    yield "key listed twice", legacy(STORAGE, ["7", "7"], record(FLOATS) * 2), "distinct keys"
    yield "key that nothing uses", legacy(b"N", ["7"], record(FLOATS)), "not used"
    yield "storage of two sizes", one(tup(STORAGE, persistent("7", 2, view=b"N"))), "two types or sizes"
    yield (
        "storage view out of bounds",
        one(persistent("7", 4, view=tup(text("8"), whole(2), whole(3)))),
        "beyond its storage",
    )
    yield "bytes behind the storages", one(STORAGE, record(FLOATS) + b"x"), "after the last storage"
    yield "items for a tensor", one(tensor(STORAGE, 0, [4], [1]) + text("a") + b"Ns"), "not a dictionary"
    yield "tensor on something else", pickle(tensor(text("x"), 0, [1], [1])), "storage is a str"
    yield (
        "nested tensor in a storage",
        pickle(nested(legacy(tensor(STORAGE, 0, [4], [1]), ["7"], record(FLOATS)))),
        "one storage",
    )
    sparse = name("torch._utils", "_rebuild_sparse_tensor")
    layout = call(name("torch.serialization", "_get_layout"), text("torch.sparse_coo"))
    indices = tensor(persistent("8", 1, "LongStorage", b"N"), 0, [1, 1], [1, 1])
    values = tensor(persistent("7", 4, view=b"N"), 0, [1], [1])
    for title, at, shape, why in (("out of bounds", 9, 4, "outside of its shape"), ("huge", 0, 1 << 50, "unfold")):
        made = call(sparse, layout, tup(indices, values, sizes([shape])))
        yield (
            f"sparse index {title}",
            legacy(made, ["7", "8"], record(FLOATS) + record(struct.pack("<q", at), itemsize=8)),
            why,
        )


def archives() -> Iterator[Attack]:
    """Zip and tar archives that two readers would read differently."""
    good = saved(tensor(persistent("0", 4), 0, [4], [1]), {"0": FLOATS})
    end = good.rindex(b"PK\x05\x06")
    first = good.index(b"PK\x01\x02")
    second = good.index(b"PK\x01\x02", first + 1)
    yield "storage key with a path", saved(persistent("../0", 4), {"../0": FLOATS}), "leads out|storage key"
    yield "absolute member", archive({"data.pkl": pickle(b"N")}, root="/a"), "leads out"
    yield "parent in a member", archive({"data.pkl": pickle(b"N"), "../x": b""}), "leads out"
    yield "member missing", saved(persistent("0", 4), {}), "missing"
    yield "member of another size", saved(persistent("0", 4), {"0": FLOATS * 2}), "bytes; its storage has"
    yield "wrong checksum", good.replace(FLOATS, FLOATS[::-1]), "checksum"
    yield "bytes behind an archive", good + b"x", "end record"
    yield "archive cut short", good[: end - 5], "end record"
    yield "bytes in front of the first member", b"PK\x03\x04" + good, "zip"
    yield (
        "member twice",
        good[:second] + good[first:second] + good[second:end] + _end(good, end, 1, second - first),
        "two zip|otherwise|overlap",
    )
    yield (
        "overlapping members",
        good[: second + 42] + good[first + 42 : first + 46] + good[second + 46 :],
        "overlaps|otherwise",
    )
    yield "encrypted member", good[: first + 8] + b"\x01" + good[first + 9 :], "encrypted"
    yield "patched member", good[: first + 8] + b"\x20" + good[first + 9 :], "patched"
    yield "patched member in the local header alone", good[:6] + b"\x20" + good[7:], "contradicts"
    yield "unknown compression", good[: first + 10] + b"\x0c" + good[first + 11 :], "compression"
    yield "local header of another name", good.replace(b"archive/data.pkl", b"archive/data.plk", 1), "contradicts"
    yield "count of members too large", good[: end + 8] + b"\xff\x7f\xff\x7f" + good[end + 12 :], "zip directory"
    yield "directory outside of the file", good[: end + 16] + b"\xff\xff\xff\x7f" + good[end + 20 :], "zip"
    yield "no pickle inside", archive({"x.txt": b""}), "not written by torch.save"
    yield "byte order unknown", saved(b"N", {}, byteorder=b"middle"), "byte order"
    whole_tar = {"storages": pickle(b"K\0") + pickle(b"]"), "tensors": pickle(b"K\0"), "pickle": pickle(b"N")}
    yield "link in a tar", tar(whole_tar, kind=b"2"), "tar member"
    yield "path in a tar", tar({"../../pickle": pickle(b"N"), **whole_tar}), "tar member"
    yield "tar member twice", tar(whole_tar)[:-1024] + tar({"pickle": pickle(b"N")}), "two tar members"
    yield "tar of wrong checksum", b"S" + tar(whole_tar)[1:], "checksum"
    yield "tar member that ends early", tar(whole_tar)[:516], "extends beyond the end"
    yield "tar of links only", tar({"sys_info": b""}), "without"


def _end(good: bytes, end: int, more: int, longer: int) -> bytes:
    """The end record of an archive with more members and a longer directory."""
    fields = list(struct.unpack("<4s4H2IH", good[end:]))
    fields[3] += more
    fields[4] += more
    fields[5] += longer
    return struct.pack("<4s4H2IH", *fields)


def broken() -> Iterator[Attack]:
    """Files that are simply damaged, or something else."""
    yield "empty pickle", b".", "ends early"
    yield "no end", b"\x80\x04K\x01", "ends early"
    yield "memo entry that is none", pickle(b"h\x05"), "memo entry"
    yield "mark that is none", pickle(b"t"), "ends early|stack"
    yield "left over", pickle(b"NN"), "left on the stack"
    yield "text that is no UTF-8", pickle(b"X\x02\x00\x00\x00\xff\xff"), "malformed text"
    yield "escape of Python 2", b"S'\\x9'\n.", "escape"
    yield "string without quotes", b"Sabc\n.", "quotes"
    yield "protocol 9", b"\x80\x09N.", "protocol 9"
    yield "unknown instruction", pickle(b"\xfe"), "not a pickle instruction"
    yield "odd items", pickle(b"}(K\x01u"), "without its value"
    yield "NumPy file", b"\x93NUMPY\x01\x00v\x00", "ends early"
    yield "Git LFS pointer", b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"
    yield "web page", b"<!DOCTYPE html><html></html>", "web page"
    yield "whole number that is none", b"Iabc\n.", "malformed text or number"


def attacks() -> list[Attack]:
    """All of them."""
    return [*code(), *time_and_memory(), *plain_data(), *arrays(), *tensors(), *archives(), *broken()]

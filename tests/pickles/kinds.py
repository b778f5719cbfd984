"""Values that pickles of this field hold beside tensors and arrays, and NumPy's own files; each with what is read from it."""

import argparse
import array
import collections
import dataclasses
import datetime
import enum
import io
import pickle
import types
import uuid
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np

UTC = datetime.UTC
MOMENT = datetime.datetime(2024, 2, 29, 13, 5, 7, 123456, datetime.timezone(datetime.timedelta(hours=2), "CEST"))
GRID = np.arange(6).reshape(2, 3)
RECORDS = np.array([(1, 2.5, "a"), (3, 4.5, "b")], [("frame", "i4"), ("score", "f4"), ("gloss", "U4")])


class Handshape(enum.Enum):
    """A class that no reader of pickles knows."""

    FIST = 1
    FLAT = 2


@dataclasses.dataclass
class Sequence:
    """Another one."""

    name: str
    frames: Any


class Settings(dict[str, Any]):
    """A dictionary whose items are attributes too, like EasyDict."""

    def __init__(self, **items: Any) -> None:
        super().__init__()
        for key, value in items.items():
            setattr(self, key, value)

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        super().__setitem__(name, value)


class Track(list[Any]):
    """A list with attributes."""


class Landmarks(np.ndarray[Any, Any]):
    """An array of a class of one's own."""


def track() -> Track:
    """A list with an attribute."""
    found = Track([np.arange(2), 7])
    found.camera = "left"  # type: ignore[attr-defined]
    return found


def loop() -> Any:
    """An object that points to the one that holds it."""
    parent, child = types.SimpleNamespace(points=np.arange(3)), types.SimpleNamespace(points=np.ones(2), parent=None)
    parent.child, child.parent = child, parent
    return parent


# Name -> (what is pickled, what is read).
DATA: dict[str, tuple[Any, Any]] = {
    "numpy whole numbers as keys": ({np.int64(3): "a", np.uint8(255): "b"}, {3: "a", 255: "b"}),
    "numpy text as keys": ({np.str_("hello"): 1, np.bytes_(b"x"): 2}, {"hello": 1, b"x": 2}),
    "numpy floats and truth values as keys": ({np.float32(0.5): 1, np.bool_(True): 2}, {0.5: 1, True: 2}),
    "numpy numbers in tuples as keys": ({(np.int32(1), np.str_("a"), 2): 5}, {(1, "a", 2): 5}),
    "numpy dates as keys": ({np.datetime64("2024-02-29"): 1}, {np.datetime64("2024-02-29"): 1}),
    "numpy numbers in a set": ({np.int16(4), np.int16(-4)}, {4, -4}),
    "bytes as keys": (
        {b"smplx": 1, b"x" * 300: 2, (b"y" * 300, 1): 3},
        {b"smplx": 1, b"x" * 300: 2, (b"y" * 300, 1): 3},
    ),
    "paths as keys": ({PurePosixPath("/data/a.mp4"): 1}, {"/data/a.mp4": 1}),
    "dates as keys": ({datetime.date(2024, 1, day): day for day in range(1, 32)},) * 2,
    "masked array": (np.ma.MaskedArray([[1.5, 2.0], [3.0, 4.0]], [[True, False], [False, True]], fill_value=-1.0),) * 2,
    "masked array in columns": (np.ma.MaskedArray(np.asfortranarray(GRID), mask=GRID > 3),) * 2,
    "masked records": (np.ma.MaskedArray(RECORDS, mask=[(0, 1, 0), (1, 0, 0)]),) * 2,
    "matrix": (np.array([[1, 2], [3, 4]]).view(np.matrix), np.array([[1, 2], [3, 4]])),
    "record array": (RECORDS.view(np.recarray), RECORDS),
    "record": (RECORDS.view(np.recarray)[1], RECORDS[1]),
    "character array": (np.char.array(["a", "bc"]), np.array(["a", "bc"])),
    "numpy type": (np.float32, "numpy.float32"),
    "deque": (collections.deque([1, "a", None], maxlen=5), [1, "a", None]),
    "paths": (
        [PurePosixPath("/data/a b.mp4"), PureWindowsPath("C:/clips/ä.mp4")],
        ["/data/a b.mp4", "C:\\clips\\ä.mp4"],
    ),
    "moment": (MOMENT,) * 2,
    "moment in universal time": (datetime.datetime(2024, 12, 31, 23, 59, 59, tzinfo=UTC),) * 2,
    "times": ([datetime.date(1, 1, 1), datetime.time(23, 59, 59, 7), datetime.timedelta(-1, 5, 7)],) * 2,
    "decimal numbers": ([Decimal("1.50"), Decimal("-1E+30")],) * 2,
    "fraction": (Fraction(30000, 1001),) * 2,
    "identifier": (uuid.UUID(int=7), "00000000-0000-0000-0000-000000000007"),
    "typed arrays": (
        [array.array("d", [1.5, -2]), array.array("H", [7])],
        [np.array([1.5, -2]), np.array([7], np.uint16)],
    ),
}
# Name -> (what is pickled, what `skip_unknown` reads).
FOREIGN: dict[str, tuple[Any, Any]] = {
    "namespace": (
        argparse.Namespace(rate=0.1, weights=np.arange(3)),
        {"(class)": "argparse.Namespace", "rate": 0.1, "weights": np.arange(3)},
    ),
    "dataclass": (
        [Sequence("a", np.ones((2, 2)))],
        [{"(class)": "tests.pickles.kinds.Sequence", "name": "a", "frames": np.ones((2, 2))}],
    ),
    "dictionary with attributes": (
        Settings(lr=0.5, mean=np.arange(2)),
        {"(class)": "tests.pickles.kinds.Settings", "lr": 0.5, "mean": np.arange(2)},
    ),
    "list with attributes": (
        track(),
        {"(class)": "tests.pickles.kinds.Track", "(items)": [np.arange(2), 7], "camera": "left"},
    ),
    "members of an enumeration as keys": (
        {Handshape.FIST: np.arange(1), Handshape.FLAT: 2},
        {"tests.pickles.kinds.Handshape(1)": np.arange(1), "tests.pickles.kinds.Handshape(2)": 2},
    ),
    "array of a class": (
        np.arange(6.0).reshape(2, 3).view(Landmarks),
        {"(class)": "tests.pickles.kinds.Landmarks", "(array)": np.arange(6.0).reshape(2, 3)},
    ),
    "objects that point back": (
        loop(),
        {
            "(class)": "types.SimpleNamespace",
            "points": np.arange(3),
            "child": {
                "(class)": "types.SimpleNamespace",
                "points": np.ones(2),
                "parent": "the types.SimpleNamespace that holds this",
            },
        },
    ),
    "function": ({"activation": len, "bias": np.zeros(2)}, {"activation": "builtins.len", "bias": np.zeros(2)}),
}


def npy(value: Any) -> bytes:
    """What `np.save` writes."""
    stream = io.BytesIO()
    np.save(stream, value, allow_pickle=True)
    return stream.getvalue()


def npz(packed: bool = False, **values: Any) -> bytes:
    """What `np.savez` or `np.savez_compressed` writes."""
    stream = io.BytesIO()
    (np.savez_compressed if packed else np.savez)(stream, **values)
    return stream.getvalue()


def ragged() -> "np.ndarray[Any, Any]":
    """An array of clips of different lengths."""
    found = np.empty(2, object)
    found[0], found[1] = np.ones((2, 3)), np.zeros((4, 3), np.float32)
    return found


# Name -> (the file, what is read).
NUMPY_FILES: dict[str, tuple[bytes, Any]] = {
    "numbers": (npy(np.arange(6, dtype=np.int16).reshape(2, 3)), np.arange(6, dtype=np.int16).reshape(2, 3)),
    "columns": (npy(np.asfortranarray(np.arange(6.0).reshape(2, 3))), np.arange(6.0).reshape(2, 3)),
    "a single number": (npy(np.float64(2.5)), np.array(2.5)),
    "no rows": (npy(np.zeros((0, 3))), np.zeros((0, 3))),
    "text": (npy(np.array(["a", "äö"])), np.array(["a", "äö"])),
    "records": (npy(RECORDS), RECORDS),
    "dates": (npy(np.array(["2024-02-29"], "M8[ms]")), np.array(["2024-02-29"], "M8[ms]")),
    "a dictionary": (npy({"smplx": np.arange(4), "name": "a"}), {"smplx": np.arange(4), "name": "a"}),
    "clips of different lengths": (npy(ragged()), ragged()),
    "an archive": (npz(a=np.arange(3), b=np.array("x")), {"a": np.arange(3), "b": np.array("x")}),
    "a packed archive": (npz(True, a=np.arange(300)), {"a": np.arange(300)}),
    "an archive with objects": (
        npz(clips=ragged(), meta=np.array({"fps": 25})),
        {"clips": ragged(), "meta": {"fps": 25}},
    ),
}


def files() -> list[bytes]:
    """All of them, by three protocols."""
    values = [value for value, _ in (*DATA.values(), *FOREIGN.values())]
    return [pickle.dumps(value, protocol) for value in values for protocol in (0, 2, 4)] + [
        f for f, _ in NUMPY_FILES.values()
    ]

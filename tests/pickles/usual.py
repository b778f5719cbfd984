"""Plain pickles with torch tensors as Python's own pickler writes them: with a memo and frames."""

import io
import pickle
from collections import OrderedDict
from typing import Any, NamedTuple

import numpy as np

from signjax.pickles.write import CudaTensor, legacy_storage


class _Foreign(NamedTuple):
    """A name from torch, which is written without being imported."""

    module: str
    name: str

    def __call__(self) -> None:
        """The pickler only writes a callable as the function of a call."""


class _Storage(NamedTuple):
    stream: bytes


_REBUILD = _Foreign("torch._utils", "_rebuild_tensor_v2")
_LOAD = _Foreign("torch.storage", "_load_from_bytes")


class _Pickler(pickle._Pickler):  # type: ignore[name-defined,misc]
    def reducer_override(self, value: Any) -> Any:
        if type(value) is CudaTensor:
            array = value.array
            strides = tuple(step // array.itemsize for step in array.strides)
            stream = legacy_storage(np.ravel(array, order="K"), value.device)
            storage = _Storage(stream.replace(b"X\1\0\0\x000", b"X\x0e\0\0\x0094864206775088"))  # torch has an address
            return _REBUILD, (storage, 0, array.shape, strides, False, OrderedDict())
        if type(value) is _Storage:
            return _LOAD, (value.stream,)
        return value.name if type(value) is _Foreign else NotImplemented

    def save_global(self, value: Any, name: str | None = None) -> None:
        if type(value) is _Foreign:
            self.save(value.module)
            self.save(value.name)
            self.write(pickle.STACK_GLOBAL)
            self.memoize(value)
        else:
            super().save_global(value, name)


def usual(tree: Any, protocol: int = 4, frame: int = 1 << 16) -> bytes:
    """The pickle of a tree with `CudaTensor` in it, by protocol 4 or 5; objects of `frame` bytes or more are outside frames."""
    stream = io.BytesIO()
    pickler = _Pickler(stream, protocol)
    pickler.framer._FRAME_SIZE_TARGET = frame
    pickler.dump(tree)
    return stream.getvalue()


def clips() -> list[bytes]:
    """Small files, some with frames as large ones have them."""
    rng = np.random.default_rng(0)

    def clip(frames: int) -> dict[str, Any]:
        return {
            "valid": CudaTensor(rng.random(frames) > 0.5),
            "points": CudaTensor(rng.random((frames, 4, 3), np.float32)),
            "pose": CudaTensor(rng.random((frames, 300), np.float32), "cpu"),
            "count": CudaTensor(np.int64(frames)),
            "height": frames,
        }

    one = clip(3)
    other = CudaTensor(np.asfortranarray(rng.random((2, 3))), "cuda:1")
    return [
        usual(clip(2)),
        usual(clip(5), 5, frame=400),
        usual([clip(1), clip(2), [one["points"], one["pose"], one["points"]], other], frame=700),
        usual({"a" * 300: one["pose"], "é": [other, one["valid"], CudaTensor(np.zeros((0, 3)))], 7: one["points"]}),
        usual([CudaTensor(np.arange(i + 1.0)) for i in range(40)], frame=100),
    ]


def arrays() -> list[bytes]:
    """Small files of NumPy arrays, some with tensors among them and with frames as large files have them."""
    rng = np.random.default_rng(1)

    def clip(frames: int) -> dict[str, Any]:
        return {
            "index": np.arange(frames),
            "points": rng.random((frames, 4, 3), np.float32),
            "pose": rng.random((frames, 300), np.float32),
            "focal": np.full((frames, 2), 14921.8),
            "valid": rng.random(frames) > 0.5,
            "height": frames,
            "wide": rng.random((frames, 2, 2)),
            "swapped": np.arange(frames, dtype=">i4"),
            "names": np.array(["left", "right"]),
            "columns": np.asfortranarray(rng.random((frames + 1, 3))),
            "none": np.zeros((0, 3)),
            "one": np.array(3.5),
            "objects": np.array([1, "two", None], object),
            "last": np.arange(3, dtype=np.uint8),
        }

    one = clip(3)
    return [
        usual(clip(2)),
        usual(clip(5), frame=400),
        usual([one["points"], one["pose"], one["points"], [one["index"], one["valid"]], one["focal"]], frame=700),
        usual(
            {"valid": CudaTensor(one["valid"]), **{key: one[key] for key in ("points", "pose")}, "é" * 90: one["focal"]}
        ),
        usual([np.arange(i + 1.0) for i in range(40)], frame=100),
    ]

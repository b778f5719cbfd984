"""Placeholders for NumPy's arrays and scalars, and how they become arrays."""

from collections.abc import Callable
from typing import Any

import numpy as np

from signjax.pickles.limits import PickleError
from signjax.pickles.objects.numpy_dtypes import DtypePlaceholder
from signjax.pickles.objects.placeholders import Name, Placeholder
from signjax.pickles.objects.torch_placeholders import ResolverInterface
from signjax.pickles.strided_view import (
    Block,
    View,
    c_strides,
    check_shape,
)

NDARRAY = Name("numpy.ndarray")


class ArrayPlaceholder(Placeholder):
    """`_reconstruct(ndarray, (0,), b"b")`; BUILD sets its state (version, shape, dtype, is_fortran, data).

    `ready` is the view if the array was already checked when it was read.
    """

    __slots__ = ("ready", "state")

    def __init__(self, arguments: tuple[Any, ...], ready: View | None = None) -> None:
        self.ready = ready
        if not arguments or type(arguments[0]) is not Name or arguments[0].name != "numpy.ndarray":
            raise PickleError("an array of a class other than numpy.ndarray")
        self.state: tuple[Any, ...] | None = None

    def build(self, state: Any) -> None:
        """Stores the state. It is never passed to NumPy's own `__setstate__`, which trusts its input."""
        if self.state is not None or self.ready is not None:
            raise PickleError("an array that is given its state twice")
        if type(state) is not tuple or len(state) not in (4, 5):
            raise PickleError("an array whose state is not a tuple of 4 or 5 values")
        self.state = state[-4:]

    def view(self, resolver: ResolverInterface) -> View | None:
        """The checked view of the data; None for an array of objects."""
        shape, dtype, fortran, data = self._parts()
        if type(dtype) is DtypePlaceholder:
            dtype.count_fields(resolver)
        return view_of(shape, dtype, fortran, data)

    def resolve(self, resolver: ResolverInterface) -> Any:
        """The array."""
        return strided(resolver, *self._parts())

    def _parts(self) -> tuple[Any, Any, bool, Any]:
        if self.state is None:
            raise PickleError("an array that is never given its state")
        shape, dtype, fortran, data = self.state
        if type(fortran) not in (bool, int):
            raise PickleError("an array whose order is not a Boolean")
        return shape, dtype, bool(fortran), data


class FrombufferPlaceholder(Placeholder):
    """`numpy.core.numeric._frombuffer(data, dtype, shape, order)`: how protocol 5 writes an array."""

    __slots__ = ("arguments",)

    def __init__(self, arguments: tuple[Any, ...]) -> None:
        if len(arguments) != 4 or arguments[3] not in ("C", "F"):
            raise PickleError("an array from a buffer that is not (data, dtype, shape, order)")
        self.arguments = arguments

    def view(self, resolver: ResolverInterface) -> View | None:
        """The checked view of the data; None for an array of objects."""
        data, dtype, shape, order = self.arguments
        if type(dtype) is DtypePlaceholder:
            dtype.count_fields(resolver)
        return view_of(shape, dtype, order == "F", data)

    def resolve(self, resolver: ResolverInterface) -> Any:
        """The array."""
        data, dtype, shape, order = self.arguments
        return strided(resolver, shape, dtype, order == "F", data)


class ScalarPlaceholder(Placeholder):
    """`numpy.core.multiarray.scalar(dtype, data)`."""

    __slots__ = ("_key", "arguments")

    def __init__(self, arguments: tuple[Any, ...]) -> None:
        if len(arguments) != 2:
            raise PickleError("a NumPy scalar that is not (dtype, data)")
        self.arguments = arguments
        self._key: Any = None

    def as_key(self, spend: Callable[[int], None]) -> Any:
        """The Python number or text that equals the scalar; dates stay NumPy's."""
        if self._key is None:
            dtype, data = self.arguments
            view = view_of((), dtype, False, data)
            if (
                view is None
                or view.dtype.kind not in "biufSUMm"
                or (view.dtype.kind == "f" and view.dtype.itemsize > 8)
            ):
                raise PickleError("a NumPy scalar as a key that is not a number, text or date")
            spend(view.nbytes)
            found = view.array()[()]
            self._key = found if view.dtype.kind in "Mm" else found.item()
        return self._key

    def resolve(self, resolver: ResolverInterface) -> Any:
        """The scalar, as a NumPy scalar rather than an array."""
        dtype, data = self.arguments
        found = strided(resolver, (), dtype, False, data)
        return found[()] if isinstance(found, np.ndarray) else found


def strided(resolver: ResolverInterface, shape: Any, dtype: Any, fortran: bool, data: Any) -> Any:
    """Builds the array of a shape and dtype with `data` as its bytes or objects."""
    if type(dtype) is DtypePlaceholder:
        dtype.count_fields(resolver)
    view = view_of(shape, dtype, fortran, data)
    return _object_array(resolver, tuple(shape), fortran, data) if view is None else resolver.leaf(view)


def view_of(shape: Any, dtype: Any, fortran: bool, data: Any) -> View | None:
    """The checked view of `data` with a shape and dtype; None for objects, whose number is checked."""
    if type(dtype) is not DtypePlaceholder:
        raise PickleError("an array whose dtype is none")
    if type(shape) is list:
        shape = tuple(shape)
    count = check_shape(shape)
    if dtype.is_object:
        if type(data) is not list or len(data) != count:
            raise PickleError(f"an object array of shape {shape} without its {count} objects")
        return None
    found = dtype.numpy()
    if found.subdtype is not None:
        raise PickleError("an array whose elements are arrays")
    raw = payload(data)
    strides = c_strides(shape[::-1])[::-1] if fortran else None
    if len(raw) != count * found.itemsize:
        raise PickleError(f"an array of shape {shape} and dtype {found} with {len(raw)} bytes of data")
    return View(Block(raw), found, shape, strides, count=0 if fortran else count)


def payload(data: Any) -> memoryview | bytes | bytearray:
    """The bytes of an array or storage; ASCII strings from Python 2 arrive as text."""
    if type(data) is str and data.isascii():
        return data.encode("ascii")
    if type(data) not in (memoryview, bytes, bytearray):
        raise PickleError(f"data that are a {type(data).__name__} instead of bytes")
    return data


def _object_array(resolver: ResolverInterface, shape: tuple[int, ...], fortran: bool, data: list[Any]) -> Any:
    flat = np.empty(len(data), object)
    for i, item in enumerate(data):
        flat[i] = resolver.value(item)
    return flat.reshape(shape, order="F" if fortran else "C")

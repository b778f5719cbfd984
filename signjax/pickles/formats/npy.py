"""NumPy's `.npy` files, of which a `.npz` archive is made; an array of Python objects holds a pickle."""

from typing import Any

from signjax.pickles.formats.npy_header import read_header
from signjax.pickles.interpreter import machine
from signjax.pickles.limits import Limits, PickleError
from signjax.pickles.objects.numpy_placeholders import ArrayPlaceholder
from signjax.pickles.objects.placeholders import Placeholder
from signjax.pickles.objects.torch_placeholders import ResolverInterface
from signjax.pickles.strided_view import Block, View, c_strides


class NpyArray(Placeholder):
    """An array of numbers or text from a `.npy` file."""

    __slots__ = ("_view",)

    def __init__(self, view: View) -> None:
        self._view = view

    def resolve(self, resolver: ResolverInterface) -> Any:
        """The array."""
        return resolver.leaf(self._view)


class NpyObjects(Placeholder):
    """An array of objects from a `.npy` file; an array without dimensions becomes the object that it holds."""

    __slots__ = ("_array",)

    def __init__(self, array: ArrayPlaceholder) -> None:
        self._array = array

    def resolve(self, resolver: ResolverInterface) -> Any:
        """The array, or what `np.save` was given if that was not an array, such as a dictionary."""
        found = resolver.value(self._array)
        return found[()] if found.shape == () else found


def read(content: memoryview, limits: Limits) -> Placeholder:
    """Reads a whole `.npy` file; returns the placeholder for its array."""
    header = read_header(content)
    if header.dtype is None:
        try:
            value, end = machine.run(memoryview(bytes(content[header.end :])), 0, limits)
        except PickleError as error:
            raise PickleError(f"the objects of the array, {error}") from None
        if header.end + end != len(content):
            raise PickleError(f"{len(content) - header.end - end} bytes after the objects of a NumPy array")
        if type(value) is not ArrayPlaceholder or value.state is None or not _is_objects(value):
            raise PickleError("a NumPy array of objects without its objects")
        return NpyObjects(value)
    strides = c_strides(header.shape[::-1])[::-1] if header.fortran else None
    view = View(Block(content[header.end :], in_place=True), header.dtype, header.shape, strides)
    if view.nbytes != len(content) - header.end:
        raise PickleError(
            f"an array of shape {header.shape} and dtype {header.dtype} with {len(content) - header.end} bytes of data"
        )
    return NpyArray(view)


def holds_objects(content: memoryview) -> bool:
    """Whether a `.npy` file holds a pickle of objects."""
    return read_header(content).dtype is None


def _is_objects(array: ArrayPlaceholder) -> bool:
    return array.state is not None and getattr(array.state[1], "is_object", False)

"""joblib's arrays: a wrapper in the pickle, immediately followed by the numbers, in the middle of the stream."""

from typing import Any

from signjax.pickles.limits import PickleError
from signjax.pickles.objects.numpy_dtypes import DtypePlaceholder
from signjax.pickles.objects.numpy_placeholders import NDARRAY, strided
from signjax.pickles.objects.placeholders import Name, Placeholder
from signjax.pickles.objects.torch_placeholders import ResolverInterface
from signjax.pickles.objects.unknown import UnknownName
from signjax.pickles.strided_view import check_shape


def _is_array(of: Any) -> bool:
    """Whether a class is that of NumPy's arrays, or an unknown one, whose numbers are kept."""
    return type(of) is UnknownName or (type(of) is Name and of.name == NDARRAY.name)


class JoblibArray(Placeholder):
    """`joblib.numpy_pickle.NumpyArrayWrapper`: its state gives shape, order and dtype; the machine then passes it the data."""

    __slots__ = ("data", "dtype", "fortran", "padded", "shape")

    def __init__(self, _arguments: tuple[Any, ...]) -> None:
        self.dtype: DtypePlaceholder | None = None
        self.data: Any = None

    def build(self, state: Any) -> None:
        """Sets the wrapper's attributes."""
        if self.dtype is not None:
            raise PickleError("a joblib array whose state is set twice")
        match state:
            case {"subclass": of, "shape": shape, "order": "C" | "F" as order, "dtype": dtype} if _is_array(of):
                self.shape = shape
                self.fortran = order == "F"
            case _:
                raise PickleError(
                    "a joblib array without shape, order and dtype, or of a class other than numpy.ndarray"
                )
        if type(dtype) is not DtypePlaceholder:
            raise PickleError("a joblib array with an invalid dtype")
        self.padded = state.get("numpy_array_alignment_bytes") is not None
        check_shape(self.shape)
        self.dtype = dtype

    def take(self, buffer: memoryview, pos: int) -> int:
        """Finds the numbers at `pos`, after the padding and its length byte if there is any; returns the end offset."""
        if self.dtype is None:
            raise PickleError("a joblib array without its state")
        if self.padded:
            pos += 1 + buffer[pos]
        size = check_shape(self.shape) * self.dtype.numpy().itemsize
        if size > len(buffer) - pos:
            raise PickleError(
                f"a joblib array of {size} bytes, but only {len(buffer) - pos} bytes are left in the file"
            )
        self.data = buffer[pos : pos + size]
        return pos + size

    def resolve(self, resolver: ResolverInterface) -> Any:
        """The array."""
        if self.dtype is None or self.data is None:
            raise PickleError("a joblib array without its data")
        if self.dtype.is_object:
            return resolver.value(self.data)
        return strided(resolver, self.shape, self.dtype, self.fortran, self.data)

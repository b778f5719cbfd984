"""NumPy's masked arrays: an array, and which of its elements are masked."""

from typing import Any

import numpy as np

from signjax.pickles.limits import PickleError
from signjax.pickles.objects.numpy_dtypes import DtypePlaceholder
from signjax.pickles.objects.numpy_placeholders import (
    ArrayPlaceholder,
    FrombufferPlaceholder,
    ScalarPlaceholder,
    payload,
    view_of,
)
from signjax.pickles.objects.placeholders import Placeholder
from signjax.pickles.objects.torch_placeholders import ResolverInterface
from signjax.pickles.strided_view import Block, View


class MaskedView(View):
    """A view whose array is a masked array."""

    __slots__ = ("fill", "mask")

    def __init__(self, data: View, mask: View, fill: View | None) -> None:
        super().__init__(data.block, data.dtype, data.shape, None if data.strides is None else _steps(data))
        self.mask = mask
        self.fill = fill

    def data(self) -> View:
        """The elements, masked ones included."""
        return View(self.block, self.dtype, self.shape, None if self.strides is None else _steps(self))

    def array(self) -> "np.ndarray[Any, Any]":
        """The masked array."""
        fill: Any = None if self.fill is None else self.fill.array()[()]
        return np.ma.MaskedArray(super().array(), mask=self.mask.array(), fill_value=fill)


def _steps(view: View) -> tuple[int, ...]:
    return tuple([step // view.dtype.itemsize for step in view.strides or ()])


class MaskedPlaceholder(Placeholder):
    """`numpy.ma.core._mareconstruct(...)`; BUILD sets its state (version, shape, dtype, order, data, mask, fill value)."""

    __slots__ = ("_state",)

    def __init__(self, _arguments: tuple[Any, ...]) -> None:
        self._state: tuple[Any, ...] | None = None

    def build(self, state: Any) -> None:
        """Stores the state."""
        if self._state is not None or type(state) is not tuple or len(state) != 7:
            raise PickleError("a masked array whose state is not a tuple of 7 values, or is set twice")
        self._state = state

    def resolve(self, resolver: ResolverInterface) -> Any:
        """The masked array."""
        if self._state is None:
            raise PickleError("a masked array that is never given its state")
        _, shape, dtype, fortran, data, mask, fill = self._state
        if type(dtype) is not DtypePlaceholder or type(fortran) not in (bool, int):
            raise PickleError("a masked array without its dtype or order")
        dtype.count_fields(resolver)
        view = view_of(shape, dtype, bool(fortran), data)
        if view is None:
            raise PickleError("a masked array of objects")
        kind = np.ma.make_mask_descr(view.dtype)
        raw = payload(mask)
        count = view.nbytes // view.dtype.itemsize if view.dtype.itemsize else 0
        if len(raw) != count * kind.itemsize:
            raise PickleError(f"a masked array of {count} elements with a mask of {len(raw)} bytes")
        steps = None if view.strides is None else _steps(view)
        resolver.reserve(len(raw))
        return resolver.leaf(MaskedView(view, View(Block(raw), kind, view.shape, steps), _fill(fill, view, resolver)))


def _fill(fill: Any, view: View, resolver: ResolverInterface) -> View | None:
    """The fill value, if it is one of the array's own type."""
    found = None
    if type(fill) is ScalarPlaceholder and len(fill.arguments) == 2:
        found = view_of((), fill.arguments[0], False, fill.arguments[1])
    elif type(fill) is ArrayPlaceholder or type(fill) is FrombufferPlaceholder:
        found = fill.view(resolver)
    return found if found is not None and found.shape == () and found.dtype == view.dtype else None

"""Sparse and quantised tensors: expanded if the result is exact, else refused by name."""

import math
from typing import Any

import numpy as np

from signjax.pickles.limits import PickleError
from signjax.pickles.objects.placeholders import Name, Placeholder
from signjax.pickles.objects.torch_dtypes import DTYPES
from signjax.pickles.objects.torch_placeholders import (
    ResolverInterface,
    Storage,
    Tensor,
    sizes,
    storage_of,
)
from signjax.pickles.strided_view import Block, View, check_shape

_INTEGERS = {"quint8": np.uint8, "qint8": np.int8, "qint32": np.int32}
_LARGEST_ZERO = 1 << 31
_EXACT_BITS = 53  # of a float64


class SparseTensor(Placeholder):
    """`torch._utils._rebuild_sparse_tensor(layout, parts)`: COO, CSR and CSC become dense arrays."""

    __slots__ = ("arguments",)

    def __init__(self, arguments: tuple[Any, ...]) -> None:
        if len(arguments) != 2 or type(arguments[0]) is not Name or type(arguments[1]) is not tuple:
            raise PickleError("a sparse tensor that is not (layout, parts)")
        self.arguments = arguments

    def resolve(self, resolver: ResolverInterface) -> Any:
        """The dense array."""
        layout, parts = self.arguments[0].name, self.arguments[1]
        if layout == "torch.sparse_coo" and len(parts) in (3, 4):
            indices, values, shape = self._parts(resolver, parts[:3])
            rows = indices.array()
        elif layout in ("torch.sparse_csr", "torch.sparse_csc") and len(parts) == 4:
            starts, others, values, shape = self._parts(resolver, parts)
            rows = _compressed(starts.array(), others.array(), shape, by_row=layout == "torch.sparse_csr")
        else:
            raise PickleError(f"a sparse tensor of layout {layout}; save `tensor.to_dense()` instead")
        numbers = values.array()
        dense = _scatter(resolver, rows, numbers, shape)
        return resolver.leaf(
            View(Block(dense.reshape(-1).view(np.uint8).data), dense.dtype, shape, device=values.device)
        )

    @staticmethod
    def _parts(resolver: ResolverInterface, parts: tuple[Any, ...]) -> Any:
        *tensors, shape = parts
        if not all(type(tensor) is Tensor for tensor in tensors):
            raise PickleError("a sparse tensor whose parts are not tensors")
        check_shape(sizes(shape))
        return *(tensor.view(resolver) for tensor in tensors), shape


def _scatter(resolver: ResolverInterface, rows: Any, values: Any, shape: tuple[int, ...]) -> "np.ndarray[Any, Any]":
    """Scatters values (entries, ...) into a dense array of zeros, at indices `rows` (indexed dimensions, entries)."""
    if rows.dtype != np.int64 or rows.ndim != 2 or not 0 < len(rows) <= len(shape) or not values.ndim:
        raise PickleError("a sparse tensor whose indices are not a matrix of whole numbers")
    if values.shape != (rows.shape[1], *shape[len(rows) :]):
        raise PickleError(f"a sparse tensor of shape {shape} with values of shape {values.shape}")
    bounds = np.array(shape[: len(rows)], np.int64)[:, None]
    if ((rows < 0) | (rows >= bounds)).any():
        raise PickleError("a sparse tensor with an index outside of its shape")
    resolver.reserve(math.prod(shape) * values.itemsize)
    flat = np.ravel_multi_index(tuple(rows), shape[: len(rows)]) if rows.size else np.empty(0, np.int64)
    if len(np.unique(flat)) != len(flat):
        raise PickleError("a sparse tensor with two values at one place; save `tensor.coalesce()` instead")
    dense = np.zeros(shape, values.dtype)
    dense.reshape(math.prod(shape[: len(rows)]), *shape[len(rows) :])[flat] = values
    return dense


def _compressed(starts: Any, others: Any, shape: tuple[int, ...], by_row: bool) -> "np.ndarray[Any, Any]":
    """Converts the row (or column) starts and column (or row) numbers of a compressed sparse matrix to indices (2, N)."""
    if len(shape) != 2 or starts.ndim != 1 or others.ndim != 1 or starts.dtype.kind != "i" or others.dtype.kind != "i":
        raise PickleError("a compressed sparse tensor that is not a matrix; save `tensor.to_dense()` instead")
    lines = shape[0 if by_row else 1]
    steps = np.diff(starts)
    if len(starts) != lines + 1 or starts[0] != 0 or starts[-1] != len(others) or (steps < 0).any():
        raise PickleError("a compressed sparse tensor whose row starts do not fit its values")
    line = np.repeat(np.arange(lines, dtype=np.int64), steps)
    other = others.astype(np.int64)
    return np.stack([line, other] if by_row else [other, line])


class QuantisedTensor(Placeholder):
    """`torch._utils._rebuild_qtensor(storage, offset, shape, strides, quantiser, ...)`, dequantised to float64."""

    __slots__ = ("arguments",)

    def __init__(self, arguments: tuple[Any, ...]) -> None:
        if len(arguments) != 7 or type(arguments[4]) is not tuple or not arguments[4]:
            raise PickleError("a quantised tensor that is not made of 7 arguments")
        self.arguments = arguments

    def resolve(self, resolver: ResolverInterface) -> Any:
        """The array (stored - zero point) x scale."""
        storage = storage_of(self.arguments[0], resolver)
        name = storage.dtype.name if storage.dtype else "uint8"
        if name not in _INTEGERS:
            raise PickleError(f"a quantised tensor of {name}; save `tensor.dequantize()` instead")
        raw = Storage(DTYPES[np.dtype(_INTEGERS[name]).name], storage.key, storage.device, storage.nbytes, storage.swap)
        raw.block = storage.found()
        view = Tensor((raw, *self.arguments[1:4]), least=4).view(resolver)
        stored = view.array()
        scale, zero = self._scale(resolver, stored.shape)
        resolver.reserve(stored.size * 16)
        shifted = stored.astype(np.int64) - zero
        _check_exact(scale, int(np.abs(shifted).max(initial=0)))
        numbers = shifted * scale
        block = Block(numbers.reshape(-1).view(np.uint8).data)
        return resolver.leaf(View(block, numbers.dtype, stored.shape, device=view.device))

    def _scale(
        self, resolver: ResolverInterface, shape: tuple[int, ...]
    ) -> "tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]":
        """Scales and zero points, in shapes that broadcast to the tensor's."""
        scheme, *numbers = self.arguments[4]
        kind = scheme.name if type(scheme) is Name else "?"
        match kind, numbers:
            case "torch.per_tensor_affine", [float(scale), int(zero)] if abs(zero) < _LARGEST_ZERO:
                return np.array(scale), np.array(zero)
            case "torch.per_channel_affine", [Tensor(), Tensor(), int(axis)] if 0 <= axis < len(shape):
                scales, zeros = (tensor.view(resolver).array() for tensor in numbers[:2])
                spread = [-1 if i == axis else 1 for i in range(len(shape))]
                types = (scales.dtype, zeros.dtype) == (np.float64, np.int64)
                if types and scales.shape == zeros.shape == (shape[axis],):
                    if ((zeros <= -_LARGEST_ZERO) | (zeros >= _LARGEST_ZERO)).any():
                        raise PickleError("a quantised tensor with a zero point of more than 32 bits")
                    return scales.reshape(spread), zeros.reshape(spread)
        raise PickleError(f"a quantised tensor of scheme {kind}; save `tensor.dequantize()` instead")


def _check_exact(scale: "np.ndarray[Any, Any]", largest: int) -> None:
    """Refuses scales whose products float64 would round: the bits of scale and number together must fit."""
    for value in np.unique(scale):
        digits = math.frexp(value)[0] * 2**_EXACT_BITS if math.isfinite(value) and abs(value) > 1e-200 else 0.0
        whole = abs(int(digits))
        bits = whole.bit_length() - ((whole & -whole).bit_length() - 1) if whole else _EXACT_BITS + 1
        if bits + largest.bit_length() > _EXACT_BITS or abs(value) > 1e200:
            raise PickleError(
                f"a quantised tensor whose scale {value!r} gives no exact numbers; save `tensor.dequantize()` instead"
            )

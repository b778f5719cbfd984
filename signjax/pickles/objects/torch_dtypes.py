"""torch's dtypes and their NumPy counterparts."""

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from signjax.pickles.limits import PickleError


class TorchDtype(NamedTuple):
    """A torch dtype.

    Attributes:
      name: its name, without `torch.`.
      itemsize: bytes per element of a storage.
      numpy: the name of the NumPy or ml_dtypes type; empty if there is none.
    """

    name: str
    itemsize: int
    numpy: str


class StorageType(NamedTuple):
    """The dtype that a storage class implies; None for an untyped storage."""

    dtype: TorchDtype | None


_NUMPY = {
    **dict.fromkeys(("uint8", "int8", "bool"), 1),
    **dict.fromkeys(("int16", "uint16", "float16"), 2),
    **dict.fromkeys(("int32", "uint32", "float32"), 4),
    **dict.fromkeys(("int64", "uint64", "float64", "complex64"), 8),
    "complex128": 16,
}
_ML_DTYPES = {
    "bfloat16": 2,
    **dict.fromkeys(("float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu"), 1),
}
# Several numbers per byte, half-precision complex numbers, and uninterpreted bits: known only to be refused by name.
_WITHOUT_COUNTERPART = {
    "complex32": 4,
    "float4_e2m1fn_x2": 1,
    **dict.fromkeys(("bits8", "bits1x8", "bits2x4", "bits4x2", "quint4x2", "quint2x4"), 1),
    "bits16": 2,
    **{f"{sign}int{bits}": 1 for sign in ("", "u") for bits in range(1, 8)},
}
_QUANTISED = {"quint8": 1, "qint8": 1, "qint32": 4}

DTYPES = {
    name: TorchDtype(name, itemsize, counterpart)
    for table, has_counterpart in (
        (_NUMPY, True),
        (_ML_DTYPES, True),
        (_WITHOUT_COUNTERPART, False),
        (_QUANTISED, False),
    )
    for name, itemsize in table.items()
    for counterpart in [name if has_counterpart else ""]
}
ALIASES = {
    **{"float": "float32", "double": "float64", "half": "float16", "long": "int64", "int": "int32", "short": "int16"},
    **{"cfloat": "complex64", "cdouble": "complex128", "chalf": "complex32"},
}

STORAGES = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
    "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128",
    "QUInt8Storage": "quint8",
    "QInt8Storage": "qint8",
    "QInt32Storage": "qint32",
    "QUInt4x2Storage": "quint4x2",
    "QUInt2x4Storage": "quint2x4",
}
# The dtypes NumPy has without ml_dtypes.
NATIVE: "dict[str, np.dtype[Any]]" = {name: np.dtype(name) for name in _NUMPY}


@cache
def numpy_dtype(name: str) -> "np.dtype[np.generic]":
    """The NumPy dtype for a torch dtype; ml_dtypes is imported only if a file needs it."""
    dtype = DTYPES[name]
    if not dtype.numpy:
        raise PickleError(
            f"a tensor of dtype torch.{name}, which NumPy cannot hold; convert it in torch and save again"
        )
    if name in _ML_DTYPES:
        import ml_dtypes

        return np.dtype(getattr(ml_dtypes, name))
    return np.dtype(dtype.numpy)

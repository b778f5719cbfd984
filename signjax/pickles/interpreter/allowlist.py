"""The closed table of names a pickle may use, as exact (module, name) pairs."""

from typing import Any

from signjax.pickles.interpreter import containers
from signjax.pickles.limits import NOT_RUN, SKIP_UNKNOWN, PickleError
from signjax.pickles.objects import numpy_placeholders, special_tensors, standard_library, torch_placeholders
from signjax.pickles.objects.joblib_placeholder import JoblibArray
from signjax.pickles.objects.masked_arrays import MaskedPlaceholder
from signjax.pickles.objects.numpy_dtypes import DtypePlaceholder
from signjax.pickles.objects.placeholders import Constructor, CopyingConstructor, Name
from signjax.pickles.objects.torch_dtypes import (
    ALIASES,
    DTYPES,
    STORAGES,
    StorageType,
)
from signjax.pickles.objects.unknown import UnknownName

_ARRAY_CLASSES = (
    ("numpy", "ndarray"),
    *((module, "memmap") for module in ("numpy", "numpy.core.memmap", "numpy._core.memmap")),
    *((module, "matrix") for module in ("numpy", "numpy.matrixlib.defmatrix")),
    *((module, "recarray") for module in ("numpy", "numpy.rec", "numpy.core.records", "numpy._core.records")),
    *(
        (module, "chararray")
        for module in ("numpy", "numpy.char", "numpy.core.defchararray", "numpy._core.defchararray")
    ),
)
_SCALAR_TYPES = (
    *(
        "bool",
        "bool_",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "float16",
        "float32",
        "float64",
    ),
    *("complex64", "complex128", "str_", "bytes_", "void", "object_", "datetime64", "timedelta64"),
)


class _Table:
    """The table under construction: by (module, name), what a pickle may mention or call."""

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], Name | Constructor] = {}

    def names(self, module: str, entries: dict[str, Any]) -> None:
        """Names that a pickle may only mention, and what each means."""
        for name, meaning in entries.items():
            self.entries[module, name] = Name(f"{module}.{name}", meaning)

    def makes(self, modules: str, name: str, make: Any, is_class: bool = False) -> None:
        """A name that a pickle may call, in each of these modules."""
        for module in modules.split():
            self.entries[module, name] = Constructor(f"{module}.{name}", make, is_class)

    def copies(self, modules: str, name: str, make: Any) -> None:
        """A name that a pickle may call, whose value is a copy of its argument."""
        for module in modules.split():
            self.entries[module, name] = CopyingConstructor(f"{module}.{name}", make)


def _add_python(table: _Table) -> None:
    python = "builtins __builtin__"
    table.copies("_codecs", "encode", containers.encode)
    table.makes(python, "bytes", containers.bytes_)
    table.copies(python, "bytearray", containers.bytearray_)
    table.copies(python, "set", lambda arguments: set(containers.members(arguments)))
    table.copies(python, "frozenset", lambda arguments: frozenset(containers.members(arguments)))
    table.makes(python, "slice", containers.slice_)
    table.makes(python, "range", containers.range_)
    table.makes(python, "xrange", containers.range_)
    table.makes(python, "complex", containers.complex_)
    for module in python.split():
        table.names(module, dict.fromkeys(("int", "float", "str", "bool", "list", "dict", "tuple", "object")))
    table.copies("collections", "OrderedDict", containers.mapping)
    table.copies("collections", "Counter", containers.mapping)
    table.copies("collections", "deque", standard_library.deque)
    table.makes("collections", "defaultdict", containers.defaultdict)
    table.makes("datetime", "datetime", standard_library.moment)
    table.makes("datetime", "date", standard_library.date)
    table.makes("datetime", "time", standard_library.time)
    table.makes("datetime", "timedelta", standard_library.timedelta)
    table.makes("datetime", "timezone", standard_library.timezone)
    table.makes("decimal _decimal cdecimal", "Decimal", standard_library.number)
    table.makes("fractions", "Fraction", standard_library.fraction)
    table.makes("uuid", "UUID", standard_library.UuidPlaceholder, is_class=True)
    table.makes("array", "array", standard_library.ListedArray)
    table.makes("array", "_array_reconstructor", standard_library.TypedArray)
    paths = "pathlib pathlib._local"
    for name in ("PurePath", "PurePosixPath", "Path", "PosixPath"):
        table.makes(paths, name, standard_library.PathPlaceholder)
    for name in ("PureWindowsPath", "WindowsPath"):
        table.makes(paths, name, standard_library.windows_path)


def _add_torch(table: _Table) -> None:
    table.names("torch", dict(DTYPES))
    table.names("torch", {alias: DTYPES[name] for alias, name in ALIASES.items()})
    for module in ("torch", "torch.cuda", "torch.storage"):
        table.names(module, {name: StorageType(DTYPES[dtype]) for name, dtype in STORAGES.items()})
    table.names("torch.storage", {"UntypedStorage": StorageType(None), "_UntypedStorage": StorageType(None)})
    table.names("torch", {"UntypedStorage": StorageType(None)})
    for module in ("torch", "torch.cuda"):
        table.names(module, {name.replace("Storage", "Tensor"): None for name in STORAGES})
    table.copies("torch", "Size", torch_placeholders.size)
    table.makes("torch", "device", torch_placeholders.device)
    table.makes("torch.serialization", "_get_layout", containers.layout)
    table.makes("torch.storage", "_load_from_bytes", torch_placeholders.NestedStorage)
    table.makes("torch._utils", "_rebuild_tensor", lambda arguments: torch_placeholders.Tensor(arguments, least=4))
    table.makes("torch._utils torch._tensor", "_rebuild_tensor_v2", torch_placeholders.Tensor)
    table.makes(
        "torch._utils", "_rebuild_tensor_v3", lambda arguments: torch_placeholders.Tensor(arguments, 7, dtype_at=6)
    )
    table.makes("torch._tensor torch._utils", "_rebuild_from_type_v2", torch_placeholders.from_type)
    table.makes("torch._tensor torch._utils", "_rebuild_from_type", torch_placeholders.from_type)
    table.names("torch", {"Tensor": None})
    table.entries["torch._tensor", "Tensor"] = table.entries["torch.tensor", "Tensor"] = table.entries[
        "torch", "Tensor"
    ]
    table.makes("torch._utils", "_rebuild_sparse_tensor", special_tensors.SparseTensor)
    table.makes("torch._utils", "_rebuild_qtensor", special_tensors.QuantisedTensor)
    table.names("torch", dict.fromkeys(("per_tensor_affine", "per_channel_affine", "per_channel_affine_float_qparams")))
    table.makes("torch._utils", "_rebuild_parameter", torch_placeholders.parameter)
    table.makes("torch._utils", "_rebuild_parameter_with_state", torch_placeholders.parameter)
    table.makes("torch.nn.parameter", "Parameter", torch_placeholders.parameter)
    table.makes("torch.autograd.variable", "Variable", torch_placeholders.parameter)


def _add_numpy(table: _Table) -> None:
    # A matrix, a record array and the like are read as the plain arrays they hold.
    for module, name in _ARRAY_CLASSES:
        table.entries[module, name] = numpy_placeholders.NDARRAY
    for module in ("numpy", "numpy.rec", "numpy.core.records", "numpy._core.records"):
        table.entries[module, "record"] = Name("numpy.record")
    table.names("numpy", dict.fromkeys(_SCALAR_TYPES))
    table.makes("numpy.ma numpy.ma.core", "_mareconstruct", MaskedPlaceholder)
    for module in ("numpy.ma", "numpy.ma.core"):
        table.names(module, {"MaskedArray": None})
    table.makes("joblib.numpy_pickle", "NumpyArrayWrapper", JoblibArray, is_class=True)
    table.makes("numpy", "dtype", DtypePlaceholder)
    for core in ("numpy.core", "numpy._core"):
        table.makes(f"{core}.multiarray {core}._multiarray_umath", "_reconstruct", numpy_placeholders.ArrayPlaceholder)
        table.makes(f"{core}.multiarray {core}._multiarray_umath", "scalar", numpy_placeholders.ScalarPlaceholder)
        table.makes(f"{core}.numeric", "_frombuffer", numpy_placeholders.FrombufferPlaceholder)


def _entries() -> dict[tuple[str, str], Name | Constructor]:
    table = _Table()
    _add_python(table)
    _add_torch(table)
    _add_numpy(table)
    return table.entries


GLOBALS = _entries()


def lookup(module: object, name: object, skip_unknown: bool) -> object:
    """Looks up an exact (module, name) pair in the closed table.

    Returns:
      What the table has for it, or with `skip_unknown` an `UnknownName` if it has nothing.

    Raises:
      PickleError: the pair is not in the table.
    """
    if type(module) is not str or type(name) is not str:
        raise PickleError("a global whose name is not a string")
    try:
        return GLOBALS[module, name]
    except KeyError:
        if skip_unknown:
            return UnknownName(module, name)
        raise PickleError(
            f"`{module[:200]}.{name[:200]}` is not among the names a pickle may use here{_advice(module)}{SKIP_UNKNOWN}{NOT_RUN}"
        ) from None


def _advice(module: str) -> str:
    root = module.partition(".")[0]
    if root in ("torch", "torchvision", "collections", "numpy"):
        return "; save tensors, arrays and plain containers (for a module, its `state_dict()`) instead"
    if root == "chumpy":
        return "; convert the chumpy arrays with `np.array(...)` where chumpy is installed, and save again"
    return "; only tensors, NumPy arrays and plain containers are read"

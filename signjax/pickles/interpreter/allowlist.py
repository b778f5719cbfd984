"""The closed table of names a pickle may use, as exact (module, name) pairs."""

from typing import Any

from signjax.pickles.interpreter.keys import Keys
from signjax.pickles.limits import NOT_RUN, PickleError
from signjax.pickles.objects import numpy_placeholders, special_tensors, torch_placeholders
from signjax.pickles.objects.joblib_placeholder import JoblibArray
from signjax.pickles.objects.numpy_dtypes import DtypePlaceholder
from signjax.pickles.objects.placeholders import Constructor, DictPlaceholder, Name
from signjax.pickles.objects.torch_dtypes import (
    ALIASES,
    DTYPES,
    STORAGES,
    StorageType,
)

_MOST_TUPLES = 200  # tuples as keys in one set or OrderedDict created by a call


def _encode(arguments: tuple[Any, ...]) -> bytes:
    """`_codecs.encode(text, "latin1")`, which protocols 0 to 2 use for bytes."""
    match arguments:
        case (str(text), "latin1" | "latin-1" | "iso-8859-1"):
            try:
                return text.encode("latin-1")
            except UnicodeEncodeError:
                raise PickleError("bytes written as text with characters beyond 255") from None
    raise PickleError("`_codecs.encode` of something other than (text, 'latin1')")


def _bytes(arguments: tuple[Any, ...]) -> bytes:
    if arguments == ():
        return b""
    if len(arguments) == 1 and type(arguments[0]) is bytes:
        return arguments[0]
    raise PickleError("`bytes` of something other than bytes")


def _bytearray(arguments: tuple[Any, ...]) -> bytearray:
    """`bytearray` of bytes; never of a number, which would allocate as much as the file asks for."""
    match arguments:
        case ():
            return bytearray()
        case (bytes() | memoryview() as raw,):
            return bytearray(raw)
        case (str(), str()):
            return bytearray(_encode(arguments))
    raise PickleError("`bytearray` of something other than bytes")


def _members(arguments: tuple[Any, ...]) -> list[Any]:
    match arguments:
        case ():
            return []
        case (list() | tuple() as members,):
            keys = Keys(_MOST_TUPLES)
            for member in members:
                keys.check(member)
            return list(members)
    raise PickleError("a set that is not made from a list")


def _mapping(arguments: tuple[Any, ...]) -> DictPlaceholder:
    """OrderedDict() and Counter(), also from a list of (key, value) pairs, as Python 2 writes them."""
    match arguments:
        case ():
            return DictPlaceholder()
        case (dict() as items,):
            return DictPlaceholder(items)
        case (list() as pairs,):
            result = DictPlaceholder()
            keys = Keys(_MOST_TUPLES)
            for pair in pairs:
                if type(pair) not in (list, tuple) or len(pair) != 2:
                    raise PickleError("an OrderedDict of something other than (key, value) pairs")
                keys.check(pair[0])
                result[pair[0]] = pair[1]
            return result
    raise PickleError("an OrderedDict of something other than pairs")


def _defaultdict(arguments: tuple[Any, ...]) -> DictPlaceholder:
    if len(arguments) > 1 or (arguments and not isinstance(arguments[0], Name | Constructor | type(None))):
        raise PickleError("a defaultdict whose default is not one of the allowed names")
    return DictPlaceholder()


def _whole_numbers(name: str, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    if not 1 <= len(arguments) <= 3 or not all(type(a) is int or (a is None and name == "slice") for a in arguments):
        raise PickleError(f"a {name} of something other than whole numbers")
    return arguments


def _slice(arguments: tuple[Any, ...]) -> slice:
    return slice(*_whole_numbers("slice", arguments))


def _range(arguments: tuple[Any, ...]) -> range:
    return range(*_whole_numbers("range", arguments))


def _complex(arguments: tuple[Any, ...]) -> complex:
    match arguments:
        case (int() | float() as real, int() | float() as imaginary):
            return complex(real, imaginary)
    raise PickleError("a complex number that is not two numbers")


def _layout(arguments: tuple[Any, ...]) -> Name:
    match arguments:
        case (str(name),):
            return Name(name[:100])
    raise PickleError("a torch layout without a name")


def _table() -> dict[tuple[str, str], Name | Constructor]:
    table: dict[tuple[str, str], Name | Constructor] = {}

    def names(module: str, entries: dict[str, Any]) -> None:
        for name, meaning in entries.items():
            table[module, name] = Name(f"{module}.{name}", meaning)

    def makes(modules: str, name: str, make: Any, is_class: bool = False) -> None:
        for module in modules.split():
            table[module, name] = Constructor(f"{module}.{name}", make, is_class)

    python = "builtins __builtin__"
    makes("_codecs", "encode", _encode)
    makes(python, "bytes", _bytes)
    makes(python, "bytearray", _bytearray)
    makes(python, "set", lambda arguments: set(_members(arguments)))
    makes(python, "frozenset", lambda arguments: frozenset(_members(arguments)))
    makes(python, "slice", _slice)
    makes(python, "range", _range)
    makes(python, "xrange", _range)
    makes(python, "complex", _complex)
    for module in python.split():
        names(module, dict.fromkeys(("int", "float", "str", "bool", "list", "dict", "tuple")))
    makes("collections", "OrderedDict", _mapping)
    makes("collections", "Counter", _mapping)
    makes("collections", "defaultdict", _defaultdict)

    names("torch", dict(DTYPES))
    names("torch", {alias: DTYPES[name] for alias, name in ALIASES.items()})
    for module in ("torch", "torch.cuda", "torch.storage"):
        names(module, {name: StorageType(DTYPES[dtype]) for name, dtype in STORAGES.items()})
    names("torch.storage", {"UntypedStorage": StorageType(None), "_UntypedStorage": StorageType(None)})
    names("torch", {"UntypedStorage": StorageType(None)})
    for module in ("torch", "torch.cuda"):
        names(module, {name.replace("Storage", "Tensor"): None for name in STORAGES})
    makes("torch", "Size", torch_placeholders.size)
    makes("torch", "device", torch_placeholders.device)
    makes("torch.serialization", "_get_layout", _layout)
    makes("torch.storage", "_load_from_bytes", torch_placeholders.NestedStorage)
    makes("torch._utils", "_rebuild_tensor", lambda arguments: torch_placeholders.Tensor(arguments, least=4))
    makes("torch._utils torch._tensor", "_rebuild_tensor_v2", torch_placeholders.Tensor)
    makes("torch._utils", "_rebuild_tensor_v3", lambda arguments: torch_placeholders.Tensor(arguments, 7, dtype_at=6))
    makes("torch._utils", "_rebuild_sparse_tensor", special_tensors.SparseTensor)
    makes("torch._utils", "_rebuild_qtensor", special_tensors.QuantisedTensor)
    names("torch", dict.fromkeys(("per_tensor_affine", "per_channel_affine", "per_channel_affine_float_qparams")))
    makes("torch._utils", "_rebuild_parameter", torch_placeholders.parameter)
    makes("torch._utils", "_rebuild_parameter_with_state", torch_placeholders.parameter)
    makes("torch.nn.parameter", "Parameter", torch_placeholders.parameter)
    makes("torch.autograd.variable", "Variable", torch_placeholders.parameter)

    names("numpy", {"ndarray": None})
    for module in ("numpy", "numpy.core.memmap", "numpy._core.memmap"):
        table[module, "memmap"] = Name("numpy.ndarray")
    makes("joblib.numpy_pickle", "NumpyArrayWrapper", JoblibArray, is_class=True)
    makes("numpy", "dtype", DtypePlaceholder)
    for core in ("numpy.core", "numpy._core"):
        makes(f"{core}.multiarray {core}._multiarray_umath", "_reconstruct", numpy_placeholders.ArrayPlaceholder)
        makes(f"{core}.multiarray {core}._multiarray_umath", "scalar", numpy_placeholders.ScalarPlaceholder)
        makes(f"{core}.numeric", "_frombuffer", numpy_placeholders.FrombufferPlaceholder)
    return table


GLOBALS = _table()


def lookup(module: object, name: object) -> object:
    """Looks up an exact (module, name) pair in the closed table.

    Raises:
      PickleError: the pair is not in the table.
    """
    if type(module) is not str or type(name) is not str:
        raise PickleError("a global whose name is not a string")
    try:
        return GLOBALS[module, name]
    except KeyError:
        raise PickleError(
            f"`{module[:200]}.{name[:200]}` is not among the names a pickle may use here{_advice(module)}{NOT_RUN}"
        ) from None


def _advice(module: str) -> str:
    root = module.partition(".")[0]
    if root in ("torch", "torchvision", "collections", "numpy"):
        return "; save tensors, arrays and plain containers (for a module, its `state_dict()`) instead"
    if root == "chumpy":
        return "; convert the chumpy arrays with `np.array(...)` where chumpy is installed, and save again"
    return "; only tensors, NumPy arrays and plain containers are read"

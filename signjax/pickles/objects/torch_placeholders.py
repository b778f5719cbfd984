"""Placeholders for torch's objects, and how they become arrays."""

from typing import Any, Protocol

from signjax.pickles.limits import NOT_RUN, PickleError
from signjax.pickles.objects.placeholders import Constructor, Name, Placeholder
from signjax.pickles.objects.torch_dtypes import DTYPES, TorchDtype, numpy_dtype
from signjax.pickles.strided_view import Block, View

_REBUILDS = frozenset(
    f"{module}.{name}"
    for module in ("torch._utils", "torch._tensor")
    for name in (
        *("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3", "_rebuild_sparse_tensor", "_rebuild_qtensor"),
        *("_rebuild_parameter", "_rebuild_parameter_with_state"),
    )
)
_TENSORS = frozenset(("torch.Tensor", "torch.nn.parameter.Parameter"))
_MOST_DEVICES = 1 << 16


class ResolverInterface(Protocol):
    """The part of `resolve.Resolver` that a placeholder may use."""

    def leaf(self, view: View) -> Any:
        """Returns the array for a view, or its description."""

    def value(self, value: Any) -> Any:
        """Resolves any other value of the pickle."""

    def reserve(self, nbytes: int) -> None:
        """Counts memory that is about to be allocated against the limits."""

    def nested_storage(self, blob: Any) -> "Storage":
        """Reads the storage from a complete legacy stream nested in a plain pickle."""


class Storage(Placeholder):
    """A torch storage: a block of bytes on a device.

    `dtype` is None for untyped storages. `block` is None until the bytes are found, because legacy streams store them
    after the pickle.
    """

    __slots__ = ("block", "device", "dtype", "key", "nbytes", "swap")

    def __init__(self, dtype: TorchDtype | None, key: str, device: str, nbytes: int, swap: bool = False) -> None:
        self.dtype = dtype
        self.key = key
        self.device = device
        self.nbytes = nbytes
        self.swap = swap
        self.block: Block | None = None

    def part(self, key: str, offset: int, count: int) -> "Storage":
        """A view of some elements of this storage, sharing its memory."""
        itemsize = self.dtype.itemsize if self.dtype else 1
        part = Storage(self.dtype, key, self.device, count * itemsize, self.swap)
        part.block = self.found().part(offset * itemsize, count * itemsize)
        return part

    def found(self) -> Block:
        """The bytes.

        Raises:
          PickleError: the file has no data for this storage.
        """
        if self.block is None:
            raise PickleError(f"the storage {self.key!r} is used, but the file has no data for it")
        return self.block

    def resolve(self, resolver: ResolverInterface) -> Any:
        """The storage as a value of the tree: a flat array."""
        dtype = numpy_dtype(self.dtype.name if self.dtype else "uint8")
        block = self.found()
        count = block.nbytes // dtype.itemsize
        return resolver.leaf(View(block, dtype, (count,), device=self.device, swap=self.swap and dtype.itemsize > 1))


class NestedStorage(Placeholder):
    """`torch.storage._load_from_bytes(blob)`: how a plain pickle writes a storage. Read when the tree is resolved."""

    __slots__ = ("blob", "storage")

    def __init__(self, arguments: tuple[Any, ...]) -> None:
        if len(arguments) != 1 or type(arguments[0]) not in (memoryview, bytes, bytearray):
            raise PickleError("`torch.storage._load_from_bytes` of something other than bytes")
        self.blob = arguments[0]
        self.storage: Storage | None = None

    def resolve(self, resolver: ResolverInterface) -> Any:
        """The storage as a value of the tree."""
        return storage_of(self, resolver).resolve(resolver)


class Tensor(Placeholder):
    """A tensor as the pickle describes it; nothing is checked before `view` or `resolve`."""

    __slots__ = ("arguments", "dtype_at", "least", "ready")
    #           `_rebuild_tensor` has 4 arguments; v2 adds requires_grad, hooks[, metadata]; v3 puts the dtype before
    # metadata

    def __init__(
        self, arguments: tuple[Any, ...], least: int = 6, dtype_at: int | None = None, ready: View | None = None
    ) -> None:
        self.arguments = arguments
        self.least = least
        self.dtype_at = dtype_at
        self.ready = ready  # the view, if it was already checked when the tensor was read

    def build(self, state: Any) -> None:
        """Ignores a Variable's state (requires_grad, volatile, hooks), which torch wrote before 0.4."""
        if type(state) is not tuple or len(state) > 3:
            raise PickleError("state for a tensor, which has none")

    def resolve(self, resolver: ResolverInterface) -> Any:
        """The array."""
        return resolver.leaf(self.view(resolver))

    def view(self, resolver: ResolverInterface) -> View:
        """The checked view of the storage."""
        if self.ready is not None:
            return self.ready
        arguments = self.arguments
        if len(arguments) < self.least or len(arguments) > 8:
            raise PickleError(f"a tensor with {len(arguments)} arguments")
        metadata_at = 6 if self.dtype_at is None else 7
        metadata = arguments[metadata_at] if len(arguments) > metadata_at else None
        if metadata is not None and (type(metadata) is not dict or not metadata.keys() <= {"conj", "neg"}):
            raise PickleError("a tensor with metadata other than `conj` and `neg`")
        storage = storage_of(arguments[0], resolver)
        typed = None if self.dtype_at is None else _dtype(arguments[self.dtype_at])
        dtype = typed or storage.dtype or DTYPES["uint8"]
        offset, shape, strides = arguments[1:4]
        if type(shape) is not tuple or type(strides) is not tuple:
            shape, strides = sizes(shape), sizes(strides)
        step = dtype.itemsize
        if type(offset) is not int:
            raise PickleError("a tensor whose offset is not a whole number")
        return View(
            storage.found(),
            numpy_dtype(dtype.name),
            shape,
            strides,
            offset * step,
            device=storage.device,
            conj=metadata is not None and bool(metadata.get("conj")),
            neg=metadata is not None and bool(metadata.get("neg")),
            swap=storage.swap and step > 1,
        )


def storage_of(value: Any, resolver: ResolverInterface) -> Storage:
    """The storage of a tensor; a nested stream is read if necessary."""
    if type(value) is NestedStorage:
        if value.storage is None:
            value.storage = resolver.nested_storage(value.blob)
        return value.storage
    if type(value) is not Storage:
        raise PickleError(f"a tensor whose storage is a {type(value).__name__}")
    return value


def sizes(value: Any) -> tuple[Any, ...]:
    """Checks that sizes or strides are a tuple."""
    if type(value) is list:  # before torch 1.0, sizes were sometimes lists
        return tuple(value)
    if type(value) is not tuple:
        raise PickleError("a tensor whose shape or strides are not a tuple")
    return value


def _dtype(value: Any) -> TorchDtype:
    if type(value) is not Name or type(value.meaning) is not TorchDtype:
        raise PickleError("a tensor whose dtype is not one of torch's")
    return value.meaning


def parameter(arguments: tuple[Any, ...]) -> Any:
    """`torch._utils._rebuild_parameter(data, requires_grad, hooks)` and variants: a parameter is read as its tensor."""
    if not 1 <= len(arguments) <= 4 or not isinstance(arguments[0], Placeholder):
        raise PickleError("a parameter whose value is not a tensor")
    return arguments[0]


def from_type(arguments: tuple[Any, ...]) -> Any:
    """`torch._tensor._rebuild_from_type_v2(rebuild, class, arguments, state)`: a tensor with attributes, which are left out."""
    match arguments:
        case (Constructor() as rebuild, Name() | Constructor() as of, tuple() as inner, _):
            if rebuild.name in _REBUILDS and of.name in _TENSORS:
                return rebuild.make(inner)
            raise PickleError(f"a tensor of the class `{of.name}` that `{rebuild.name}` makes{NOT_RUN}")
    raise PickleError(f"`torch._tensor._rebuild_from_type_v2` of something other than a tensor's parts{NOT_RUN}")


def size(arguments: tuple[Any, ...]) -> Any:
    """`torch.Size(sizes)`: a tuple."""
    if len(arguments) != 1 or type(arguments[0]) not in (tuple, list):
        raise PickleError("a torch.Size of something other than sizes")
    return tuple(arguments[0])


def device(arguments: tuple[Any, ...]) -> str:
    """`torch.device(kind[, index])`: its name, such as `cuda:0`."""
    if (
        not arguments
        or len(arguments) > 2
        or type(arguments[0]) is not str
        or len(arguments[0]) > 100
        or not all(type(i) is int and abs(i) < _MOST_DEVICES for i in arguments[1:])
    ):
        raise PickleError("a torch.device that is not a name and a number")
    return ":".join(map(str, arguments))

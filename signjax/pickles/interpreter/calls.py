"""The calls and states that are not the usual ones: constructors that copy, and objects of classes that are not known here."""

from typing import Any

from signjax.pickles.interpreter.keys import Keys
from signjax.pickles.limits import NOT_RUN, SKIP_UNKNOWN, PickleError
from signjax.pickles.objects.numpy_placeholders import ArrayPlaceholder
from signjax.pickles.objects.placeholders import Constructor, CopyingConstructor, Name, kind
from signjax.pickles.objects.torch_placeholders import from_type
from signjax.pickles.objects.unknown import ARRAY, UnknownArray, UnknownName, UnknownObject

_TENSOR = Name("torch.Tensor")
# Of copyreg, which Python 2 calls copy_reg.
_RECONSTRUCTORS = frozenset(("_reconstructor", "__newobj__", "__newobj_ex__"))
_LOOKED_AT = 8  # arguments among which one of an unknown class is looked for
_ELEMENT = 128  # bytes of a member of a set that has just grown, or of an entry of a dictionary


def call(function: Any, arguments: Any, keys: Keys, skip_unknown: bool) -> Any:
    """Carries out REDUCE: the value of a constructor, or the placeholder for an object of an unknown class.

    Raises:
      PickleError: the function is not a constructor, or refuses its arguments.
    """
    if not isinstance(function, Constructor):
        if skip_unknown and isinstance(function, UnknownName | UnknownObject | Name):
            return _unknown_call(function, arguments)
        raise PickleError(f"a call of a {kind(function)}, which is not a constructor{NOT_RUN}")
    if type(arguments) is not tuple:
        raise PickleError(f"a call of `{function.name}` whose arguments are not a tuple")
    if type(function) is CopyingConstructor and arguments:
        keys.spend(_size(arguments[0]))
    if not skip_unknown:
        return function.make(arguments)
    if function.make is ArrayPlaceholder and arguments and type(arguments[0]) is UnknownName:
        return UnknownArray(arguments[0])
    if function.make is from_type and len(arguments) == 4 and type(arguments[1]) is UnknownName:
        made = UnknownObject(arguments[1])
        made.build({ARRAY: function.make((arguments[0], _TENSOR, *arguments[2:]))})
        made.build(arguments[3])
        return made
    try:
        return function.make(arguments)
    except PickleError:
        if not any(isinstance(argument, UnknownName | UnknownObject) for argument in arguments[:_LOOKED_AT]):
            raise
        return UnknownObject(function, arguments)


def _size(argument: Any) -> int:
    if isinstance(argument, list | tuple | dict):
        return _ELEMENT * len(argument)
    return len(argument) if isinstance(argument, str | bytes | bytearray | memoryview) else 0


def _unknown_call(function: UnknownName | UnknownObject | Name, arguments: Any) -> UnknownObject:
    if isinstance(function, UnknownObject):  # what `getattr` or `partial` would have given
        return UnknownObject(function.of, (function, arguments))
    first = arguments[0] if type(arguments) is tuple and arguments else None
    if function.name in _RECONSTRUCTORS and isinstance(first, UnknownName | Constructor | Name):
        return UnknownObject(first)
    return UnknownObject(function, arguments)


def new(function: Any, arguments: Any, keywords: Any, skip_unknown: bool) -> Any:
    """Carries out NEWOBJ and its relatives, which make an object of a class.

    Raises:
      PickleError: the class is not one of the few that pickles make this way.
    """
    if type(function) is Constructor and function.is_class and arguments == () and keywords is None:
        return function.make(())
    if skip_unknown and isinstance(function, UnknownName | Constructor | Name):
        return UnknownObject(function, arguments, keywords)
    raise PickleError(f"a new {kind(function)}, of a class whose objects are not read{SKIP_UNKNOWN}{NOT_RUN}")


def items_of(target: Any) -> Any:
    """The dictionary that SETITEMS fills for a target that is none itself."""
    if isinstance(target, UnknownObject):
        return target.items
    raise PickleError(f"items for a {kind(target)}, which is not a dictionary")


def members_of(target: Any) -> Any:
    """The list that APPENDS fills for a target that is none itself."""
    if isinstance(target, UnknownObject):
        return target.members
    raise PickleError(f"items appended to a {kind(target)}, which is not a list")

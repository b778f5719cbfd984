"""What a pickle makes by calling Python's own types: sets, dictionaries, bytes, slices, complex numbers.

Each function takes the tuple of arguments of the call. Those that copy their argument are `CopyingConstructor`s in the table.
"""

from typing import Any

from signjax.pickles.interpreter.keys import Keys
from signjax.pickles.limits import PickleError
from signjax.pickles.objects.placeholders import Constructor, DictPlaceholder, Name
from signjax.pickles.objects.unknown import UnknownName

_MOST_TUPLES = 200  # tuples as keys in one set or OrderedDict created by a call
_KEY = 64  # bytes that a key made from a placeholder may take, on average


def encode(arguments: tuple[Any, ...]) -> bytes:
    """`_codecs.encode(text, "latin1")`, which protocols 0 to 2 use for bytes."""
    match arguments:
        case (str(text), "latin1" | "latin-1" | "iso-8859-1"):
            try:
                return text.encode("latin-1")
            except UnicodeEncodeError:
                raise PickleError("bytes written as text with characters beyond 255") from None
    raise PickleError("`_codecs.encode` of something other than (text, 'latin1')")


def bytes_(arguments: tuple[Any, ...]) -> bytes:
    """`bytes` of bytes, or of nothing."""
    if arguments == ():
        return b""
    if len(arguments) == 1 and type(arguments[0]) is bytes:
        return arguments[0]
    raise PickleError("`bytes` of something other than bytes")


def bytearray_(arguments: tuple[Any, ...]) -> bytearray:
    """`bytearray` of bytes; never of a number, which would allocate as much as the file asks for."""
    match arguments:
        case ():
            return bytearray()
        case (bytes() | memoryview() as raw,):
            return bytearray(raw)
        case (str(), str()):
            return bytearray(encode(arguments))
    raise PickleError("`bytearray` of something other than bytes")


def members(arguments: tuple[Any, ...]) -> list[Any]:
    """The members of a set or frozenset, from a list."""
    match arguments:
        case ():
            return []
        case (list() | tuple() as found,):
            keys = Keys(_MOST_TUPLES, _KEY * len(found))
            return [keys.key(member) for member in found]
    raise PickleError("a set that is not made from a list")


def mapping(arguments: tuple[Any, ...]) -> DictPlaceholder:
    """OrderedDict() and Counter(), also from a list of (key, value) pairs, as Python 2 writes them."""
    match arguments:
        case ():
            return DictPlaceholder()
        case (dict() as items,):
            return DictPlaceholder(items)
        case (list() as pairs,):
            result = DictPlaceholder()
            keys = Keys(_MOST_TUPLES, _KEY * len(pairs))
            for pair in pairs:
                if type(pair) not in (list, tuple) or len(pair) != 2:
                    raise PickleError("an OrderedDict of something other than (key, value) pairs")
                result[keys.key(pair[0])] = pair[1]
            return result
    raise PickleError("an OrderedDict of something other than pairs")


def defaultdict(arguments: tuple[Any, ...]) -> DictPlaceholder:
    """`defaultdict(default)`: an empty dictionary, which the pickle then fills."""
    if len(arguments) > 1 or (
        arguments and not isinstance(arguments[0], Name | Constructor | UnknownName | type(None))
    ):
        raise PickleError("a defaultdict whose default is not one of the allowed names")
    return DictPlaceholder()


def _whole_numbers(name: str, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    if not 1 <= len(arguments) <= 3 or not all(type(a) is int or (a is None and name == "slice") for a in arguments):
        raise PickleError(f"a {name} of something other than whole numbers")
    return arguments


def slice_(arguments: tuple[Any, ...]) -> slice:
    """`slice(start, stop, step)`."""
    return slice(*_whole_numbers("slice", arguments))


def range_(arguments: tuple[Any, ...]) -> range:
    """`range(start, stop, step)`."""
    return range(*_whole_numbers("range", arguments))


def complex_(arguments: tuple[Any, ...]) -> complex:
    """`complex(real, imaginary)`."""
    match arguments:
        case (int() | float() as real, int() | float() as imaginary):
            return complex(real, imaginary)
    raise PickleError("a complex number that is not two numbers")


def layout(arguments: tuple[Any, ...]) -> Name:
    """`torch.serialization._get_layout(name)`."""
    match arguments:
        case (str(name),):
            return Name(name[:100])
    raise PickleError("a torch layout without a name")

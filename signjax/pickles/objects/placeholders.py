"""What the pickle machine builds instead of the objects a file names."""

from collections.abc import Callable
from typing import Any

from signjax.pickles.limits import PickleError


class Name:
    """A name that a pickle may mention but not call: a dtype, a storage type, a class passed to a constructor."""

    __slots__ = ("meaning", "name")

    def __init__(self, name: str, meaning: Any = None) -> None:
        self.name = name
        self.meaning = meaning


class Constructor:
    """A name that a pickle may call: `make` takes the tuple of arguments and returns a value or a placeholder.

    `is_class` marks the few classes that pickles instantiate with NEWOBJ.
    """

    __slots__ = ("is_class", "make", "name")

    def __init__(self, name: str, make: Callable[[tuple[Any, ...]], Any], is_class: bool = False) -> None:
        self.name = name
        self.make = make
        self.is_class = is_class


class CopyingConstructor(Constructor):
    """A constructor whose value is as large as its first argument, which a pickle may pass to it any number of times.

    The machine counts what such calls make against the bytes that the file may expand to.
    """

    __slots__ = ()


class Placeholder:
    """Becomes a value of the tree once the whole pickle has been read.

    `is_unknown` marks those that stand for objects of classes that are not known here.
    """

    __slots__ = ()
    is_unknown = False

    def build(self, state: Any) -> None:
        """Receives the state set by the opcode BUILD."""
        raise PickleError(f"state for a {kind(self)}, which has none")

    def label(self) -> str:
        """The name of the class, of at most a few hundred letters."""
        return type(self).__name__

    def as_key(self, _spend: Callable[[int], None]) -> Any:
        """The scalar that stands for this object where it is a dictionary key; `spend` counts the bytes it takes."""
        raise PickleError(f"a {kind(self)} as a key; a key is a scalar or a flat tuple of scalars")


class DictPlaceholder(dict[Any, Any], Placeholder):
    """An OrderedDict, defaultdict or Counter, read as a plain dictionary."""

    def build(self, state: Any) -> None:
        """Ignores attributes: torch attaches the version numbers of modules (`_metadata`) to a state dictionary."""
        if type(state) is not dict:
            raise PickleError("a dictionary whose attributes are not a dictionary")


def kind(value: object) -> str:
    """The kind of a value, for messages. Its repr is not used, because nested tuples can make it exponentially long."""
    if isinstance(value, Name | Constructor):
        return value.name
    return value.label() if isinstance(value, Placeholder) and value.is_unknown else type(value).__name__

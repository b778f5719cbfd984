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


class Placeholder:
    """Becomes a value of the tree once the whole pickle has been read."""

    __slots__ = ()

    def build(self, state: Any) -> None:
        """Receives the state set by the opcode BUILD."""
        raise PickleError(f"state for a {kind(self)}, which has none")


class DictPlaceholder(dict[Any, Any], Placeholder):
    """An OrderedDict, defaultdict or Counter, read as a plain dictionary."""

    def build(self, state: Any) -> None:
        """Ignores attributes: torch attaches the version numbers of modules (`_metadata`) to a state dictionary."""
        if type(state) is not dict:
            raise PickleError("a dictionary whose attributes are not a dictionary")


def kind(value: object) -> str:
    """The kind of a value, for messages. Its repr is not used, because nested tuples can make it exponentially long."""
    return value.name if isinstance(value, Name | Constructor) else type(value).__name__

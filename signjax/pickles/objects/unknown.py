"""What stands for an object of a class that is not known here: its name, and everything the file holds for it.

Only used where the caller asks for it (`skip_unknown`). The class is neither imported nor called; the placeholder remembers what
the pickle would have passed to it.
"""

from collections.abc import Callable
from typing import Any

from signjax.pickles.objects.numpy_dtypes import DtypePlaceholder
from signjax.pickles.objects.numpy_placeholders import NDARRAY, ArrayPlaceholder
from signjax.pickles.objects.placeholders import Constructor, Name, Placeholder
from signjax.pickles.objects.torch_placeholders import ResolverInterface

CLASS = "(class)"
ARRAY = "(array)"
_LONGEST = 100  # letters of a module or class in a label
_ENTRY = 100  # bytes of a dictionary's entry
_LONGEST_STATE = 16  # members of a state that is taken apart: many arrays can share one
_SHOWN = 3  # arguments in a label


class ClassName(str):
    """The name of a class or function that was not imported; it stands in its place."""

    __slots__ = ()


class Unknown(dict[Any, Any]):
    """Stands for an object of a class that is not known here.

    A dictionary of what the file holds for the object: under "(class)" the name of its class, then its attributes and items
    under their own names, and if there are any, "(arguments)" and "(keywords)" of its constructor, the "(items)" of a list,
    the numbers of an "(array)", and a "(state)" that is not a dictionary.
    """

    @property
    def name(self) -> str:
        """The module and name of the class, such as `argparse.Namespace`."""
        return str(self[CLASS])


class UnknownName(Placeholder):
    """A class or function that is not known here."""

    __slots__ = ("_text", "module", "name")
    is_unknown = True

    def __init__(self, module: str, name: str) -> None:
        self.module = module
        self.name = name
        self._text: ClassName | None = None  # made only where it is needed: the parts may be long and used many times

    def label(self) -> str:
        """The name, cut if it is long."""
        return f"{self.module[:_LONGEST]}.{self.name[:_LONGEST]}"

    def as_key(self, spend: Callable[[int], None]) -> str:
        """The name as a dictionary key."""
        spend(2 * _LONGEST)
        return self.label()

    def resolve(self, resolver: ResolverInterface) -> ClassName:
        """The name as a value of the tree."""
        if self._text is None:
            resolver.reserve(2 * _LONGEST)
            self._text = ClassName(self.label())
        return self._text


class UnknownObject(Placeholder):
    """An object of a class that is not known here."""

    __slots__ = ("arguments", "items", "keywords", "members", "of", "states")
    is_unknown = True

    def __init__(self, of: Placeholder | Constructor | Name, arguments: Any = (), keywords: Any = None) -> None:
        self.of = of
        self.arguments = arguments
        self.keywords = keywords
        self.states: list[Any] = []
        self.members: list[Any] = []
        self.items: dict[Any, Any] = {}

    def label(self) -> str:
        """The name of the class, cut if it is long."""
        return self.of.name if isinstance(self.of, Constructor | Name) else self.of.label()

    def build(self, state: Any) -> None:
        """Stores the state that the class would have received."""
        self.states.append(state)

    def as_key(self, spend: Callable[[int], None]) -> str:
        """Its class and first arguments as a dictionary key: `module.Color(1)` for a member of an enumeration."""
        spend(2 * _LONGEST * _SHOWN)
        arguments = self.arguments[:_SHOWN] if type(self.arguments) is tuple else ()
        shown = [
            repr(a)[:_LONGEST] for a in arguments if type(a) in (bool, float) or (type(a) is int and abs(a) < 1 << 64)
        ]
        shown += [repr(a[:_LONGEST]) for a in arguments if type(a) is str]
        return f"{self.label()}({', '.join(shown)})"

    def resolve(self, resolver: ResolverInterface) -> Unknown:
        """The name of the class, and everything the file holds for the object."""
        resolver.reserve(2 * _LONGEST)
        raw: dict[Any, Any] = {}
        _put(raw, "(arguments)", self.arguments if self.arguments != () else None)
        _put(raw, "(keywords)", self.keywords)
        _put(raw, "(items)", self.members or None)
        _merge(raw, "(items)", self.items, resolver)
        for state in self.states:
            match state:
                case (dict() | None as attributes, dict() as slots):
                    _merge(raw, "(state)", attributes or {}, resolver)
                    _merge(raw, "(state)", slots, resolver)
                case dict():
                    _merge(raw, "(state)", state, resolver)
                case _:
                    _put(raw, "(state)", state)
        found = Unknown({CLASS: ClassName(self.label())})
        for key, value in raw.items():
            found[key] = resolver.value(value)
        return found


class UnknownArray(UnknownObject):
    """An array of a class that is not known here; its numbers are read as an ordinary array."""

    __slots__ = ()

    def build(self, state: Any) -> None:
        """Finds the array's own state, which subclasses extend, or put into a tuple with theirs."""
        match state:
            case ((int(), _, DtypePlaceholder(), _, _) as own, *_) if len(state) <= _LONGEST_STATE:
                rest: Any = tuple(state[1:])
            case (int(), _, DtypePlaceholder(), _, _, *_) if len(state) <= _LONGEST_STATE:
                own, rest = state[:5], tuple(state[5:])
            case _:
                super().build(state)
                return
        array = ArrayPlaceholder((NDARRAY,))
        array.build(own)
        self.arguments = ()
        self.states.append({ARRAY: array})
        if rest:
            self.states.append(rest)


def _put(raw: dict[Any, Any], label: str, value: Any) -> None:
    """Adds a value under a label, in more parentheses if an attribute has that name."""
    if value is not None:
        while label in raw or label == CLASS:
            label = f"({label})"
        raw[label] = value


def _same(one: Any, other: Any) -> bool:
    """Whether two values are one object, or equal numbers."""
    return one is other or (type(one) is type(other) and type(one) in (bool, int, float) and one == other)


def _merge(raw: dict[Any, Any], label: str, items: dict[Any, Any], resolver: ResolverInterface) -> None:
    """Adds items under their own keys, or as one value if a key has another value already."""
    resolver.reserve(_ENTRY * len(items))
    if CLASS in items or any(not _same(raw.get(key, value), value) for key, value in items.items()):
        _put(raw, label, items)
    else:
        raw.update(items)

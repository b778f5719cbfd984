"""Parser combinators for a notation in which every symbol has a known role.

A parser takes a `Reading` and a position, and returns the position after what it read and the trees it read, or None. Choice is
ordered and `many` is greedy (a parsing expression grammar, Ford (2004)); results are memoized by position, so that time is linear.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Union

from signjax.data.hamnosys.symbols import SYMBOLS, Symbol


@dataclass(frozen=True)
class Leaf:
    """One symbol of the string, at a position counted from 0."""

    position: int
    symbol: Symbol


@dataclass(frozen=True)
class Node:
    """The part of the string that a grammar rule read; `kind` is the name of the rule."""

    kind: str
    children: tuple[Union["Node", Leaf], ...]

    def leaves(self) -> Iterator[Leaf]:
        """Its symbols, in the order of the string."""
        for child in self.children:
            if isinstance(child, Leaf):
                yield child
            else:
                yield from child.leaves()


Tree = Node | Leaf
Result = tuple[int, tuple[Tree, ...]] | None


@dataclass
class Reading:
    """A string that is being read, how far it could be read, and what was expected there."""

    text: str
    furthest: int = 0
    expected: set[str] = field(default_factory=set)
    known: dict[tuple[int, int], Result] = field(default_factory=dict)

    def missed(self, position: int, role: str) -> None:
        """Notes that a symbol of this role would have fitted at this position."""
        if position > self.furthest:
            self.furthest, self.expected = position, set()
        if position == self.furthest:
            self.expected.add(role)


Parser = Callable[[Reading, int], Result]


def one(role: str) -> Parser:
    """One symbol of that role."""
    symbols = {character: symbol for character, symbol in SYMBOLS.items() if symbol.role == role}
    if not symbols:
        raise KeyError(f"no symbol has the role {role!r}")

    def parse(reading: Reading, position: int) -> Result:
        symbol = symbols.get(reading.text[position : position + 1])
        if symbol is None:
            reading.missed(position, role)
            return None
        return position + 1, (Leaf(position, symbol),)

    return parse


def sequence(*parsers: Parser) -> Parser:
    """A sequence: all of the parsers, one after another."""

    def parse(reading: Reading, position: int) -> Result:
        trees: tuple[Tree, ...] = ()
        for parser in parsers:
            result = parser(reading, position)
            if result is None:
                return None
            position, trees = result[0], trees + result[1]
        return position, trees

    return parse


def choice(*parsers: Parser) -> Parser:
    """A choice: the first of the parsers that matches."""

    def parse(reading: Reading, position: int) -> Result:
        for parser in parsers:
            result = parser(reading, position)
            if result is not None:
                return result
        return None

    return parse


def maybe(parser: Parser) -> Parser:
    """The parser once, or nothing."""
    return lambda reading, position: parser(reading, position) or (position, ())


def many(parser: Parser) -> Parser:
    """The parser as often as it matches, or nothing."""

    def parse(reading: Reading, position: int) -> Result:
        trees: tuple[Tree, ...] = ()
        while (result := parser(reading, position)) is not None:
            position, trees = result[0], trees + result[1]
        return position, trees

    return parse


def some(parser: Parser) -> Parser:
    """The parser once or more often."""
    return sequence(parser, many(parser))


def rule(kind: str, parser: Parser) -> Parser:
    """The parser as a node of that kind; its result at each position is memoized."""
    number = id(parser)

    def parse(reading: Reading, position: int) -> Result:
        key = (number, position)
        if key not in reading.known:
            result = parser(reading, position)
            reading.known[key] = None if result is None else (result[0], (Node(kind, result[1]),))
        return reading.known[key]

    return parse


def later(parser: Callable[[], Parser]) -> Parser:
    """A parser that is defined further down, for rules that contain themselves."""

    def parse(reading: Reading, position: int) -> Result:
        return parser()(reading, position)

    return parse

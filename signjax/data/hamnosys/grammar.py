"""The grammar of HamNoSys 4: symmetry, non-manual, handshape, orientation, location, actions.

A string is one sign, or several joined with plus. If the two hands differ, a block is written for each,
`( dominant + other )`; everything the other hand does is in nodes of kind `other`.

Sources: Hanke (2004); the HamNoSys 4 user documentation of the University of Hamburg; the strings of four sign languages in the
SignAvatars annotations, which contain the forms marked "as written" below.
"""

from signjax.data.hamnosys.combinators import (
    Node,
    Parser,
    Reading,
    choice,
    later,
    many,
    maybe,
    one,
    rule,
    sequence,
    some,
)
from signjax.data.hamnosys.symbols import describe


def _both(dominant: Parser, other: Parser | None = None) -> Parser:
    """`( dominant + other )`."""
    return sequence(
        one("parallel open"),
        rule("dominant", dominant),
        one("plus"),
        rule("other", dominant if other is None else other),
        one("parallel close"),
    )


def _either(parser: Parser) -> Parser:
    """The parser, or `{ this | that }` where the signer may choose."""
    chosen = sequence(one("choice open"), parser, some(sequence(one("choice bar"), parser)), one("choice close"))
    return choice(rule("choice", chosen), parser)


def _between(parser: Parser) -> Parser:
    """One value, or a value between two."""
    return sequence(parser, maybe(sequence(one("between"), parser)))


# Symmetry. Bar and size after the operator rotate the plane of symmetry; `alternate`: the hands are half a cycle apart.
_symmetry = rule(
    "symmetry",
    choice(sequence(one("symmetry"), many(choice(one("bending"), one("size"), one("alternate")))), one("alternate")),
)

# Handshape: base, then thumb and bending in either order, then details of single fingers.
_crossing = rule(
    "fingers touching", sequence(one("finger"), one("finger part"), one("finger"), maybe(one("finger part")))
)
_single = rule("single finger", sequence(one("finger"), maybe(choice(one("bending"), one("size")))))
_shape = rule(
    "shape",
    sequence(one("base"), many(choice(one("thumb"), one("bending"))), many(choice(_crossing, _single))),
)
_handshape = rule("handshape", _between(_shape))

# Orientation: where the extended fingers point, and the palm. Two directions in a row are one half-way between them.
_direction = rule("direction", sequence(_between(some(one("finger direction"))), maybe(one("relative"))))
_palm = rule("palm direction", sequence(_between(one("palm")), maybe(one("relative"))))
_directed = rule("orientation", sequence(_direction, _palm))
_orientation = choice(
    _directed,
    rule("orientation", sequence(_direction, rule("both", _both(_palm)))),
    rule("orientation", sequence(rule("both", _both(_direction)), _palm)),
    rule("both", _both(_directed)),
)

# Posture: handshape and orientation; `etc` repeats the dominant hand's handshape (as written).
_other_shape = choice(_handshape, one("same"))
_posture = choice(
    sequence(_either(_handshape), _either(_orientation)),
    sequence(
        rule("both", _both(_handshape, sequence(maybe(one("nondominant")), _other_shape))),
        _orientation,
    ),
    rule("both", _both(
        sequence(_handshape, _orientation), sequence(maybe(one("nondominant")), _other_shape, _either(_orientation))
    )),
)  # fmt: skip

# Location: on the body, or on arm, hand and fingers.
_on_body = rule("place", sequence(maybe(one("side")), one("place"), maybe(one("side")), maybe(one("stretch"))))
_on_hand = rule(
    "hand place",
    sequence(
        maybe(one("side")),
        some(choice(one("finger"), one("finger part"), one("hand area"))),
        maybe(one("side")),
        maybe(one("stretch")),
    ),
)
_place = rule("location", _between(choice(_on_body, _on_hand)))
# Contact: a contact symbol alone, or `[ contact with this part of the hand ]`.
_contact = choice(
    rule("contact", one("contact")),
    rule("contact", sequence(one("sequence open"), one("contact"), _place, one("sequence close"))),
)
_meeting = rule("target", choice(sequence(_place, maybe(_contact)), _contact))
_location = some(choice(_meeting, rule("both", _both(some(_meeting)))))

# Actions.
_quality = rule(
    "manner",
    choice(one("size"), one("manner"), one("growth"), one("shape"), one("ellipse"), one("clock"), one("stretch")),
)
_brushing = rule("contact", sequence(one("sequence open"), one("brush"), some(_meeting), one("sequence close")))
_path = rule("movement", _between(sequence(one("path"), many(_quality))))
_circle = rule("movement", sequence(_between(one("circle")), many(_quality)))
_simple = rule("movement", sequence(choice(one("local"), one("hold"), one("cross"), one("mime")), many(_quality)))
_changed = choice(sequence(_handshape, maybe(choice(_directed, _direction, _palm))), _directed, _direction, _palm)
_change = rule(
    "change",
    sequence(
        one("replace"),
        maybe(one("growth")),
        choice(_changed, rule("both", _both(choice(_changed, one("hold"))))),
        many(_quality),
    ),
)
_actions = some(later(lambda: _action))
_group = choice(
    rule("both", _both(_actions)),
    rule("parallel", sequence(one("parallel open"), _actions, one("parallel close"))),
    rule("sequence", sequence(one("sequence open"), _actions, one("sequence close"))),
    rule("fusion", sequence(one("fusion open"), _actions, one("fusion close"))),
    rule("choice", sequence(one("choice open"), _actions, one("choice bar"), _actions, one("choice close"))),
)
# `[ repeat movement ]`: the repetition goes another way (as written).
_otherwise = sequence(one("sequence open"), one("repeat"), _path, one("sequence close"))
_repetition = rule("repetition", choice(some(choice(one("repeat"), one("alternate"))), _otherwise))
_action: Parser = sequence(
    choice(_path, _circle, _simple, _change, _group, _brushing, _location), many(choice(_repetition, _quality))
)

_head = sequence(
    maybe(choice(_symmetry, one("nondominant"))), maybe(rule("non-manual", sequence(one("place"), some(one("local")))))
)
# A posture that is only held or repeated has a manner or a repetition but no action.
_held = rule("actions", some(choice(_repetition, one("manner"))))
_sign = rule(
    "sign",
    sequence(
        _head,
        rule("posture", _posture),
        maybe(rule("where", _location)),
        maybe(choice(rule("actions", _actions), _held)),
    ),
)
_string = rule(
    "string",
    sequence(
        maybe(one("version")), _sign, many(sequence(one("plus"), _sign)), many(choice(one("space"), one("punctuation")))
    ),
)


# How messages refer to symbols that begin the same block.
_BLOCKS = {
    **dict.fromkeys(("path", "circle", "local", "hold", "cross", "mime", "replace"), "an action"),
    **dict.fromkeys(("place", "side", "hand area", "finger", "finger part"), "a location"),
    **dict.fromkeys(("size", "manner", "growth", "shape", "ellipse", "clock", "stretch"), "a manner"),
    **dict.fromkeys(("repeat", "alternate"), "a repetition"),
    **dict.fromkeys(("parallel open", "sequence open", "fusion open", "choice open"), "a bracket that opens"),
    **dict.fromkeys(("parallel close", "sequence close", "fusion close", "choice close"), "a bracket that closes"),
}


class UnparsedError(ValueError):
    """The string is not HamNoSys, or this grammar does not cover it.

    Attributes:
      position: the position of the first unexpected symbol, counted from 0.
      symbol: that symbol as messages name it, or `end of the string`.
      reason: what was expected instead.
    """

    def __init__(self, text: str, position: int, reason: str):
        self.position = position
        self.reason = reason
        ended = position == len(text)
        self.symbol = "end of the string" if ended else describe(text[position])
        where = f"after {len(text)} symbols" if ended else f"position {position + 1} of {len(text)}"
        super().__init__(f"{where}, {self.symbol}: {reason}")


def parse(text: str) -> Node:
    """Parses a whole string of HamNoSys code points.

    Returns:
      The tree; its leaves are the symbols of the string, each once and in order.

    Raises:
      UnparsedError: names the first unexpected symbol.
    """
    reading = Reading(text)
    result = _string(reading, 0)
    if result is not None and result[0] == len(text):
        tree = result[1][0]
        assert isinstance(tree, Node)
        return tree
    position = max(reading.furthest, result[0] if result else 0)
    welcome = sorted({_BLOCKS.get(role, role) for role in reading.expected})
    raise UnparsedError(text, position, f"expected {', '.join(welcome)}")

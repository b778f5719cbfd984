"""What the hands do to sign a string: its tree as handshapes, locations, directions and steps.

Of a compound, only the first sign is used; of a value between two, the first; of two consecutive finger directions, the first.
All coordinates are those of `signjax.data.synthetic.signing_space`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from signjax.data.hamnosys.attributes import NEUTRAL, ON_HAND, dominant, first, nodes
from signjax.data.hamnosys.combinators import Leaf, Node, Tree
from signjax.data.synthetic.handshapes import hand_pose
from signjax.data.synthetic.signing_space import (
    BELOW_THE_HAND,
    CONTACT,
    direction,
    hand_axes,
    place,
    side_shift,
)

_SIZES = {"small": 0.5, "large": 1.7}
_LENGTH = 0.26  # metres of a straight movement without a size
_RADIUS = 0.14  # of a circle
_UNWRITTEN = ("out", "left")  # finger direction and palm if a hand has none written

Blocks = Mapping[str, Sequence[Tree]]


@dataclass(frozen=True)
class Move:
    """One action of a hand within a step.

    Attributes:
      kind: `shift` (by `vector`), `reach` (to `vector`), `bump` (by `vector` and back), `wave` (back and forth along `vector`),
        `circle` (about `vector`, whose length is the radius), `local` (named by `name`), `shape` (to hand `vector`, (15, 3)),
        `turn` (to axes `vector`, (2, 3)).
    """

    kind: str
    vector: np.ndarray
    name: str = ""


@dataclass(frozen=True)
class Hand:
    """One hand: (15, 3) pose, (2, 3) axes of fingers and palm, (3,) position of the wrist, and its actions in each step."""

    pose: np.ndarray
    axes: np.ndarray
    place: np.ndarray
    steps: tuple[tuple[Move, ...], ...]


@dataclass(frozen=True)
class Plan:
    """A sign.

    Attributes:
      right, left: the hands; the left one as its mirror image, or None if it rests. The right hand is dominant.
      times: how often all steps are done.
      back: whether every second repetition goes backwards.
      alternating: whether the hands are half a cycle apart.
    """

    right: Hand
    left: Hand | None
    times: int
    back: bool
    alternating: bool


def plan(tree: Node) -> Plan:
    """The plan for a parsed string."""
    sign = next(nodes([tree], "sign"))
    blocks = {kind: list(nodes([sign], kind)) for kind in ("posture", "where", "actions")}
    leading = {kind: [dominant(node) for node in found] for kind, found in blocks.items()}
    right = _hand(leading, None)
    operator = first(nodes([sign], "symmetry"), "symmetry")
    other = {kind: list(nodes(found, "other")) for kind, found in blocks.items()}
    left: Hand | None = None
    if operator is not None:
        parallel = operator.symbol.name == "hamsymmpar"
        # The left hand is stored as its mirror image, so a mirrored hand equals the dominant one.
        left = _mirrored(right, keep_place=True) if parallel else right
    elif any(other.values()):
        resting = replace(right, place=_reflect(BELOW_THE_HAND), steps=())
        left = _mirrored(resting, keep_place=True)
    if left is not None and any(other.values()):
        left = _overridden(left, other)
    repeat = first(blocks["actions"], "repeat")
    several = repeat is not None and "several" in repeat.symbol.words
    return Plan(
        right=right,
        left=left,
        times=1 if repeat is None else 3 if several else 2,
        back=repeat is not None and repeat.symbol.name == "hamrepeatreverse",
        alternating=first(nodes([sign], "symmetry"), "alternate") is not None,
    )


def _reflect(vectors: np.ndarray) -> np.ndarray:
    return vectors * np.array([-1.0, 1.0, 1.0])


def _mirrored(hand: Hand, *, keep_place: bool) -> Hand:
    """The mirror image of a hand; with `keep_place`, on its own side."""
    stays = ("shape", "reach") if keep_place else ("shape",)
    steps = tuple(
        tuple(move if move.kind in stays else replace(move, vector=_in_mirror(move)) for move in step)
        for step in hand.steps
    )
    return Hand(hand.pose, _reflect(hand.axes), hand.place if keep_place else _reflect(hand.place), steps)


def _in_mirror(move: Move) -> np.ndarray:
    # The axis of a rotation is a pseudovector: a reflection of x keeps its x and negates the rest.
    return -_reflect(move.vector) if move.kind == "circle" else _reflect(move.vector)


def _overridden(left: Hand, other: dict[str, list[Node]]) -> Hand:
    """The left hand with everything that is written only for it."""
    if other["posture"] or other["where"]:
        own = _mirrored(_hand({**other, "actions": []}, BELOW_THE_HAND), keep_place=False)
        written = other["posture"]
        left = replace(
            left,
            pose=own.pose if first(written, "base") else left.pose,
            axes=own.axes if first(written, "finger direction") and first(written, "palm") else left.axes,
            place=own.place if first(other["where"], "place") else left.place,
        )
    if other["actions"]:
        steps = _steps(other["actions"], _facing(other["posture"], _UNWRITTEN))
        left = replace(left, steps=_mirrored(replace(left, steps=steps), keep_place=False).steps)
    return left


def _hand(blocks: Blocks, elsewhere: np.ndarray | None) -> Hand:
    """A hand from its posture, location and actions; `elsewhere` is its location if none on the body is written."""
    posture = blocks["posture"]
    handshape = next(nodes(posture, "handshape"), None)
    pose = np.zeros((15, 3)) if handshape is None else hand_pose(handshape)
    facing = _facing(posture, _UNWRITTEN)
    return Hand(pose, hand_axes(*facing), _place(blocks["where"], elsewhere), _steps(blocks["actions"], facing))


def _facing(trees: Sequence[Tree], before: tuple[str, str]) -> tuple[str, str]:
    """In words, where the fingers point and the palm faces; unchanged if it is not written."""
    fingers, palm = first(trees, "finger direction"), first(trees, "palm")
    return before[0] if fingers is None else fingers.symbol.words, before[1] if palm is None else palm.symbol.words


def _place(where: Iterable[Tree], elsewhere: np.ndarray | None = None) -> np.ndarray:
    """The location of a hand, its side and its contact."""
    where = list(where)
    on_body = next(nodes(where, "place"), None)
    if on_body is None:
        written = first(where, "hand area", "finger", "finger part") is not None
        found = place(ON_HAND if written else NEUTRAL) if elsewhere is None or written else elsewhere
    else:
        found = _on_body(on_body)
    contact = first(where, "contact")
    return found if contact is None else _closer(found, contact.symbol.words)


def _on_body(node: Node) -> np.ndarray:
    leaves = [leaf for leaf in node.leaves() if leaf.symbol.role in ("place", "side")]
    name = next(leaf for leaf in leaves if leaf.symbol.role == "place")
    shifts = [
        side_shift(leaf.symbol.words, before=leaf.position < name.position)
        for leaf in leaves
        if leaf.symbol.role == "side"
    ]
    return place(name.symbol.words) + np.sum([np.zeros(3), *shifts], axis=0)


def _closer(where: np.ndarray, contact: str) -> np.ndarray:
    return where - np.array([0.0, 0.0, CONTACT[contact]])


def _steps(trees: Sequence[Tree], facing: tuple[str, str]) -> tuple[tuple[Move, ...], ...]:
    """The steps in order; the contents of a pair of brackets happen in one step."""
    steps = []
    for together in _together(trees):
        moves: list[Move] = []
        for node in together:
            if node.kind == "change":
                facing = _facing([node], facing)
                moves += _change(node, facing)
            else:
                moves += _movement(node) if node.kind == "movement" else _target(node)
        if moves:
            steps.append(tuple(moves))
    return tuple(steps)


def _together(trees: Iterable[Tree]) -> Iterator[list[Node]]:
    """The nodes of movements, changes and targets, grouped by step."""
    for tree in trees:
        if isinstance(tree, Leaf) or tree.kind in ("repetition", "contact"):
            continue
        if tree.kind in ("movement", "change", "target"):
            yield [tree]
        elif tree.kind == "parallel":
            yield [node for step in _together(tree.children) for node in step]
        else:
            yield from _together(tree.children)


def _movement(node: Node) -> Iterator[Move]:
    symbol = next(leaf for leaf in node.leaves()).symbol
    size_leaf = first([node], "size")
    size = 1.0 if size_leaf is None else _SIZES[size_leaf.symbol.words]
    if symbol.role == "path":
        vector = direction(symbol.words)
        yield Move("shift", size * _LENGTH * vector)
        shape = first([node], "shape")
        if shape is not None and shape.symbol.words.startswith("arc"):
            aside = direction(
                {"hamarcu": "up", "hamarcd": "down", "hamarcl": "left", "hamarcr": "right"}[shape.symbol.name]
            )
            yield Move("bump", 0.5 * size * _LENGTH * aside)
        elif shape is not None:
            across = np.cross(vector, [0.0, 0.0, 1.0]) if abs(vector[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
            yield Move("wave", 0.2 * _LENGTH * across)
    elif symbol.role == "circle":
        yield Move("circle", size * _RADIUS * direction(symbol.words))
    elif symbol.role == "local":
        yield Move("local", np.full(3, size), symbol.name)


def _change(node: Node, facing: tuple[str, str]) -> Iterator[Move]:
    handshape = next(nodes([node], "handshape"), None)
    if handshape is not None:
        yield Move("shape", hand_pose(handshape))
    if first([node], "finger direction") is not None or first([node], "palm") is not None:
        yield Move("turn", hand_axes(*facing))


def _target(node: Node) -> Iterator[Move]:
    on_body = next(nodes([node], "place"), None)
    contact = first([node], "contact")
    if on_body is not None and first([on_body], "place") is not None:
        found = _on_body(on_body)
        yield Move("reach", found if contact is None else _closer(found, contact.symbol.words))
    elif contact is not None:
        yield Move("shift", _closer(np.zeros(3), contact.symbol.words))

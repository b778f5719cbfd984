"""The attributes of a string: one class name for each head that a model can learn.

Each attribute is taken from the beginning of the first sign of the string (a compound joins several with plus): the first
handshape, orientation, location and movement. A sign that changes its handshape is labelled with the one it starts with.

| attribute | classes |
|---|---|
| `symmetry` | `one hand`, `mirrored`, `parallel`, or `different` if a block is written for each hand |
| `handshape` | the base symbol |
| `thumb`, `bending` | the first symbol of each in the first handshape; `plain` if there is none |
| `finger_direction`, `palm` | the first symbol: `up-left`, ...; out is away from the signer |
| `location` | the place on the body, else `hand or arm`; `neutral space` if none is written, which is what its absence means |
| `movement` | of the first step: `straight` (or an arc), `circle`, `local`, `change`, `hold`; `none` without one |
| `direction` | of the first straight or circular movement: for a circle, its axis; not labelled without one |
| `size` | of that movement: `small`, `large` or `plain` |
| `repetition` | `repeated` if anything is, else `once` |
| `contact` | `contact` if there is a contact symbol anywhere (close, touching, ...), else `none` |

A `local` movement is one of the wrist or the fingers, a `change` one of handshape or orientation. The contents of a pair of
brackets are one step, and it is straight or circular if anything in it is: a hand that opens while it moves down moves straight.

`other_handshape`, `other_thumb`, ... are what is written only for the other hand; if nothing is written, as in most mirrored
signs, they are not labelled.
"""

from collections.abc import Iterable, Iterator, Sequence

from signjax.data.hamnosys.combinators import Leaf, Node, Tree

# Written for the dominant hand, or for the sign as a whole.
ATTRIBUTES = (
    "symmetry", "handshape", "thumb", "bending", "finger_direction", "palm", "location", "movement", "direction", "size",
    "repetition", "contact",
)  # fmt: skip

# Written for the other hand, where the two differ.
OTHER_ATTRIBUTES = tuple(
    f"other_{name}"
    for name in ("handshape", "thumb", "bending", "finger_direction", "palm", "location", "movement", "direction")
)

PLAIN = "plain"
NEUTRAL = "neutral space"
ON_HAND = "hand or arm"

_MOVEMENTS = {
    "path": "straight", "circle": "circle", "local": "local", "cross": "straight", "mime": "local", "hold": "hold",
    "replace": "change",
}  # fmt: skip
_SYMMETRY = {"hamsymmpar": "parallel", "hamsymmlr": "mirrored"}


def attributes(tree: Node) -> dict[str, str]:
    """The attributes of a parsed string, without those that are not labelled.

    Args:
      tree: as `parse` returns it.

    Returns:
      Attribute -> class name; the attributes are among `ATTRIBUTES` and `OTHER_ATTRIBUTES`.
    """
    sign = next(nodes([tree], "sign"))
    blocks = [list(nodes([sign], kind)) for kind in ("posture", "where", "actions")]
    leading = [[dominant(tree) for tree in block] for block in blocks]
    for_other = [list(nodes(block, "other")) for block in blocks]
    found = {
        "symmetry": _symmetry(sign, any(for_other)),
        **_of_hand(*leading),
        "repetition": "repeated" if first([sign], "repeat") else "once",
        "contact": "contact" if first([sign], "contact") else "none",
    }
    found.setdefault("location", NEUTRAL)
    found.setdefault("movement", "none")
    other = _of_hand(*for_other)
    return found | {f"other_{name}": value for name, value in other.items() if f"other_{name}" in OTHER_ATTRIBUTES}


def nodes(trees: Iterable[Tree], kind: str) -> Iterator[Node]:
    """The outermost nodes of a kind, in the order of the string."""
    for tree in trees:
        if isinstance(tree, Node):
            if tree.kind == kind:
                yield tree
            else:
                yield from nodes(tree.children, kind)


def first(trees: Iterable[Tree], *roles: str) -> Leaf | None:
    """The first symbol with one of the roles, or None."""
    for tree in trees:
        if isinstance(tree, Leaf):
            if tree.symbol.role in roles:
                return tree
        elif (leaf := first(tree.children, *roles)) is not None:
            return leaf
    return None


def dominant(tree: Tree) -> Tree:
    """The tree without the parts that are written for the other hand."""
    if isinstance(tree, Leaf):
        return tree
    return Node(tree.kind, tuple(dominant(child) for child in tree.children if not _is(child, "other")))


def _is(tree: Tree, kind: str) -> bool:
    return isinstance(tree, Node) and tree.kind == kind


def _symmetry(sign: Node, differ: bool) -> str:
    leaf = first(nodes([sign], "symmetry"), "symmetry")
    if leaf is not None:
        return _SYMMETRY[leaf.symbol.name]
    return "different" if differ else "one hand"


def _of_hand(posture: Sequence[Tree], where: Sequence[Tree], actions: Sequence[Tree]) -> dict[str, str]:
    """The attributes of one hand, without those that its blocks do not specify."""
    found: dict[str, str] = {}
    for name, role in (("handshape", "base"), ("finger_direction", "finger direction"), ("palm", "palm")):
        leaf = first(posture, role)
        if leaf is not None:
            found[name] = leaf.symbol.words
    handshape = next(nodes(posture, "handshape"), None)
    if handshape is not None:
        for role in ("thumb", "bending"):
            leaf = first([handshape], role)
            found[role] = PLAIN if leaf is None else leaf.symbol.words
    body, hand = first(where, "place"), first(where, "hand area", "finger", "finger part")
    if body is not None or hand is not None:
        found["location"] = ON_HAND if body is None else body.symbol.words
    steps = list(_steps(actions))
    if steps:
        kinds = [_MOVEMENTS[leaf.symbol.role] for leaf in steps[0]]
        found["movement"] = next((kind for kind in kinds if kind in ("straight", "circle")), kinds[0])
    leaf = next((leaf for step in steps for leaf in step if leaf.symbol.role in ("path", "circle")), None)
    if leaf is not None:
        found["direction"] = leaf.symbol.words
        movement = next(node for node in nodes(actions, "movement") if leaf in node.children)
        size = first(movement.children, "size")
        found["size"] = PLAIN if size is None else size.symbol.words
    return found


def _steps(actions: Iterable[Tree]) -> Iterator[list[Leaf]]:
    """The symbols that tell which movement each action is; those of simultaneous actions are grouped."""
    for tree in actions:
        if isinstance(tree, Leaf):
            continue
        if tree.kind in ("movement", "change", "parallel"):
            step = [leaf for leaf in tree.leaves() if leaf.symbol.role in _MOVEMENTS]
            if step:
                yield step
        else:
            yield from _steps(tree.children)

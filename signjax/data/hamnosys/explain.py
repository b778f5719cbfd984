"""Describes a parsed string in words."""

from collections.abc import Iterator

from signjax.data.hamnosys.combinators import Leaf, Node, Tree

# Nodes that get a heading with their contents indented below it; every other node is one line.
_HEADINGS = {
    "sign": "sign", "where": "location", "actions": "movement", "dominant": "dominant hand", "other": "other hand",
    "parallel": "at the same time", "sequence": "one after another", "fusion": "merged into one movement",
}  # fmt: skip
_TRANSPARENT = ("string", "posture", "both", "choice")
# Nodes that need no heading.
_SELF_EXPLAINING = ("target", "movement")
_BRACKETS = ("parallel", "sequence", "fusion", "choice")
_SILENT = {"plus", "space", "version", *(f"{bracket} {end}" for bracket in _BRACKETS for end in ("open", "close"))}

_PHRASES = {
    "finger direction": "fingers pointing {}", "palm": "palm facing {}", "thumb": "thumb {}", "bending": "fingers {}",
    "path": "moving {}", "circle": "circling about the axis {}", "clock": "starting {}",
    "alternate": "the hands alternating", "replace": "to",
    "same": "the same handshape", "repeat": "repeated {}", "nondominant": "the {}",
}  # fmt: skip


def explain(tree: Node) -> str:
    """One line for each block of the string, indented by what it belongs to."""
    return "\n".join(_lines(tree, 0))


def _lines(tree: Tree, depth: int) -> Iterator[str]:
    if isinstance(tree, Leaf):
        if tree.symbol.role not in _SILENT:
            yield "  " * depth + _phrase(tree)
    elif tree.kind in _TRANSPARENT:
        for child in tree.children:
            yield from _lines(child, depth)
    elif tree.kind in _HEADINGS:
        yield "  " * depth + _HEADINGS[tree.kind]
        for child in tree.children:
            yield from _lines(child, depth + 1)
    else:
        yield "  " * depth + _inline(tree)


def _inline(tree: Node) -> str:
    """A node on one line: `handshape: flat hand, thumb across`."""
    spoken = []
    for leaf in tree.leaves():
        if leaf.symbol.role == "plus":
            spoken.append("and, for the other hand,")
        elif leaf.symbol.role not in _SILENT:
            # After a symmetry operator, the bar and the size describe the plane of symmetry, not the fingers.
            spoken.append(
                leaf.symbol.words if tree.kind == "symmetry" and leaf.symbol.role == "bending" else _phrase(leaf)
            )
    words = ", ".join(spoken)
    return words if tree.kind in _SELF_EXPLAINING else f"{tree.kind}: {words}"


def _phrase(leaf: Leaf) -> str:
    return _PHRASES.get(leaf.symbol.role, "{}").format(leaf.symbol.words)

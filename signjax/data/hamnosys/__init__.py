"""HamNoSys 4: parses strings of code points into a tree, attributes and words.

Only the notation is here: how a string is signed is in `synthetic`, how it becomes labels in `labels`.
"""

from signjax.data.hamnosys.attributes import ATTRIBUTES, OTHER_ATTRIBUTES, attributes
from signjax.data.hamnosys.combinators import Leaf, Node
from signjax.data.hamnosys.explain import explain
from signjax.data.hamnosys.grammar import UnparsedError, parse

__all__ = [
    "ATTRIBUTES", "OTHER_ATTRIBUTES", "Leaf", "Node", "UnparsedError", "attributes", "explain", "parse",
]  # fmt: skip

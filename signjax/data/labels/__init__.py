"""From label columns to heads: the labels of each mode, their codes, and whether the classes can be learned.

Which clip has which label is read in `tables` and `sources`; HamNoSys strings are parsed in `hamnosys`.
"""

from signjax.data.labels.encoding import class_names, encode
from signjax.data.labels.modes import LABEL_MODES, relabel

__all__ = ["LABEL_MODES", "class_names", "encode", "relabel"]

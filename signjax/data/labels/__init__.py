"""From label columns to heads: what becomes of the labels in each mode, their codes, and whether the classes can be learned.

Which clip has which label is read in `tables` and `sources`; what a HamNoSys string says, in `hamnosys`.
"""

from signjax.data.labels.encoding import class_names, encode
from signjax.data.labels.modes import LABEL_MODES, relabel

__all__ = ["LABEL_MODES", "class_names", "encode", "relabel"]

"""Which file each name in a table means.

Code that compares the names in a table with those of files, or explains why they differ, belongs here.
"""

from signjax.data.tables.pairing.file_names import FileNames, own_name, slashed
from signjax.data.tables.pairing.matcher import Matched, Matcher

__all__ = ["FileNames", "Matched", "Matcher", "own_name", "slashed"]

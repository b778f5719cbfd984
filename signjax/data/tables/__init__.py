"""Users' label tables: how they are read, the names in them, and which row belongs to which file.

Code that reads a user's table, or compares names in a table with those of files, belongs here.
"""

from signjax.data.tables.label_table import Row, read_label_table
from signjax.data.tables.matching import (
    Found,
    find_label_table,
    find_label_tables,
    given_label_tables,
    match,
    match_rows,
    segment,
    with_table,
)
from signjax.data.tables.names import canonical

__all__ = [
    "Found", "Row", "canonical", "find_label_table", "find_label_tables", "given_label_tables", "match", "match_rows",
    "read_label_table", "segment", "with_table",
]  # fmt: skip

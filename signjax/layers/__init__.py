"""Pure, shape-annotated functions, and a thin Linen module for each."""

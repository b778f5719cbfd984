"""The network's layers: pure, shape-annotated functions and a thin Linen module for each."""

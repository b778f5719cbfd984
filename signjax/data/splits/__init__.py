"""Splits that cannot leak: rules, groups, dealing, duplicates, and what a split is too small for."""

"""Configurations: `base.py` defines every key, the others override it."""

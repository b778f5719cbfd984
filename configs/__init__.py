"""Configurations: `base.py` has every key at its default, the others override some."""

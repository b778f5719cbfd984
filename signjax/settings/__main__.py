"""Prints docs/settings.md: `python -m signjax.settings > docs/settings.md`."""

from signjax.settings.reference import markdown

print(markdown(), end="")

"""Splits that cannot leak: rules, groups, dealing, duplicates, and what a split is too small for.

Everything that decides which split a clip is in belongs here; `split_clips` is the way in.
"""

from signjax.data.splits.split import Description, Rule, Split, split_clips

__all__ = ["Description", "Rule", "Split", "split_clips"]

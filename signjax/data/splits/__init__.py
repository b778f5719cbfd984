"""Splits without leakage: rules, groups, assignment, duplicates, and warnings about splits that are too small.

Everything that decides which split a clip is in belongs here; the entry point is `split_clips`.
"""

from signjax.data.splits.split import Description, Rule, Split, split_clips

__all__ = ["Description", "Rule", "Split", "split_clips"]

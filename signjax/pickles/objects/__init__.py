"""What a pickle may build: tensors, storages, arrays, dtypes, each as a placeholder until `resolve` replaces it by its value.

A placeholder checks its numbers before any memory is taken. No other class is ever made for a pickle.
"""

from signjax.pickles.objects.placeholders import Constructor, DictPlaceholder, Name, Placeholder

__all__ = ["Constructor", "DictPlaceholder", "Name", "Placeholder"]

"""What a pickle may build: tensors, storages, arrays, dtypes, each as a placeholder of our own until `resolve` settles it.

A placeholder checks its numbers before any memory is taken. No other class is ever made for a pickle.
"""

from signjax.pickles.objects.placeholders import Constructor, DictPlaceholder, Name, Placeholder

__all__ = ["Constructor", "DictPlaceholder", "Name", "Placeholder"]

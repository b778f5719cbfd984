"""What a pickle may build: tensors, storages, arrays, dtypes, each as a stand-in of our own until `resolve` settles it.

A stand-in checks its numbers before any memory is taken. No other class is ever made for a pickle.
"""

from signjax.pickles.objects.standins import Constructor, DictStandIn, Name, StandIn

__all__ = ["Constructor", "DictStandIn", "Name", "StandIn"]

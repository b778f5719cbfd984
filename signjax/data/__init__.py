"""From files to clips, and from clips to a dataset folder; NumPy only. There is one folder per step.

The modules next to the folders are shared by all of them: the clip, the dataset folder, tables, files, locks, worker processes.
"""

from signjax.data.clip import SPLITS, Clip, ClipInfo, Item, Rejected, Request

__all__ = ["SPLITS", "Clip", "ClipInfo", "Item", "Rejected", "Request"]

"""From files to clips, and from clips to a dataset folder; NumPy only. A folder for each step, each in its own words.

The modules beside the folders are what all of them share: the clip, the dataset folder, tables, files, locks, worker processes.
"""

from signjax.data.clip import SPLITS, Clip, ClipInfo, Item, Rejected, Request

__all__ = ["SPLITS", "Clip", "ClipInfo", "Item", "Rejected", "Request"]

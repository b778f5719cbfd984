"""One file per on-disk format; each yields clips, or the reason why there is none. `registry` lists them by name.

A new source is a module with the four functions of `Source`, and a line in `SOURCES`. Code that several sources use is in `shared`.
"""

from signjax.data.sources.registry import SOURCES, Source, list_items, listing, read, read_item

__all__ = ["SOURCES", "Source", "list_items", "listing", "read", "read_item"]

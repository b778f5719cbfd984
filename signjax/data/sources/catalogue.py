"""The sources by name, and what all of them can do.

Reading goes in two steps, so that the second can be done in any number of processes:

    request = Request(path, labels, layout, labelled=True)
    items = list_items(source, request)        # list[Item | Rejected], in a fixed order; reads names and tables, no frames
    clip = read_item(source, item)             # Clip | Rejected; a pure function of the item and the file it names

An `Item` is small and can be pickled; what `list_items` rejects needs no further work. A new source is a module with the
four functions of `Source`, and a line in `SOURCES`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from signjax.data import layouts
from signjax.data.clip import Clip, Rejected
from signjax.data.sources import arrays, gislr, mediapipe, pose, signavatars
from signjax.data.sources.item import Item, Request
from signjax.errors import InputError


class Source(Protocol):
    """What the module of a source offers. Each raises `InputError` where the request as a whole cannot be used."""

    def source_files(self, request: Request) -> list[Path]:
        """Every file that the clips come from, label tables too: a change in any means that the clips may change."""

    def list_items(self, request: Request) -> list[Item | Rejected]:
        """The work items in a fixed order, and what is rejected without reading it."""

    def read_item(self, item: Item) -> Clip | Rejected:
        """Reads one clip; what is wrong with its file alone comes as `Rejected`."""

    def default_layout(self, request: Request, width: int) -> layouts.Layout:
        """The layout that `auto` means, for frames of `width` channels."""


# The synthetic corpora are written as SignAvatars writes, and read through the same door.
SOURCES: dict[str, Source] = {
    "synthetic": signavatars,
    "synthetic_hamnosys": signavatars,
    "signavatars": signavatars,
    "arrays": arrays,
    "pose": pose,
    "mediapipe": mediapipe,
    "gislr": gislr,
}


def named(source: str) -> Source:
    """The source that `config.data.source` names.

    Raises:
      InputError: there is none of that name.
    """
    if source not in SOURCES:
        raise InputError(f"config.data.source must be one of {', '.join(SOURCES)}; it is {source!r}")
    return SOURCES[source]


def list_items(source: str, request: Request) -> list[Item | Rejected]:
    """The work items of a source in a fixed order, and what is rejected without reading it."""
    return named(source).list_items(request)


def read_item(source: str, item: Item) -> Clip | Rejected:
    """Reads the clip of one work item, in any process."""
    return named(source).read_item(item)


def read(source: str, request: Request) -> Iterator[Clip | Rejected]:
    """Both steps: every clip of a source in order, and what is rejected."""
    for item in list_items(source, request):
        yield item if isinstance(item, Rejected) else read_item(source, item)


def layout_of(source: str, request: Request, width: int) -> layouts.Layout:
    """The layout of a source's frames of `width` channels, as the request names it."""
    if request.layout == "auto":
        return named(source).default_layout(request, width)
    return layouts.named(request.layout, width)

"""The sources by name, and the functions that all of them offer.

Reading has two steps, so that the second can run in any number of processes:

    request = Request(path, labels, layout, labelled=True)
    items = list_items(source, request)        # list[Item | Rejected], in a fixed order; reads names and tables, no frames
    clip = read_item(source, item)             # Clip | Rejected; a pure function of the item and the file it names

An `Item` is small and can be pickled; an item that `list_items` rejects needs no further work. `listing` also returns remarks for
people on what was inferred from the names. All names are canonical (`signjax.data.tables.names`), whatever the source. A new source
is a module with the four functions of `Source`, and a line in `SOURCES`.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from signjax.data.clip import Clip, Item, Rejected, Request, Say
from signjax.data.layout import registry as layout_registry
from signjax.data.layout.parts import ChosenLayout, Layout
from signjax.data.sources import arrays, gislr, mediapipe, pose, signavatars
from signjax.data.sources.skeletons import source as skeletons
from signjax.data.tables.names import canonical, unified
from signjax.errors import InputError


class Source(Protocol):
    """The functions in the module of a source. Each raises `InputError` if the request as a whole cannot be used."""

    def source_files(self, request: Request) -> list[Path]:
        """Every file that the clips come from, including label tables: if any of them changes, the clips may change."""

    def list_items(self, request: Request, say: Say) -> list[Item | Rejected]:
        """The work items in a fixed order, including rejected ones; adds remarks on what was inferred from names."""

    def read_item(self, item: Item) -> Clip | Rejected:
        """Reads one clip; faults of its own file are returned as `Rejected`."""

    def default_layout(self, request: Request, width: int) -> ChosenLayout:
        """The layout that `auto` means, for frames of `width` channels, and why."""


# The synthetic corpora are written in the format of SignAvatars, and read by the same source. `smplx` is another name of it, for
# parameters of other tools.
SOURCES: dict[str, Source] = {
    "synthetic": signavatars,
    "synthetic_hamnosys": signavatars,
    "signavatars": signavatars,
    "smplx": signavatars,
    "arrays": arrays,
    "pose": pose,
    "mediapipe": mediapipe,
    "gislr": gislr,
    "skeletons": skeletons,
}


def named(source: str) -> Source:
    """The source that `config.data.source` names.

    Raises:
      InputError: there is no source of that name.
    """
    if source not in SOURCES:
        raise InputError(f"config.data.source must be one of {', '.join(SOURCES)}; it is {source!r}")
    return SOURCES[source]


@dataclass(frozen=True)
class Listing:
    """The contents of a source.

    Attributes:
      items: the work items in a fixed order, including those rejected without being read.
      remarks: sentences on what was inferred from names, such as that a column `file` holds titles.
    """

    items: list[Item | Rejected]
    remarks: list[str]


def listing(source: str, request: Request) -> Listing:
    """The work items of a source, and remarks for the user.

    Raises:
      InputError: the request cannot be used.
    """
    remarks: list[str] = []
    items = named(source).list_items(request, remarks.append)
    found = _unified(_told_apart([_canonical(item) for item in items]), remarks)
    # In canonical form, because a path in them may contain bytes that cannot be printed.
    return Listing(found, [canonical(remark) for remark in remarks])


def list_items(source: str, request: Request) -> list[Item | Rejected]:
    """The work items of a source in a fixed order, including those rejected without being read."""
    return listing(source, request).items


def verify(source: str, request: Request) -> None:
    """Verifies files that hold many clips under one checksum, once before any clip is read.

    Raises:
      InputError: a file is damaged.
    """
    if source == "arrays":
        arrays.verify(request)


def _told_apart(items: list[Item | Rejected]) -> list[Item | Rejected]:
    """The items, with a number appended to names whose files differ only in Unicode form: two folders with `ç` as one character and
    as two are different folders.
    """
    first: dict[str, str] = {}
    count: Counter[str] = Counter()
    result: list[Item | Rejected] = []
    for item in items:
        if isinstance(item, Item):
            other = first.setdefault(item.name, item.file)
            if other != item.file and canonical(other) == canonical(item.file):
                count[item.name] += 1
                info = replace(item.info, name=f"{item.name} ({count[item.name] + 1})")
                item = replace(item, info=info)  # noqa: PLW2901
        result.append(item)
    return result


def _unified(items: list[Item | Rejected], remarks: list[str]) -> list[Item | Rejected]:
    """The items with each signer, group, split and class under one name; changes are added to the remarks."""
    clips = [item for item in items if isinstance(item, Item)]
    heads = dict.fromkeys(head for item in clips for head in item.labels)
    columns = {
        "signer": unified((item.signer for item in clips), labels=False),
        "group": unified((item.group for item in clips), labels=False),
        "split": unified((item.split for item in clips), labels=False),
    }
    classes = {head: unified((item.labels.get(head) for item in clips), labels=True) for head in heads}
    for what, changed in (*columns.items(), *classes.items()):
        for name, other in changed.items():
            remarks.append(f"{what} {name!r} is read as {repr(other) if other else 'unknown'}")
    if not any((*columns.values(), *classes.values())):
        return items

    def one(item: Item | Rejected) -> Item | Rejected:
        if isinstance(item, Rejected):
            return item
        labels = {head: classes[head].get(label, label) for head, label in item.labels.items()}
        info = replace(
            item.info,
            signer=columns["signer"].get(item.signer or "", item.signer) or None,
            group=columns["group"].get(item.group or "", item.group) or None,
            split=columns["split"].get(item.split or "", item.split) or None,
            labels={head: label for head, label in labels.items() if label},
        )
        return replace(item, info=info)

    return [one(item) for item in items]


def _canonical(item: Item | Rejected) -> Item | Rejected:
    """The item with canonical names; its file keeps the name by which it can be opened."""
    name = canonical(item.name) or repr(item.name)
    if isinstance(item, Rejected):
        return replace(item, name=name)
    labels = {canonical(head): canonical(label) for head, label in item.labels.items()}
    info = replace(
        item.info,
        name=name,
        labels={head: label for head, label in labels.items() if label},
        signer=canonical(item.signer or "") or None,
        group=canonical(item.group or "") or None,
        split=canonical(item.split or "") or None,
    )
    return replace(item, info=info)


def read_item(source: str, item: Item) -> Clip | Rejected:
    """Reads the clip of one work item, in any process; a clip has at least one frame, and a frame at least one value."""
    try:
        found = named(source).read_item(item)
    except Exception as error:
        error.add_note(f"while reading clip {item.name!r} of {item.file}")
        raise
    if isinstance(found, Clip) and len(found.frames) == 0:
        return item.rejected("empty", "the clip has no frames")
    if isinstance(found, Clip) and found.frames.shape[1] == 0:
        return item.rejected("wrong_width", "its frames have no values")
    return found


def read(source: str, request: Request) -> Iterator[Clip | Rejected]:
    """Both steps: every clip of a source in order, including rejected ones."""
    for item in list_items(source, request):
        yield item if isinstance(item, Rejected) else read_item(source, item)


def layout_of(source: str, request: Request, width: int) -> ChosenLayout:
    """The layout of a source's frames of `width` channels, named by the request or chosen by the source, and why."""
    if request.layout == "auto":
        return named(source).default_layout(request, width)
    return ChosenLayout(layout_registry.named(request.layout, width), "chosen by config.data.layout")


def layout_like(source: str, request: Request, trained: Layout) -> Layout:
    """The layout with which to read a source for a trained model: `trained`, with the channels found by name if they have names.

    Raises:
      InputError: the source has other channels.
    """
    return arrays.layout_like(request, trained) if source == "arrays" and request.layout == "auto" else trained

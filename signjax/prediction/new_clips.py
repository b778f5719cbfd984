"""The clips of a file or folder, in the layout of the data that a model was trained on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from signjax.data.clip import Clip, Item, Rejected, Request
from signjax.data.labels.modes import check_columns, relabel
from signjax.data.layout.parts import Layout
from signjax.data.preparation.recipe import Recipe
from signjax.data.sources import registry as source_registry
from signjax.data.text_files import write_json
from signjax.prediction.clips import list_new_clips
from signjax.prediction.source import check_alike, guess_source, guessed_line, requested_layout

Say = Callable[[str], None]


@dataclass(frozen=True)
class NewClips:
    """Clips that are listed and not read yet, and the layout of their frames."""

    source: str
    items: list[Item | Rejected]
    layout: Layout

    def read(self) -> Iterator[Clip | Rejected]:
        """The clips, one after another."""
        for item in self.items:
            yield item if isinstance(item, Rejected) else source_registry.read_item(self.source, item)


@contextmanager
def listed(
    path: Path, source: str, of_run: Recipe, trained: Layout, say: Say, labels: str | None = None
) -> Iterator[NewClips]:
    """Lists the clips of a file or folder.

    Args:
      path: the file or folder.
      source: its source; if empty, it is guessed from what lies there, and told.
      of_run: the data settings of the model's run.
      trained: the layout of the source that it was trained on.
      say: prints a line.
      labels: None for clips without labels; the label table of labelled ones, empty if their source has the labels or finds it.

    Raises:
      InputError: the clips cannot be listed, or have another layout.
    """
    if not source:
        guess = guess_source(path, of_run.source)
        source = guess.source
        say(guessed_line(guess))
    wanted = requested_layout(source, of_run.source, of_run.layout, trained)
    with _layout_for_sources(wanted, trained) as layout:
        if labels is None:
            request = Request(path, layout=layout, labelled=False)
            items = list_new_clips(source, request, trained.width, say)
        else:
            request = Request(path, labels, layout, columns=of_run.columns)
            items = _labelled_items(source, request, of_run, say)
        check_alike(source, of_run.source, request, trained)
        yield NewClips(source, items, source_registry.layout_like(source, request, trained))


def _labelled_items(source: str, request: Request, of_run: Recipe, say: Say) -> list[Item | Rejected]:
    """The work items of labelled clips, with the heads of the run."""
    found = source_registry.listing(source, request)
    for remark in found.remarks:
        say(f"warning: {remark}")
    check_columns(found.items, of_run.label_mode, of_run.heads, request.labels or str(request.path))
    return relabel(found.items, of_run.label_mode, of_run.heads)[0]


@contextmanager
def _layout_for_sources(name: str, layout: Layout) -> Iterator[str]:
    """The layout for sources: `config.data.layout`, but a JSON file is written again, because the original may be gone."""
    if not name.endswith(".json"):
        yield name
        return
    with TemporaryDirectory() as folder:
        path = Path(folder) / Path(name).name
        write_json(path, layout.description())
        yield str(path)

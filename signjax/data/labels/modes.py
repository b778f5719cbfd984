"""How a source's labels become heads: `config.data.label_mode`.

| mode | heads |
|---|---|
| `column` | the label columns that `config.data.heads` names |
| `gloss` | the column `gloss` |
| `attributes` | the attributes of the HamNoSys string in column `hamnosys`; `config.data.heads` may select some of them |
"""

import difflib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from signjax.data import hamnosys
from signjax.data.clip import Item, Rejected
from signjax.data.labels.feasibility import FEWEST_CLIPS
from signjax.data.splits.groups import join_groups
from signjax.data.tables.label_table import column_names
from signjax.errors import InputError

LABEL_MODES = ("column", "gloss", "attributes")

HAMNOSYS_COLUMN = "hamnosys"
_GLOSS = "gloss"
_ALL_ATTRIBUTES = (*hamnosys.ATTRIBUTES, *hamnosys.OTHER_ATTRIBUTES)

Items = list[Item | Rejected]


def check_mode(mode: str, heads: Sequence[str]) -> None:
    """Checks the mode and its heads.

    Raises:
      InputError: the mode does not exist, or has no such head; the message names those that exist.
    """
    if mode not in LABEL_MODES:
        raise InputError(f"config.data.label_mode must be one of {', '.join(LABEL_MODES)}; it is {mode!r}")
    heads = column_names(heads)
    known = {"gloss": (_GLOSS,), "attributes": _ALL_ATTRIBUTES}.get(mode, heads)
    wrong = [head for head in heads if head not in known]
    if wrong:
        raise InputError(
            f"config.data.heads: label mode {mode} has no head {wrong[0]!r}; it has {', '.join(known)}. "
            "Choose from these, or use label columns with --config.data.label_mode=column"
        )


def check_columns(items: Sequence[Item | Rejected], mode: str, heads: Sequence[str], where: str) -> None:
    """Checks that every label column that a mode needs has labels.

    Args:
      items: as the source lists them.
      mode, heads: as for `relabel`.
      where: the label table, or the source that has its own labels.

    Raises:
      InputError: a column has none; the message names the label columns that have some.
    """
    clips = [item for item in items if isinstance(item, Item)]
    columns = sorted({column for item in clips for column in item.labels})
    needed = (HAMNOSYS_COLUMN,) if mode == "attributes" else column_names(heads) or (_GLOSS,)
    missing = next((column for column in needed if column not in columns), None)
    if missing is None or not clips:
        return
    have = f"its label columns are: {', '.join(columns)}" if columns else "it has no label columns"
    if mode == "attributes":
        raise InputError(
            f"{where}: label mode attributes needs a column {HAMNOSYS_COLUMN!r} with HamNoSys strings; {have}"
        )
    likely = (difflib.get_close_matches(missing, columns, 1) or columns)[:1]
    advice = (
        f"Choose with --config.data.heads, such as --config.data.heads={likely[0]}"
        if likely
        else f"Add a column {missing!r}"
    )
    raise InputError(f"{where}: no clip has a label in column {missing!r}; {have}. {advice}")


def relabel(items: Sequence[Item | Rejected], mode: str, heads: Sequence[str]) -> tuple[Items, tuple[str, ...]]:
    """The items with the labels of a mode, and the heads to learn.

    Mode `attributes` also sets the groups: clips of the same source and gloss, and clips with equal strings, belong together.

    Args:
      items: as the source lists them; rejected items are passed on.
      mode: one of `LABEL_MODES`.
      heads: the requested heads; empty for all heads of the mode. Attributes that were not requested are left out if they do
        not have two classes of at least two clips.

    Raises:
      InputError: as `check_mode`.
    """
    check_mode(mode, heads)
    heads = column_names(heads)
    if mode != "attributes":
        return list(items), tuple(heads) or (_GLOSS,)
    relabelled = [item if isinstance(item, Rejected) else _with_attributes(item) for item in _grouped(items)]
    return relabelled, tuple(heads) or _learnable(relabelled)


def source_of(name: str) -> str:
    """The language that a clip of SignAvatars' HamNoSys part comes from, by its name: `pjm`, `gsl`, `dgs` or `other`."""
    for prefix in ("pjm", "gsl"):
        if name.startswith(f"{prefix}_"):
            return prefix
    return "dgs" if name.isdigit() else "other"


def _with_attributes(item: Item) -> Item | Rejected:
    """The item labelled with the attributes of its string; without a string it has no label."""
    text = item.labels.get(HAMNOSYS_COLUMN)
    if text is None:
        return _labelled(item, {})
    try:
        return _labelled(item, hamnosys.attributes(hamnosys.parse(text)))
    except hamnosys.UnparsedError as error:
        return item.rejected("unparsed_hamnosys", str(error))


def _labelled(item: Item, labels: Mapping[str, str]) -> Item:
    return replace(item, info=replace(item.info, labels=labels))


def _grouped(items: Sequence[Item | Rejected]) -> Items:
    """The items, each group named after its first clip's source and gloss."""
    clips = [item for item in items if isinstance(item, Item)]
    if not clips:
        return list(items)
    glosses = [(source_of(item.name), item.labels[_GLOSS]) if _GLOSS in item.labels else None for item in clips]
    strings = [item.labels.get(HAMNOSYS_COLUMN) for item in clips]
    groups = join_groups([item.group for item in clips], glosses, strings)
    names = iter([_group_name(clips[group]) for group in groups])
    return [
        item if isinstance(item, Rejected) else replace(item, info=replace(item.info, group=next(names)))
        for item in items
    ]


def _group_name(item: Item) -> str:
    gloss = item.labels.get(_GLOSS)
    return item.name if gloss is None else f"{source_of(item.name)} {gloss}"


def _learnable(items: Items) -> tuple[str, ...]:
    """The attributes with at least two classes that have enough clips."""
    counts = Counter(pair for item in items if isinstance(item, Item) for pair in item.labels.items())
    classes = Counter(head for (head, _), clips in counts.items() if clips >= FEWEST_CLIPS)
    return tuple(head for head in _ALL_ATTRIBUTES if classes[head] > 1) or hamnosys.ATTRIBUTES

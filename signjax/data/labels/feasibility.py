"""Whether the classes of a data set can be learned and tested as posed."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from signjax.errors import InputError

RARE_CLASSES = ("stop", "leave_out")

# A class needs one clip for training and another for testing.
FEWEST_CLIPS = 2
# A head with a single class has nothing to tell apart.
FEWEST_CLASSES = 2

_NAMED = 5

Labels = Mapping[str, str]


def rare_classes(labels: Sequence[Labels], heads: Sequence[str]) -> set[tuple[str, str]]:
    """The (head, class) pairs that have fewer than `FEWEST_CLIPS` clips."""
    counts = Counter((head, row[head]) for row in labels for head in heads if head in row)
    return {pair for pair, count in counts.items() if count < FEWEST_CLIPS}


def without(labels: Labels, rare: set[tuple[str, str]]) -> dict[str, str]:
    """The labels of a clip, without those of rare classes."""
    return {head: name for head, name in labels.items() if (head, name) not in rare}


def check_none_rare(rare: set[tuple[str, str]], path: str) -> None:
    """Stops if there are rare classes: leaving them out is the user's decision.

    Raises:
      InputError: there are some; the message names the first few.
    """
    if rare:
        have = "1 class has" if len(rare) == 1 else f"{len(rare)} classes have"
        raise InputError(
            f"{path}: {have} only one clip, too few for both training and testing: "
            f"{_listed([f'{name!r} ({head})' for head, name in sorted(rare)])}. "
            "Add clips, or leave these classes out with --config.data.rare_classes=leave_out",
            accept={"data.rare_classes": "leave_out"},
        )


def check_classes(classes: Mapping[str, Sequence[str]], labels: Sequence[Labels], path: str) -> None:
    """Stops if a head has fewer than two classes.

    Args:
      classes: head -> the names of its classes that are not rare.
      labels: of each clip, including those of rare classes.
      path: the source, for the message.

    Raises:
      InputError: names the head and the available label columns.
    """
    for head, names in classes.items():
        if len(names) < FEWEST_CLASSES:
            others = sorted({column for row in labels for column in row} - {head})
            advice = (
                f"Choose other label columns with --config.data.heads: {', '.join(others)}" if others else "Add clips"
            )
            found = f"has only {len(names)} class{'' if len(names) == 1 else 'es'} with at least {FEWEST_CLIPS} clips"
            if not names and any(head in row for row in labels):
                found = "has a single clip of every class"
            raise InputError(f"{path}: {head!r} {found}, so there is nothing to learn. {advice}")


def check_learnable(classes: Mapping[str, Sequence[str]], train_labels: np.ndarray) -> None:
    """Stops if a class has no training clip.

    Args:
      classes: head -> class names.
      train_labels: int (N, heads), the labels of the training clips.

    Raises:
      InputError: there are some; the message names the first few.
    """
    for column, (head, names) in enumerate(classes.items()):
        learned = set(train_labels[:, column].tolist())
        missing = [name for i, name in enumerate(names) if i not in learned]
        if missing:
            have = "1 class of head {!r} has" if len(missing) == 1 else f"{len(missing)} classes of head {{!r}} have"
            raise InputError(
                f"{have.format(head)} no training clip under this split and cannot be learned: "
                f"{_listed(missing)}. Choose another --config.data.split or add clips"
            )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")

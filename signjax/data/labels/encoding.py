"""The heads that a model learns from label columns."""

from collections.abc import Iterable, Mapping

import numpy as np


def class_names(labels: Iterable[Mapping[str, str]], heads: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The sorted class names of each head."""
    rows = list(labels)
    return {head: tuple(sorted({row[head] for row in rows if head in row})) for head in heads}


def encode(labels: Iterable[Mapping[str, str]], classes: Mapping[str, tuple[str, ...]]) -> np.ndarray:
    """Labels as int32 (N, heads): the index into the head's classes, -1 if there is no label."""
    index = {head: {name: i for i, name in enumerate(names)} for head, names in classes.items()}
    rows = [[index[head].get(row.get(head, ""), -1) for head in classes] for row in labels]
    return np.array(rows, np.int32).reshape(len(rows), len(classes))

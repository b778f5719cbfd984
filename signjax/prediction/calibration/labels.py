"""The labels of clips to calibrate with: one form of what users give, and what is wrong with it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from signjax.data.clip import Clip
from signjax.data.dataset import Dataset, in_memory
from signjax.data.labels.encoding import encode
from signjax.errors import InputError, together
from signjax.model.input_spec import InputSpec

# Class names in the order of the clips, or for each head; empty or None where a clip has no label.
Labels = Sequence[str | None] | Mapping[str, Sequence[str | None]]


def per_clip(
    labels: Labels | None, clips: Sequence[object], heads: Mapping[str, Sequence[str]]
) -> list[dict[str, str] | None]:
    """For each clip its labels by head; None where those of the clip itself count.

    Raises:
      InputError: the labels do not fit the clips or the heads.
    """
    if labels is None:
        return [None] * len(clips)
    if not isinstance(labels, Mapping):
        if len(heads) > 1:
            raise InputError(
                f"labels: the model has the heads {', '.join(heads)}; give a mapping from head to class names"
            )
        labels = {next(iter(heads)): labels}
    wrong = [head for head in labels if head not in heads]
    if wrong:
        raise InputError(f"labels: the model has no head {', '.join(map(repr, wrong))}; it has {', '.join(heads)}")
    for head, names in labels.items():
        if isinstance(names, str) or len(names) != len(clips):
            raise InputError(
                f"labels: expected one for each of the {len(clips)} clips; found {len(names)} of head {head!r}"
            )
    rows = [{head: names[number] for head, names in labels.items()} for number in range(len(clips))]
    return [{head: name for head, name in row.items() if name} for row in rows]


def check_labels(clips: Sequence[Clip], heads: Mapping[str, Sequence[str]]) -> None:
    """Stops if clips have no label, or one that the model does not know.

    Raises:
      InputError: it names all such clips and classes.
    """
    problems = []
    bare = [clip.name for clip in clips if not any(head in clip.labels for head in heads)]
    if not clips:
        problems.append(InputError("there are no clips to calibrate with"))
    if bare:
        problems.append(
            InputError(f"calibrating needs labels for {', '.join(heads)}; these clips have none: {', '.join(bare)}")
        )
    for head, classes in heads.items():
        unknown = sorted({clip.labels[head] for clip in clips if head in clip.labels} - set(classes))
        if unknown:
            problems.append(
                InputError(
                    f"the model does not know these classes of head {head!r}: {', '.join(map(repr, unknown))}. Leave their clips "
                    "out, or train a new run with them that begins with this one: --config.train.init_from"
                )
            )
    if problems:
        raise together(problems)


def labelled(clips: Sequence[Clip], spec: InputSpec) -> Dataset:
    """Cleaned clips with their labels as a dataset in memory."""
    some = in_memory(clips, spec.layout, spec.heads, spec.statistics)
    return replace(some, labels=encode([clip.labels for clip in clips], dict(spec.heads)))

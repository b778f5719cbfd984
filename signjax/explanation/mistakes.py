"""Explains mistakes of a run: why the class that was predicted, rather than the true one."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from signjax.data.clip import Clip, ClipInfo
from signjax.data.dataset import Dataset
from signjax.explanation.explanation import Explanation


@runtime_checkable
class Explain(Protocol):
    """What explains a cleaned clip, such as `Explainer.explain`."""

    def __call__(self, clip: Clip, head: str, of: str, against: str | None, *, first_frame: int) -> Explanation:
        """What speaks for class `of` of a head, rather than for `against`; cleaning cut off `first_frame` frames at the start."""


def explain_mistakes(
    explain: Explain, dataset: Dataset, head: str, mistakes: Sequence[tuple[str, str, str, float]]
) -> list[Explanation]:
    """For each mistake, what speaks for the predicted class rather than the true one.

    Args:
      explain: explains a clip.
      dataset: the data of the run.
      head: the head.
      mistakes: (clip, true class, predicted class, probability), as `signjax.report.error_analysis.find_errors` lists them; a clip
        whose two classes are the same, in a tie for the first place, is left out.
    """
    index = {row["clip"]: at for at, row in enumerate(dataset.clips)}
    found = []
    for name, true, predicted, _ in mistakes:
        if true != predicted:
            at = index[name]
            clip = Clip(ClipInfo(name), dataset.frames(at), dataset.validity(at))
            found.append(explain(clip, head, predicted, true, first_frame=int(dataset.clips[at]["trimmed_start"] or 0)))
    return found

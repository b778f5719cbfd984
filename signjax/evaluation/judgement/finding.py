"""One thing that a reader must know about a run."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Finding:
    """One thing that a reader must know about a run.

    Attributes:
      kind: the rule that found it; docs/report.md has a row for each.
      title: what was found, in a few words.
      reason: the numbers behind it, in sentences.
      next_step: what to do about it, in sentences.
      weakens: whether a result with this finding is not called good.
      head: which head it is about; empty for all.
    """

    kind: str
    title: str
    reason: str
    next_step: str
    weakens: bool
    head: str = ""

    def fields(self) -> dict[str, Any]:
        """As it stands in `summary.json`."""
        return asdict(self)


def percent(share: float) -> str:
    """`71.5 %`."""
    return f"{100 * share:.1f} %"

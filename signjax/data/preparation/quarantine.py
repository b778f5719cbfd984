"""Clips that are left out, and the record of why."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from signjax.data.clip import Rejected
from signjax.data.csv_table import write_table
from signjax.data.visible import clips
from signjax.errors import InputError

_NAMED = 5


def counts(rejected: Sequence[Rejected]) -> dict[str, int]:
    """The number of clips that were left out for each reason."""
    return dict(sorted(Counter(item.reason for item in rejected).items()))


def check_none_rejected(rejected: Sequence[Rejected], path: str) -> None:
    """Stops if any clip is left out, for `config.data.strict`.

    Raises:
      InputError: some are; the message has the count for each reason, and the first few clips.
    """
    if rejected:
        listed = ", ".join(f"{count} {reason}" for reason, count in counts(rejected).items())
        examples = "; ".join(f"{item.name!r}: {item.reason}: {item.detail}" for item in rejected[:_NAMED])
        raise InputError(
            f"{path}: {clips(len(rejected))} cannot be used ({listed}), and config.data.strict is set: "
            f"{examples}{'; ...' if len(rejected) > _NAMED else ''}",
            accept={"data.strict": "False"},
        )


def write_quarantine(path: Path, rejected: Iterable[Rejected]) -> None:
    """Writes the clips that were left out, and why."""
    rows = ((r.name, r.file, r.reason, r.detail) for r in rejected)
    write_table(path, ("clip", "source", "reason", "detail"), rows)

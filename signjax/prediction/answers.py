"""The files that a prediction leaves in the run folder: `predicted.csv`, and `predict_quarantine.csv` where clips were left out."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np

from signjax.data.clip import Rejected
from signjax.data.csv_table import GrowingTable
from signjax.data.preparation.quarantine import counts, write_quarantine
from signjax.data.visible import clips
from signjax.errors import InputError

Say = Callable[[str], None]


class AnswerFiles:
    """Writes the answers as they come, under another name until all are there; used as a context manager."""

    def __init__(self, folder: Path, heads: Mapping[str, Sequence[str]], say: Say):
        """Begins the file of answers, before anything is predicted.

        Raises:
          InputError: the folder cannot be written to.
        """
        from signjax.evaluation.predict import unlabelled_header

        self.rejected: list[Rejected] = []
        self._answers, self._quarantine = folder / "predicted.csv", folder / "predict_quarantine.csv"
        self._heads, self._say = heads, say
        for file in (self._answers, self._quarantine):
            if file.is_dir():
                raise InputError(f"{file}: it is a folder, so no answers can be written there. Move it")
        try:
            self._table = GrowingTable(self._answers, unlabelled_header(heads))
        except OSError as error:
            raise InputError(
                f"{folder}: answers cannot be written to this folder ({error.strerror}), so nothing was predicted. Make it "
                "writable, or copy the run folder, and name the copy with --workdir"
            ) from error

    def remove_old(self) -> None:
        """Removes the files of an earlier prediction, so that what is there belongs to this one."""
        for file in (self._answers, self._quarantine):
            file.unlink(missing_ok=True)

    def add(self, named: Sequence[tuple[str, str]], logits: Mapping[str, np.ndarray]) -> None:
        """Writes the answers for some clips, given the name and source of each, and logits (N, C) for each head."""
        from signjax.evaluation.predict import unlabelled_rows

        self._table.append(unlabelled_rows(named, logits, self._heads))

    def finish(self, path: Path) -> None:
        """Writes what was left out, and gives the answers their name.

        Raises:
          InputError: there are no answers, because no clip of `path` can be used.
        """
        if self.rejected:
            write_quarantine(self._quarantine, self.rejected)
            self._say(f"quarantine: {clips(len(self.rejected))} left out; see {self._quarantine}")
        if not self._table.rows:
            first, why = self.rejected[0], ", ".join(f"{n} {reason}" for reason, n in counts(self.rejected).items())
            raise InputError(f"{path}: no clip can be used ({why}); for example {first.file}: {first.detail}")
        self._table.finish()
        self._say(f"predict: {clips(self._table.rows)}, written to {self._answers}")

    def __enter__(self) -> "AnswerFiles":
        self._table.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._table.__exit__(kind, error, trace)
        if error is not None and self._table.rows:
            self._say(f"predict: not finished; the first {clips(self._table.rows)} are in {self._table.partial}")

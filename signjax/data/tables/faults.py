"""Collects the faults in the rows of a table, to report them together."""

from pathlib import Path

from signjax.errors import InputError, together

_NAMED = 5


class Faults:
    """Collects faults, so that the user can correct a table in one go.

    Faults of the same kind share their advice: the first few are listed, and all are counted.
    """

    def __init__(self, path: Path):
        self._path = path
        self._found: dict[str, list[str]] = {}

    def add(self, where: str, what: str, advice: str) -> None:
        """Adds a fault; `where` is its place in the table, `advice` is the sentence that says what to do."""
        self._found.setdefault(advice, []).append(f"{where}: {what}")

    def __len__(self) -> int:
        return sum(map(len, self._found.values()))

    def check(self) -> None:
        """Raises all faults as one error.

        Raises:
          InputError: there are faults.
        """
        if self._found:
            raise self.error()

    def error(self) -> InputError:
        """All faults as one error; there must be at least one."""
        return together([self._error(advice, faults) for advice, faults in self._found.items()])

    def _error(self, advice: str, faults: list[str]) -> InputError:
        if len(faults) == 1:
            return InputError(f"{self._path}, {faults[0]}. {advice}")
        more = f"; ... ({len(faults)} in all)" if len(faults) > _NAMED else ""
        return InputError(f"{self._path}, {'; '.join(faults[:_NAMED])}{more}. {advice}")

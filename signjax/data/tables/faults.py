"""What is wrong with the rows of one table, told together."""

from pathlib import Path

from signjax.errors import InputError, together

_NAMED = 5


class Faults:
    """Collects what is wrong, so that a table can be corrected in one go.

    Faults of one kind share their advice: the first few are named, then all are counted.
    """

    def __init__(self, path: Path):
        self._path = path
        self._found: dict[str, list[str]] = {}

    def add(self, where: str, what: str, advice: str) -> None:
        """Adds a fault; `where` is its place in the table, `advice` the sentence that says what to do."""
        self._found.setdefault(advice, []).append(f"{where}: {what}")

    def __len__(self) -> int:
        return sum(map(len, self._found.values()))

    def check(self) -> None:
        """Raises all of them as one error.

        Raises:
          InputError: there are any.
        """
        if self._found:
            raise self.error()

    def error(self) -> InputError:
        """All of them as one error; there must be some."""
        return together([self._error(advice, faults) for advice, faults in self._found.items()])

    def _error(self, advice: str, faults: list[str]) -> InputError:
        if len(faults) == 1:
            return InputError(f"{self._path}, {faults[0]}. {advice}")
        more = f"; ... ({len(faults)} in all)" if len(faults) > _NAMED else ""
        return InputError(f"{self._path}, {'; '.join(faults[:_NAMED])}{more}. {advice}")

"""The error that users are meant to read."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

_NAMED = 5


class InputError(ValueError):
    """The user's input cannot be used.

    The message names the file or key, what was expected, what was found and what to do. `launch.py` prints only the message,
    without a traceback, and ends with exit status 1.

    Attributes:
      accept: the settings (key below `config` -> value) with which a run continues nevertheless; empty if there are none.
    """

    def __init__(self, message: str, accept: Mapping[str, str] | None = None):
        super().__init__(message)
        self.accept = dict(accept or {})


class Problems:
    """Collects problems, so that a run that cannot start reports all of them at once.

    >>> problems = Problems()
    >>> with problems.collected():
    ...     raise InputError("clips.npz: two classes have only one clip", {"data.rare_classes": "leave_out"})
    >>> len(problems)
    1
    """

    def __init__(self) -> None:
        self._found: list[InputError] = []

    def __len__(self) -> int:
        return len(self._found)

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Keeps an `InputError` for later; the code after the `with` block must not need the block's results."""
        try:
            yield
        except InputError as error:
            self._found.append(error)

    def check(self) -> None:
        """Raises all problems as one error.

        Raises:
          InputError: there are problems.
        """
        if self._found:
            raise together(self._found)


def first_few(names: Sequence[str]) -> str:
    """Up to five names for a message, each in quotation marks.

    >>> first_few(["a", "b"])
    "'a', 'b'"
    """
    return ", ".join(map(repr, names[:_NAMED])) + (", ..." if len(names) > _NAMED else "")


def first_line(error: BaseException) -> str:
    """The first line of an error's message, or the name of its type if it has no message.

    >>> first_line(ValueError("no room\\nfor this"))
    'no room'
    """
    return next(iter(str(error).splitlines()), "") or type(error).__name__


def together(problems: Sequence[InputError]) -> InputError:
    """Several problems as one error, with the settings that accept all of them if each can be accepted."""
    accept = {key: value for problem in problems for key, value in problem.accept.items()}
    if not all(problem.accept for problem in problems):
        accept = {}
    if len(problems) == 1:
        lines = [str(problems[0])]
    else:
        lines = [f"{len(problems)} problems:", *(f"  {i}. {problem}" for i, problem in enumerate(problems, 1))]
    flags = [f"--config.{key}={value}" for key, value in accept.items()]
    if (len(problems) > 1 and flags) or any(flag not in lines[0] for flag in flags):
        lines.append(f"To continue anyway: {' '.join(flags)}")
    return InputError("\n".join(lines), accept)

"""Keeps a program running whose output can no longer be written, and ends one that has nothing left to do."""

import multiprocessing
import os
import shutil
import sys
import textwrap
import threading
from collections.abc import Callable
from multiprocessing import util
from typing import IO, Any, NoReturn


class _Lasting:
    """A stream that is discarded from the first failure on: a closed pipe (`| head`), or a full disk below a log file."""

    def __init__(self, stream: IO[str], told: Callable[[str], None]):
        self._stream, self._told = stream, told

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        self._try(lambda: self._stream.write(text))
        return len(text)

    def flush(self) -> None:
        self._try(self._stream.flush)

    def _try(self, action: Callable[[], Any]) -> None:
        try:
            action()
        except OSError as error:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            # What is buffered must go somewhere, or Python complains at its end.
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)
            self._told(f"warning: output can no longer be written ({error.strerror}); the run goes on without\n")


def outlast_output() -> None:
    """Makes stdout and stderr discard what they cannot write; the other one is told, once."""
    out, err = sys.stdout, sys.stderr

    def tell(stream: IO[str]) -> Callable[[str], None]:
        def told(line: str) -> None:
            try:
                stream.write(line)
                stream.flush()
            except OSError:
                return  # nobody reads either

        return told

    sys.stdout, sys.stderr = _Lasting(out, tell(err)), _Lasting(err, tell(out))


def one_line_each() -> None:
    """Background threads of libraries that fail, as on a full disk, are told in one line instead of a traceback.

    What orbax (0.12) abandons when one of its writes fails is not told at all: the failure itself is.
    """
    unraisable = sys.unraisablehook

    def thread_failed(failed: threading.ExceptHookArgs) -> None:
        name = failed.thread.name if failed.thread else "a thread"
        print(f"warning: {name} of a library ended: {failed.exc_type.__name__}: {failed.exc_value}", file=sys.stderr)

    def not_raised(failed: Any) -> None:
        if "Event loop is closed" not in str(failed.exc_value):
            unraisable(failed)

    threading.excepthook, sys.unraisablehook = thread_failed, not_raised


def silent(line: str) -> None:
    """Prints nothing; stands in for a function that prints a line."""


def fitted(text: str, stream: IO[str]) -> str:
    """The text as it is printed to a stream: on a terminal, lines that are too long for it are broken between words."""
    if not stream.isatty():
        return text
    width = shutil.get_terminal_size().columns
    return "\n".join(line if len(line) <= width else _broken(line, width) for line in text.split("\n"))


def _broken(line: str, width: int) -> str:
    """The line in several ones, all but the first indented by two more columns; a word, such as a path, is never broken."""
    indent = line[: len(line) - len(line.lstrip())]
    return textwrap.fill(
        line.lstrip(), width, initial_indent=indent, subsequent_indent=f"{indent}  ", break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def end_now(status: int) -> NoReturn:
    """Ends the process with this status, without what Python does at its end, which can wait forever: for a worker process, or for
    a thread that still has something to send to one.
    """
    for worker in multiprocessing.active_children():
        worker.terminate()
    util._run_finalizers(0)  # type: ignore[attr-defined]  # gives back semaphores, or their tracker complains; waits for nothing
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)

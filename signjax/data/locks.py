"""One process at a time works on a folder.

The lock is a file beside the folder, or for a run folder in it, so that it stays while the folder itself is replaced. It belongs
to the process that holds it and ends with it, however it ends.
"""

import errno
import fcntl
import os
import socket
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from signjax.errors import InputError

Say = Callable[[str], None]

# What file systems answer that have no locks, and what a folder answers into which nobody here can write.
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)
_NOT_WRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS)


class FolderLock:
    """A lock that is not held yet; use as a context, which gives it up.

    Several processes may hold it shared, to read; one may hold it exclusively, to write.
    """

    def __init__(self, path: Path, subject: str, say: Say):
        """Names the lock.

        Args:
          path: the lock file; made if need be, and never removed.
          subject: what it protects, for messages.
          say: prints a line, where the file system has no locks.
        """
        self._path, self._subject, self._say = path, subject, say
        self._descriptor: int | None = None
        self._without = False

    def exclusive(self) -> bool:
        """Takes the lock, or turns a shared one into an exclusive one; whether that succeeded."""
        return self._take(fcntl.LOCK_EX)

    def shared(self) -> bool:
        """Takes the lock to read, or turns an exclusive one into a shared one; whether that succeeded."""
        return self._take(fcntl.LOCK_SH)

    def require(self) -> None:
        """Takes the lock exclusively.

        Raises:
          InputError: another process holds it; the message says which.
        """
        if not self.exclusive():
            raise self.taken()

    def taken(self) -> InputError:
        """The error that says who holds the lock."""
        try:
            holder = self._path.read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            holder = ""
        return InputError(
            f"{self._subject}: another process is working on it{f' ({holder})' if holder else ''}. Wait until it has ended, "
            "or choose another folder"
        )

    def _take(self, kind: int) -> bool:
        if self._without:
            return True
        try:
            if self._descriptor is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            fcntl.flock(self._descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno in _NO_LOCKS:
                self._say(
                    f"lock: {self._path} lies on a file system without locks ({error.strerror}); "
                    f"see to it that no other process works on {self._subject}"
                )
            elif error.errno not in _NOT_WRITABLE:  # nobody writes there: whatever must, says so itself
                raise
            self._without = True
            return True
        holder = f"process {os.getpid()} on {socket.gethostname()}\n".encode()
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, holder, 0)
        return True

    def __enter__(self) -> "FolderLock":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def sibling_lock(folder: Path, say: Say) -> FolderLock:
    """The lock of a folder that is replaced as a whole: `.NAME.lock` beside it."""
    return FolderLock(folder.with_name(f".{folder.name}.lock"), str(folder), say)


def inner_lock(folder: Path, say: Say) -> FolderLock:
    """The lock of a folder that stays, such as a run folder: `.lock` in it."""
    return FolderLock(folder / ".lock", str(folder), say)

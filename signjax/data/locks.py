"""Locks that let only one process at a time work on a folder.

The lock is a file next to the folder, so that it survives when the folder is replaced; a run folder, which is never replaced, has
its lock inside. The operating system releases the lock when the process that holds it ends, however it ends.
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

# The errors of file systems without locks, and of folders that are not writable.
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)
_NOT_WRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS)


class FolderLock:
    """A lock that is not held yet; used as a context manager, which releases it.

    Several processes may hold it shared, for reading; one may hold it exclusively, for writing.
    """

    def __init__(self, path: Path, subject: str, say: Say):
        """Names the lock without taking it.

        Args:
          path: the lock file; created if necessary, and never removed.
          subject: what it protects, for messages.
          say: prints a warning if the file system has no locks.
        """
        self._path, self._subject, self._say = path, subject, say
        self._descriptor: int | None = None
        self._without = False

    def exclusive(self) -> bool:
        """Takes the lock exclusively, or converts a shared lock; returns whether that succeeded."""
        return self._take(fcntl.LOCK_EX)

    def shared(self) -> bool:
        """Takes the lock shared, or converts an exclusive lock; returns whether that succeeded."""
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
            f"{self._subject}: another process is using it{f' ({holder})' if holder else ''}. Wait until it has finished, "
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
                    f"warning: {self._path} cannot be locked, because its file system has no locks ({error.strerror}); "
                    f"make sure that no other process uses {self._subject}"
                )
            elif (
                error.errno not in _NOT_WRITABLE
            ):  # not writable, so there is nothing to protect; writers report that themselves
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
    """The lock of a folder that is replaced as a whole: `.NAME.lock` next to it."""
    return FolderLock(folder.with_name(f".{folder.name}.lock"), str(folder), say)


def inner_lock(folder: Path, say: Say) -> FolderLock:
    """The lock of a folder that is never replaced, such as a run folder: `.lock` inside it."""
    return FolderLock(folder / ".lock", str(folder), say)

"""The lock that keeps two conversions from writing to one manifest."""

import importlib
from typing import IO, Any

_FAR = 1 << 30  # a byte beyond the end of a manifest: Windows refuses to read or write what is locked


def lock(file: IO[str]) -> bool:
    """Locks an open file until it is closed; whether that succeeded. Where the system has no locks, it does nothing."""
    try:
        if (posix := _module("fcntl")) is not None:
            posix.flock(file, posix.LOCK_EX | posix.LOCK_NB)
        elif (windows := _module("msvcrt")) is not None:
            _lock_far_byte(file, windows)
    except (BlockingIOError, PermissionError):  # the latter on Windows
        return False
    return True


def _module(name: str) -> Any:
    """A module that only some systems have."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def _lock_far_byte(file: IO[str], windows: Any) -> None:
    at = file.tell()
    try:
        file.seek(_FAR)
        windows.locking(file.fileno(), windows.LK_NBLCK, 1)
    finally:
        file.seek(at)

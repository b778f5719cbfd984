"""How the machine stops before the end of a pickle: with a position and a reason, or to start again without fast paths."""

import struct

from signjax.pickles.limits import PickleError


class UnusualError(Exception):
    """A fast path left out memo entries, and what the pickle does next only the machine without fast paths can judge."""


class StoppedAtError(Exception):
    """An instruction failed: its position, and the error."""


def reason(error: Exception) -> str:
    """The reason for a failure, in words."""
    if isinstance(error, PickleError):
        return str(error)
    if isinstance(error, IndexError | struct.error):
        return "the pickle ends early, or takes more from its stack than is there"
    if isinstance(error, KeyError):
        return "a memo entry that was never stored"
    return f"malformed text or number ({error})"


def refuse_if_skipped(skipped: int) -> bool:
    """The value of `quick` after an instruction that stores to any place of the memo: False.

    Raises:
      UnusualError: memo entries were left out before, so the places no longer agree.
    """
    if skipped:
        raise UnusualError
    return False

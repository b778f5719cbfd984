"""How the machine stops before the end of a pickle, and what it says then."""

import struct

from signjax.pickles.limits import AGAIN, PickleError


class UnusualError(Exception):
    """A pickle in which a fast path left something out does what only the machine alone can judge."""


class StoppedAtError(Exception):
    """An instruction failed: its position, and the error."""


def reason(error: Exception) -> str:
    """What an instruction failed on, for a person."""
    if isinstance(error, PickleError):
        return str(error)
    if isinstance(error, IndexError | struct.error):
        return f"the pickle ends early, or is damaged{AGAIN}"
    if isinstance(error, KeyError):
        return "a memo entry that was never stored"
    return f"malformed text or number ({error})"

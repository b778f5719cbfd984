"""Turns a device's lack of memory into advice."""

from collections.abc import Iterator
from contextlib import contextmanager

import jax

from signjax.errors import InputError

_SIGNS = ("RESOURCE_EXHAUSTED", "Out of memory", "out of memory")


@contextmanager
def explain_out_of_memory() -> Iterator[None]:
    """Raises an `InputError` that says which keys to turn where the device has no more memory.

    Other errors of the runtime go on as they are.
    """
    try:
        yield
    except (jax.errors.JaxRuntimeError, MemoryError) as error:
        if isinstance(error, jax.errors.JaxRuntimeError) and not any(sign in str(error) for sign in _SIGNS):
            raise
        first = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise InputError(
            f"the device has no memory left ({first.strip()}). In this order: --config.train.accumulate=2 (or 4: the batch in "
            "parts), --config.model.remat=True (compute again instead of keeping), --config.model.precision=bfloat16, "
            "--config.train.resident_gib=0 (leave the data on disk), a smaller --config.train.batch_size or "
            "--config.data.max_frames"
        ) from error

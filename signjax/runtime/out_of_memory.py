"""Turns out-of-memory errors into advice."""

from collections.abc import Iterator
from contextlib import contextmanager

import jax

from signjax.errors import InputError, first_line

_SIGNS = ("RESOURCE_EXHAUSTED", "Out of memory", "out of memory")


@contextmanager
def explain_out_of_memory() -> Iterator[None]:
    """Raises an `InputError` that says which settings to change if the device runs out of memory.

    Other errors of the runtime are passed on unchanged.
    """
    try:
        yield
    except (jax.errors.JaxRuntimeError, MemoryError) as error:
        if isinstance(error, jax.errors.JaxRuntimeError) and not any(sign in str(error) for sign in _SIGNS):
            raise
        first = first_line(error)
        raise InputError(
            f"the device ran out of memory ({first.strip()}). Try these in order: --config.train.accumulate=2 or 4 (processes the "
            "batch in parts), --config.model.remat=True (recomputes activations instead of keeping them), "
            "--config.model.precision=bfloat16, --config.train.resident_gib=0 (leaves the data on disk), a smaller "
            "--config.train.batch_size or "
            "--config.data.max_frames"
        ) from error

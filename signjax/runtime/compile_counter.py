"""Counts the programs that XLA compiled in this process or loaded from the compilation cache."""

import jax.monitoring

_EVENT = "/jax/core/compile/backend_compile_duration"


class _Counter:
    """Counts from the moment it is created."""

    def __init__(self) -> None:
        self.count = 0
        jax.monitoring.register_event_duration_secs_listener(self._hear)

    def _hear(self, event: str, duration_secs: float, **kwargs: str | int) -> None:
        self.count += event == _EVENT


_counter = _Counter()


def compilations() -> int:
    """The number of compilations since this module was loaded."""
    return _counter.count

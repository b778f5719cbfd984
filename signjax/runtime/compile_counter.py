"""How many programs XLA has compiled in this process, or taken from the cache of compiled programs."""

import jax.monitoring

_EVENT = "/jax/core/compile/backend_compile_duration"


class _Counter:
    """Counts from the moment it is made."""

    def __init__(self) -> None:
        self.count = 0
        jax.monitoring.register_event_duration_secs_listener(self._hear)

    def _hear(self, event: str, duration_secs: float, **kwargs: str | int) -> None:
        self.count += event == _EVENT


_counter = _Counter()


def compilations() -> int:
    """Compilations since this module was loaded."""
    return _counter.count

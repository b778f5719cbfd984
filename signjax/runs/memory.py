"""Memory between runs of one process."""

import gc


def forget() -> None:
    """Frees what jax and a trainer keep for as long as the process lives, so that the memory of many runs does not add up."""
    import jax

    from signjax.trainer import Trainer

    Trainer.program.cache_clear()
    jax.clear_caches()
    gc.collect()

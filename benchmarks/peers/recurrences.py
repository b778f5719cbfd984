"""Which implementation of the recurrent layers signjax runs: on a GPU fused kernels if they support the sizes, otherwise scans."""

import jax
import jax.numpy as jnp


def prefer_scans() -> None:
    """Makes every recurrent layer of this process a scan, also on a GPU; to be called before a program is traced."""
    from signjax.layers.recurrent import pallas_recurrence

    pallas_recurrence.runs_here = lambda units, dtype: False


def running(units: int, precision: str) -> str:
    """`fused` or `scans`: what runs on the default device."""
    if jax.default_backend() != "gpu":
        return "scans"
    from signjax.layers.recurrent import pallas_recurrence

    return "fused" if pallas_recurrence.runs_here(units, jnp.dtype(precision)) else "scans"

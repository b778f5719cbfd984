"""Which kind of device to use, found out before jax is loaded.

The CUDA build of jax, on a machine without a GPU, prints a traceback (cuInit, error 303) before it falls back to the CPU. So
the driver is asked first.
"""

import ctypes
import importlib.util
import os

_CUDA_PLUGINS = ("jax_cuda12_plugin", "jax_cuda13_plugin")


def cuda_driver_answers() -> bool:
    """Whether the NVIDIA driver is there and starts."""
    try:
        return ctypes.CDLL("libcuda.so.1").cuInit(0) == 0
    except (OSError, AttributeError):
        return False


def choose_platform() -> None:
    """Tells a CUDA build of jax to use the CPU where no NVIDIA driver answers; to be called before jax is imported.

    The environment variable JAX_PLATFORMS, where set, is left as it is; other accelerators are left to jax to find.
    """
    has_cuda_build = any(importlib.util.find_spec(name) is not None for name in _CUDA_PLUGINS)
    if has_cuda_build and not os.environ.get("JAX_PLATFORMS") and not cuda_driver_answers():
        os.environ["JAX_PLATFORMS"] = "cpu"


def describe_devices() -> str:
    """One line that says what is used; loads jax."""
    import jax

    devices = jax.local_devices()
    kind = devices[0].device_kind if devices[0].platform != "cpu" else f"CPU ({os.cpu_count()} cores)"
    return f"device: {len(devices)} x {kind}, jax {jax.__version__}"

"""Chooses the devices and their settings before jax starts.

On a machine without a GPU, the CUDA build of jax prints a traceback (cuInit, error 303) before it falls back to the CPU. To avoid
that, this module queries the driver first.
"""

import ctypes
import gc
import importlib.util
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

from signjax.errors import InputError
from signjax.runtime.malloc import keep_freed_memory

# The programs of a run, on a CPU; those for GPUs are smaller.
_CACHE_ROOM = 20 * 2**20

_CUDA_PLUGINS = ("jax_cuda12_plugin", "jax_cuda13_plugin")


def cuda_driver_answers() -> bool:
    """Whether the NVIDIA driver exists and initialises."""
    try:
        return ctypes.CDLL("libcuda.so.1").cuInit(0) == 0
    except (OSError, AttributeError):
        return False


def has_cuda_build() -> bool:
    """Whether jax is installed with its CUDA plugin."""
    return any(importlib.util.find_spec(name) is not None for name in _CUDA_PLUGINS)


def choose_platform() -> None:
    """Makes a CUDA build of jax use the CPU if there is no NVIDIA driver; call it before jax is imported.

    If the environment variable JAX_PLATFORMS is set, it is left unchanged; other accelerators are left for jax to find.
    """
    if has_cuda_build() and not os.environ.get("JAX_PLATFORMS") and not cuda_driver_answers():
        os.environ["JAX_PLATFORMS"] = "cpu"


def check_platform() -> None:
    """Checks that jax can use a GPU if JAX_PLATFORMS demands one: before the data are prepared, and without loading jax.

    Raises:
      InputError: it cannot; the message says what is missing.
    """
    asked = os.environ.get("JAX_PLATFORMS", "")
    if "cuda" not in asked.split(","):
        return
    if not has_cuda_build():
        raise _cannot_start("this build of jax has no CUDA", ", or install requirements.txt, which has the CUDA build")
    if not cuda_driver_answers():
        raise _cannot_start("jax finds no GPU, because no NVIDIA driver answers")


def _cannot_start(why: str, other_way: str = "") -> InputError:
    asked = os.environ["JAX_PLATFORMS"]
    return InputError(f"JAX_PLATFORMS is {asked!r}, but {why}. Unset it to use the devices that jax finds{other_way}")


def start_jax() -> None:
    """Starts jax on its devices.

    Raises:
      InputError: JAX_PLATFORMS names a platform that does not start.
    """
    import jax

    try:
        jax.local_devices()
    except (RuntimeError, AssertionError) as error:  # the latter for a platform that this build of jax leaves out
        if not os.environ.get("JAX_PLATFORMS"):
            raise
        first = next(iter(str(error).splitlines()), "") or "this build of jax has no such platform"
        raise _cannot_start(f"jax cannot start it ({first})") from error


def cores() -> int:
    """The number of CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _program_cache() -> str | Path:
    """The folder for compiled programs, which is created.

    Raises:
      OSError: it cannot be written, or there is no room.
      RuntimeError: the user has no home.
    """
    chosen = os.environ.get("JAX_COMPILATION_CACHE_DIR")
    if chosen and "://" in chosen:  # a bucket; jax finds out
        return chosen
    home = os.environ.get("XDG_CACHE_HOME")
    folder = Path(chosen) if chosen else (Path(home) if home else Path.home() / ".cache") / "signjax" / "programs"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder):
        free = shutil.disk_usage(folder).free
    if free < _CACHE_ROOM:
        raise OSError(f"{folder} has {free / 2**20:.1f} MiB left")
    return folder


def configure_jax(step_bytes: int | None = None, say: Callable[[str], None] = print) -> None:
    """Sets what must be set before jax starts a backend (memory, one CPU device for each core, the cache of compiled programs), and
    starts it.

    `step_bytes` is approximately what a device will allocate for a step, if known; see `malloc.keep_freed_memory`.

    float32 products are computed in float32: by default a GPU would round their factors to the 11 bits of TF32. If
    `$JAX_DEFAULT_MATMUL_PRECISION` is set, it decides.

    Python's garbage collector runs less often from here on: tracing creates millions of long-lived objects, which it would
    traverse again and again.

    A batch is divided among CPU cores as among GPUs: a scan over time keeps only one core busy, and each core runs its own.
    Compiled programs are kept in `$JAX_COMPILATION_CACHE_DIR` if that is set, else in `signjax/programs` in the user's cache. Where
    they cannot be, `say` is told, and the run goes on without.

    Raises:
      InputError: JAX_PLATFORMS names a platform that does not start.
    """
    import jax

    keep_freed_memory(step_bytes)
    gc.set_threshold(100_000)
    if not os.environ.get("JAX_DEFAULT_MATMUL_PRECISION"):
        jax.config.update("jax_default_matmul_precision", "highest")
    flags = os.environ.get("XLA_FLAGS", "")
    if "host_platform_device_count" not in flags:
        jax.config.update("jax_num_cpu_devices", cores())
    try:
        jax.config.update("jax_compilation_cache_dir", str(_program_cache()))
    except (OSError, RuntimeError) as error:  # the latter where the user has no home
        say(f"warning: compiled programs are not kept ({error}). JAX_COMPILATION_CACHE_DIR can name another folder")
        jax.config.update("jax_enable_compilation_cache", False)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    warnings.filterwarnings(
        "ignore", "Error (reading|writing) persistent compilation cache entry"
    )  # it may fill up later
    start_jax()


def describe_devices() -> str:
    """One line that describes the devices in use; loads jax."""
    import jax

    devices = jax.local_devices()
    kind = devices[0].device_kind if devices[0].platform != "cpu" else f"CPU ({os.cpu_count()} cores)"
    return f"device: {len(devices)} x {kind}, jax {jax.__version__}"

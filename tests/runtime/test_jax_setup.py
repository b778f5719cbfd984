"""A platform that the user demands and that does not start is one clear error."""

import os
import subprocess
import sys

import pytest

from signjax.errors import InputError
from signjax.runtime import jax_setup


@pytest.mark.parametrize(
    ("asked", "build", "driver", "expected"),
    [
        (
            "cuda",
            False,
            False,
            "this build of jax has no CUDA. Unset it to use the devices that jax finds, or install requirements.txt",
        ),
        ("cuda,cpu", True, False, "no NVIDIA driver answers. Unset it"),
        ("cuda", True, True, ""),
        ("cpu", False, False, ""),
        ("", True, False, ""),
    ],
)
def test_a_gpu_that_is_not_there_is_told_without_loading_jax(monkeypatch, asked, build, driver, expected):
    monkeypatch.setenv("JAX_PLATFORMS", asked)
    monkeypatch.setattr(jax_setup, "has_cuda_build", lambda: build)
    monkeypatch.setattr(jax_setup, "cuda_driver_answers", lambda: driver)
    if not expected:
        jax_setup.check_platform()
        return
    with pytest.raises(InputError, match=f"JAX_PLATFORMS is '{asked}', but .*{expected}"):
        jax_setup.check_platform()


@pytest.mark.parametrize("asked", ["nonsense", "tpu"])
def test_any_other_platform_is_told_when_jax_starts(asked):
    start = "from signjax.runtime.jax_setup import start_jax; start_jax()"
    environment = {**os.environ, "JAX_PLATFORMS": asked}
    done = subprocess.run([sys.executable, "-c", start], env=environment, capture_output=True, text=True, check=False)
    assert f"InputError: JAX_PLATFORMS is '{asked}', but jax cannot start it (" in done.stderr

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


@pytest.mark.parametrize("home", ["/proc/absent", "/dev/full"])
def test_without_a_cache_of_programs_a_run_goes_on_and_says_so_once(home):
    program = """
from signjax.runtime.jax_setup import configure_jax
configure_jax()
import jax
print(jax.jit(lambda x: x + 1)(1), jax.jit(lambda x: x + 2)(1))
"""
    names = ("XDG_CACHE_HOME", "JAX_COMPILATION_CACHE_DIR")
    environment = {name: value for name, value in os.environ.items() if name not in names} | {"HOME": home}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    warning, printed = done.stdout.splitlines()
    assert warning.startswith("warning: compiled programs are not kept (") and home in warning
    assert printed == "2 3" and done.stderr == ""


def test_a_full_disk_is_no_place_for_programs(monkeypatch, tmp_path):
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path / "programs"))
    assert jax_setup._program_cache() == tmp_path / "programs"
    monkeypatch.setattr(jax_setup.shutil, "disk_usage", lambda folder: type("Usage", (), {"free": 2**20}))
    with pytest.raises(OSError, match=r"programs has 1\.0 MiB left"):
        jax_setup._program_cache()

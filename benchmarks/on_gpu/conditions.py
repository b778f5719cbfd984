"""What stands above the table of `benchmarks.on_gpu`: device, driver, versions, commit and date."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from platform import python_version
from typing import Any

from benchmarks.interleaved import ROOT
from signjax.runtime.jax_setup import cores

_FIND_DEVICE = """
import json, jax
device = jax.devices()[0]
print(json.dumps({"platform": device.platform, "device": device.device_kind}))
"""


def environment(device: str) -> dict[str, str]:
    """Environment variables of every part: the platform, without which jax does not start, and a single GPU.

    Up to four processes with jax share the GPU with PyTorch's, and each would reserve three quarters of its memory.
    """
    if device == "cpu":
        return {"JAX_PLATFORMS": "cpu"}
    first, *_ = (os.environ.get("CUDA_VISIBLE_DEVICES") or "0").split(",")
    return {"JAX_PLATFORMS": "cuda,cpu", "CUDA_VISIBLE_DEVICES": first, "XLA_PYTHON_CLIENT_MEM_FRACTION": "0.15"}


def conditions(device: str, variables: Mapping[str, str], *, tiny: bool) -> dict[str, Any]:
    """The conditions of a run.

    Raises:
      SystemExit: jax does not find the device.
    """
    found = subprocess.run(
        [sys.executable, "-c", _FIND_DEVICE],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, **variables},
    )
    if found.returncode:
        raise SystemExit(f"jax finds no {device}:\n{found.stderr[-2000:]}")
    described: dict[str, Any] = json.loads(found.stdout.splitlines()[-1])
    if described["platform"] != device:
        raise SystemExit(
            f"jax computes on a {described['platform']}, not on a {device}; with an NVIDIA GPU, install requirements.txt"
        )
    return {
        **described,
        "tiny": tiny,
        "driver": _answer("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader")
        if device == "gpu"
        else "",
        "cores": cores(),
        "load": os.getloadavg()[0],
        "python": python_version(),
        "jax": _version("jax"),
        "torch": _version("torch"),
        "commit": _commit(),
        "date": datetime.now(UTC).date().isoformat(),
    }


def line(conditions: Mapping[str, Any]) -> str:
    """The conditions in one line."""
    driver = f", driver {conditions['driver']}" if conditions["driver"] else ""
    return (
        f"{conditions['device']}{driver}; {conditions['cores']} cores, load {conditions['load']:.1f}; Python "
        f"{conditions['python']}, jax {conditions['jax']}, torch {conditions['torch']}; commit {conditions['commit']}, "
        f"{conditions['date']}"
    )


def _answer(*command: str) -> str:
    """The first line that a command prints; `unknown` if it fails or does not exist."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return "unknown" if done.returncode else next(iter(done.stdout.splitlines()), "").strip()


def _commit() -> str:
    """The commit, and whether files differ from it."""
    changed = _answer("git", "status", "--porcelain", "--untracked-files=no")
    return _answer("git", "rev-parse", "--short", "HEAD") + (" with changes" if changed not in ("", "unknown") else "")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"

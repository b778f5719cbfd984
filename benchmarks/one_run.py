"""One run of `launch.py`, for benchmarks that compare runs."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.peers.finished_run import read_summary

ROOT = Path(__file__).resolve().parent.parent


def run_once(config: str, workdir: Path, overrides: list[str]) -> dict[str, Any]:
    """The summary of a run, which is trained where it is not there yet."""
    command = [sys.executable, str(ROOT / "launch.py"), f"--config={config}", f"--workdir={workdir}"]
    if not (workdir / "summary.json").is_file():
        subprocess.run([*command, *overrides], check=True)
    return read_summary(workdir)

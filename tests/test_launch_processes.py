"""Real runs in two processes on this machine, each with one device."""

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest
from test_launch import TINY, command, environment

from benchmarks.kill_training import ROOT
from benchmarks.scaling import free_port


def start(folder: Path, log: Path, *flags: str) -> subprocess.Popen:
    with log.open("w") as output:
        return subprocess.Popen(
            command(folder, *TINY, *flags),
            cwd=ROOT,
            env=environment(devices=1),
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def start_two(folder: Path, *flags: str) -> list[subprocess.Popen]:
    group = (f"--coordinator=localhost:{free_port()}", "--processes=2")
    logs = [folder.with_suffix(f".{index}.log") for index in range(2)]
    return [start(folder, log, *group, f"--process={index}", *flags) for index, log in enumerate(logs)]


def wait_for(log: Path, text: str) -> None:
    deadline = time.monotonic() + 300
    while text not in log.read_text():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


def losses(folder: Path) -> list[float]:
    return [json.loads(line)["train"]["loss"] for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_two_processes_stop_together_go_on_and_train_as_one_with_two_devices(finished, tmp_path):
    """The one with two devices is the finished run."""
    both = start_two(tmp_path / "run")
    wait_for(tmp_path / "run.0.log", "train: first step")
    both[1].send_signal(signal.SIGTERM)
    assert [process.wait(300) for process in both] == [143, 143]
    assert "whose checkpoint is complete; the same command goes on from there" in (tmp_path / "run.0.log").read_text()
    both = start_two(tmp_path / "run")
    assert [process.wait(300) for process in both] == [0, 0], (tmp_path / "run.0.log").read_text()
    said = [(tmp_path / f"run.{index}.log").read_text() for index in range(2)]
    assert "resume: from epoch" in said[0] and "test gloss: top-1" in said[0]
    assert "train:" not in said[1] and "report:" not in said[1]
    alone, printed = finished
    assert "device: 2 x CPU" in printed
    assert losses(tmp_path / "run") == pytest.approx(losses(alone), rel=1e-4)
    assert losses(tmp_path / "run" / "refit") == pytest.approx(losses(alone / "refit"), rel=1e-4)


def test_a_lost_process_ends_the_other_with_a_message(tmp_path):
    both = start_two(tmp_path / "run", "--config.train.epochs=100000")
    wait_for(tmp_path / "run.0.log", "train: first step")
    both[1].kill()
    assert both[0].wait(120) == 1
    said = (tmp_path / "run.0.log").read_text()
    assert "error: another process of this run was lost (" in said and "goes on from its last checkpoint" in said
    both[1].wait(60)

"""Runs that are killed at random moments end as if nothing had happened; see `benchmarks/kill_training.py` for more of them."""

import random
import signal
import subprocess
import time
from pathlib import Path

from benchmarks.kill_training import LONGEST, ROOT, SIGNALS, command, differences, killed

KILLS = 10
SHORT = "--config.train.epochs=10"  # half as long as by hand: what most kills hit is the same


def kill_at_the_first_checkpoint(folder: Path) -> None:
    process = subprocess.Popen(command(folder, SHORT), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    checkpoints = folder / "checkpoints"
    deadline = time.monotonic() + LONGEST
    while not (checkpoints.is_dir() and any(path.name.isdigit() for path in checkpoints.iterdir())):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (folder / "summary.json").exists()


def test_ten_kills_one_at_a_checkpoint_and_the_others_at_random_moments_leave_no_trace(tmp_path):
    draw = random.Random(0)
    kill_at_the_first_checkpoint(tmp_path / "run0")  # it also compiles what the other runs find
    start = time.monotonic()
    status, printed = killed(tmp_path / "whole", LONGEST, signal.SIGTERM, SHORT)
    assert status == 0, printed
    took = time.monotonic() - start
    kills, folders, said = 1, 0, ""
    done = False
    while kills < KILLS or not done:
        number = SIGNALS[kills % len(SIGNALS)]
        folder = tmp_path / f"run{folders}"
        anew, start = not folder.exists(), time.monotonic()
        status, printed = killed(folder, draw.uniform(0, took) if kills < KILLS else LONGEST, number, SHORT)
        said += printed
        # Where the program has not begun yet, because Python still imports it, Ctrl-C is Python's.
        assert "Traceback" not in printed or status == -signal.SIGINT, printed
        done = status == 0
        if done:
            if anew:  # the undisturbed run may still have compiled something
                took = min(took, time.monotonic() - start)
            assert differences(tmp_path / "whole", folder) == []
            if folders == 0:
                assert "resume: from epoch" in said
            folders += 1
        else:
            assert status in (-number, 128 + number), printed
            kills += 1

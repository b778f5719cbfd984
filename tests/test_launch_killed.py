"""Runs that are killed at random moments end as if nothing had happened; see `benchmarks/kill_training.py` for more of them."""

import random
import signal
import time

from benchmarks.kill_training import LONGEST, SIGNALS, differences, killed

KILLS = 10
SHORT = "--config.train.epochs=10"  # half as long as by hand: what most kills hit is the same


def test_ten_kills_at_random_moments_leave_no_trace(tmp_path):
    draw = random.Random(0)
    start = time.monotonic()
    status, printed = killed(tmp_path / "whole", LONGEST, signal.SIGTERM, SHORT)
    assert status == 0, printed
    took = time.monotonic() - start
    kills = folders = 0
    done = False
    while kills < KILLS or not done:
        number = SIGNALS[kills % len(SIGNALS)]
        folder = tmp_path / f"run{folders}"
        anew, start = not folder.exists(), time.monotonic()
        status, printed = killed(folder, draw.uniform(0, took) if kills < KILLS else LONGEST, number, SHORT)
        # Where the program has not begun yet, because Python still imports it, Ctrl-C is Python's.
        assert "Traceback" not in printed or status == -signal.SIGINT, printed
        done = status == 0
        if done:
            if anew:  # the first run compiled what the others find, so it took longest
                took = min(took, time.monotonic() - start)
            assert differences(tmp_path / "whole", folder) == []
            folders += 1
        else:
            assert status in (-number, 128 + number), printed
            kills += 1

"""Worker processes: what they receive, and what they leave unchanged."""

import gc
import os
import signal

import pytest

from signjax.pickles.workers import worker_pool

_THREADS = "OPENBLAS_NUM_THREADS"


def facts(_: int) -> tuple[str | None, bool, bool]:
    return os.environ.get(_THREADS), signal.getsignal(signal.SIGINT) is signal.SIG_IGN, gc.get_freeze_count() > 0


@pytest.mark.parametrize("chosen", [None, "3"])
def test_a_worker_has_no_blas_threads_unless_asked_for(monkeypatch: pytest.MonkeyPatch, chosen: str | None) -> None:
    monkeypatch.delenv(_THREADS, raising=False)
    if chosen:
        monkeypatch.setenv(_THREADS, chosen)
    with worker_pool(1) as pool:
        assert pool.submit(facts, 0).result() == (chosen or "1", True, True)
    assert os.environ.get(_THREADS) == chosen

"""`benchmarks.on_gpu`: parts with tiny sizes on a CPU, and made-up parts that are slow, crash or are interrupted."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.interleaved import ROOT, Worker, measure, reason
from benchmarks.on_gpu import conditions, parts
from benchmarks.on_gpu.__main__ import DOCUMENT, parsed, signjax_failed
from benchmarks.on_gpu.schedule import Budget, Outcome, Task, run_all
from benchmarks.on_gpu.table import BEGIN, END, between_markers, failures, measured, tables, write_into

GPU = {
    "platform": "gpu", "device": "NVIDIA X", "tiny": False, "driver": "570.1", "cores": 16, "load": 0.1,
    "python": "3.12", "jax": "0.11.2", "torch": "2.11.0", "commit": "abc1234", "date": "2026-01-02",
}  # fmt: skip

# Writes a row, and the id of a process that it leaves running.
SLOW = """
import json, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open(sys.argv[1], "a").write(json.dumps({"name": "before", "child": child.pid}) + "\\n" + '{"name": "ha')
sys.stdout.flush()
time.sleep(600)
"""
GOOD = "import sys; open(sys.argv[1], 'a').write('{\"name\": \"a\"}\\n')"
BAD = "import sys; open(sys.argv[1], 'a').write('{\"name\": \"a\"}\\n'); raise MemoryError('a | b')"


def fake(name: str, share: float, code: str) -> Task:
    return Task(name, share, [sys.executable, "-c", code])


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and that nobody waits for does not."""
    status = Path(f"/proc/{pid}/status")
    return status.exists() and "State:\tZ" not in status.read_text()


def test_real_parts_measure_signjax_and_name_the_peers_that_fail(tmp_path):
    chosen = ("step, float32, batch 4", "recurrent layers, bfloat16")
    some = [task for task in parts.tasks("cpu", tiny=True) if task.name in chosen]
    environment = {**conditions.environment("cpu"), "JAX_COMPILATION_CACHE_DIR": str(tmp_path / "programs")}
    outcomes = run_all(some, Budget(500), tmp_path, environment, lambda _: None)
    assert {outcome.name: outcome.status for outcome in outcomes} == dict.fromkeys(chosen, "done"), outcomes
    for outcome in outcomes:
        assert not signjax_failed(outcome), outcome
        lacking = failures(outcome)
        assert all("torch" in name for name in lacking)
        names = [row["name"] for row in measured(outcome)]
        assert [name for name in names if "signjax" in name] and all(
            row["milliseconds"] > 0 for row in measured(outcome)
        )
        assert lacking or [name for name in names if "torch" in name]
    written = tables({**GPU, "platform": "cpu"}, outcomes, 500, 1)
    assert (
        "| float32 | 4 | scans | signjax |" in written and "| gru signjax | bfloat16 | 4, 6, 8, 8 | scans |" in written
    )


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="looks processes up in /proc")
def test_a_crash_costs_one_part_and_the_budget_is_kept(tmp_path):
    saved = []
    # The second part may take twice its share of 3 s; then less than half the share of the last one is left.
    some = [fake("good", 1, GOOD), fake("slow", 3, SLOW), fake("bad", 1, BAD), fake("late", 7, GOOD)]
    start = time.monotonic()
    outcomes = run_all(
        some,
        Budget(12),
        tmp_path,
        {},
        lambda now: saved.append([outcome.status for outcome in now]),
    )
    assert time.monotonic() - start < 12
    good, slow, bad, late = outcomes
    assert (good.status, good.rows) == ("done", [{"name": "a"}])
    assert slow.status == "stopped" and slow.rows[0]["name"] == "before" and len(slow.rows) == 1
    assert not alive(slow.rows[0]["child"])
    assert bad.status == "failed" and bad.reason == "MemoryError: a | b" and bad.rows == [{"name": "a"}] and bad.log
    assert late.status == "left out" and "its share is 7 s" in late.reason and late.seconds == 0
    waiting = "not reached"
    assert saved[0] == [waiting] * 4 and saved[1] == ["done", *[waiting] * 3] and len(saved) == 5
    written = tables(GPU, outcomes, 12, 9)
    assert "| bad | failed: MemoryError: a \\| b |" in written
    assert "| late | left out: " in written and "| slow | stopped: it was not done after 6 s |" in written
    assert [signjax_failed(outcome) for outcome in outcomes] == [False, False, True, False]


INTERRUPTED = f"""
import json, signal, sys
from pathlib import Path
from benchmarks.on_gpu.schedule import Budget, Task, run_all
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
tasks = [Task("good", 1, [sys.executable, "-c", {GOOD!r}]), Task("slow", 1, [sys.executable, "-c", {SLOW!r}])]
save = lambda now: Path(sys.argv[1]).write_text(json.dumps([[one.status, one.rows] for one in now]))
run_all(tasks, Budget(200), Path(sys.argv[2]), {{}}, save)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="looks processes up in /proc")
def test_an_interruption_loses_nothing_and_leaves_no_process(tmp_path):
    rows = tmp_path / "rows.jsonl"
    program = subprocess.Popen([sys.executable, "-c", INTERRUPTED, tmp_path / "saved.json", tmp_path], cwd=ROOT)
    until = time.monotonic() + 60
    while not (rows.exists() and "child" in rows.read_text()):
        assert time.monotonic() < until and program.poll() is None
        time.sleep(0.05)
    program.send_signal(signal.SIGTERM)
    assert program.wait(30) == 1
    good, slow = json.loads((tmp_path / "saved.json").read_text())
    assert good == ["done", [{"name": "a"}]] and slow[0] == "interrupted" and slow[1][0]["name"] == "before"
    assert not alive(slow[1][0]["child"])


def test_tables_name_what_could_not_be_measured_and_count_tests():
    step = {
        "name": "signjax", "batch": 64, "precision": "float32", "device": "gpu", "version": "0.11", "parameters": 1000,
        "milliseconds": 2.0, "spread": "-", "clips_per_second": 32000.0, "share_of_matmul_rate": 0.5, "members": 1,
        "recurrences": "fused",
    }  # fmt: skip
    torch = {**step, "name": "torch", "clips_per_second": 16000.0}
    del torch["recurrences"]
    eight = {**step, "members": 8, "milliseconds": 4.0}
    lacking = [{"name": name, "failed": "no torch"} for name in ("torch.compile", "b", "c", "d")]
    tests = [{"name": "t1", "outcome": "passed"}, {"name": "t2", "outcome": "failed", "failed": "failed"}]
    outcomes = [
        Outcome("step, float32, batch 64", "done", rows=[step, torch, *lacking]),
        Outcome("members", "done", rows=[step, eight]),
        Outcome("tests of layers and training", "done", rows=tests),
        Outcome("start-up", "left out", "2 s were left, and its share is 70 s"),
    ]
    written = tables(GPU, outcomes, 480, 470)
    first = written.splitlines()[0]
    assert all(str(GPU[key]) in first for key in ("device", "driver", "jax", "torch", "commit", "date"))
    assert "| float32 | 64 | fused | signjax | 0.11 | 1,000 | 2.00 | - | 32000.0 | 2.00x | 50 % |" in written
    assert "| float32 | 64 | cuDNN | torch |" in written
    assert "without `torch.compile`, `b`, `c` and 1 more (no torch)" in written
    assert "| 8 | float32 | 64 | 4.00 | - | 0.50 | 4.00x |" in written
    assert "| tests of layers and training | 1 | 1 | 0 |" in written and signjax_failed(outcomes[2])
    assert "| start-up | left out: 2 s were left, and its share is 70 s |" in written and "### Start-up" not in written


def test_only_the_lines_between_the_markers_change(tmp_path):
    text = f"above\n{BEGIN}\n\nold\n\n{END}\nbelow\n"
    new = between_markers(text, "new\n")
    assert new == f"above\n{BEGIN}\n\nnew\n\n{END}\nbelow\n" and between_markers(new, "new") == new
    for wrong in ("nothing", f"{BEGIN}\n", f"{END}\n{BEGIN}\n", text + text):
        with pytest.raises(ValueError, match="once"):
            between_markers(wrong, "new")
    document = tmp_path / "performance.md"
    document.write_text(text)
    for run in ({**GPU, "tiny": True}, {**GPU, "platform": "cpu"}):
        with pytest.raises(ValueError, match="GPU at full size"):
            write_into(document, run, "new")
    assert document.read_text() == text
    write_into(document, GPU, "new")
    assert document.read_text() == new
    between_markers(DOCUMENT.read_text(encoding="utf-8"), "")  # the real one has them


@pytest.mark.parametrize("wrong", [["--device=cpu"], ["--device=gpu", "--tiny"]])
def test_tiny_runs_and_cpus_cannot_write_the_table(wrong, capsys):
    with pytest.raises(SystemExit):
        parsed(["--write", *wrong])
    assert "on a GPU, without --tiny" in capsys.readouterr().err


def test_a_gpu_run_compares_every_batch_and_precision_with_every_peer():
    names = [part.name for part in parts.parts("gpu", parts.Sizes())]
    steps = [f"step, {precision}, batch {batch}" for precision in ("float32", "bfloat16") for batch in (16, 64, 256)]
    assert set(steps) <= set(names) and len(names) == len(set(names)) and names[0] == "tests of the fused kernels"
    assert names[:3] == ["tests of the fused kernels", "step, float32, batch 64", "step, bfloat16, batch 64"]
    peers = parts.step_peers("gpu")
    assert peers == ["signjax", "signjax, scans", *(name for name in peers if name.startswith("torch"))]
    assert {"torch", "torch, captured", "torch.compile"} <= set(peers)


def test_a_worker_that_fails_is_named_and_the_others_go_on():
    settings = {"device": "cpu", "precision": "float32", "threads": 1}
    with Worker("benchmarks.nothing:build", settings) as bad:
        found: dict[str, str] = {}
        assert measure({"bad": bad}, 1, 1, failures=found) == {}
        assert found == {"bad": "ModuleNotFoundError: No module named 'benchmarks.nothing'"}
        with pytest.raises(SystemExit, match=r"benchmarks\.nothing"):
            measure({"bad": bad}, 1, 1)


def test_the_reason_is_the_last_line_that_names_an_exception():
    assert reason("a\njax.errors.JaxRuntimeError: RESOURCE_EXHAUSTED: 9 GiB\n----\nFor simplicity, JAX ...\n") == (
        "jax.errors.JaxRuntimeError: RESOURCE_EXHAUSTED: 9 GiB"
    )
    assert reason("launch.py failed\n") == "launch.py failed" and reason("") == ""


def test_every_part_uses_one_gpu(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,3")
    assert conditions.environment("gpu")["CUDA_VISIBLE_DEVICES"] == "2"
    assert "CUDA_VISIBLE_DEVICES" not in conditions.environment("cpu")
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "2,3"

"""Programs whose output breaks away; each test starts one."""

import io
import subprocess
import sys
from pathlib import Path

import pytest

from signjax.runtime.output import fitted

ROOT = Path(__file__).resolve().parent.parent.parent

PRINTS = """
import sys
from signjax.runtime.output import outlast_output
outlast_output()
for line in range(20000):
    print("line", line, flush=line % 100 == 0)
open(sys.argv[1], "w").write("worked to its end")
"""


def program(text: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", text, *arguments]


@pytest.mark.parametrize("output", ["pipe", "disk"])
def test_a_run_goes_on_when_nobody_reads_it_or_its_log_is_full(tmp_path, output):
    end = tmp_path / "end"
    if output == "pipe":
        process = subprocess.Popen(program(PRINTS, str(end)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        error = process.stderr.read().decode()
        process.stderr.close()
        status = process.wait()
    else:
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                program(PRINTS, str(end)), stdout=full, stderr=subprocess.PIPE, cwd=ROOT, text=True, check=False
            )
        status, error = done.returncode, done.stderr
    assert status == 0 and end.read_text() == "worked to its end"
    assert error.count("\n") == 1
    assert error.startswith("warning: output can no longer be written (") and error.endswith(
        "the run goes on without\n"
    )


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_long_line_is_broken_on_a_terminal_and_nowhere_else(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    text = "error: 2 problems:\n  1. " + "some words " * 8 + "\n  2. /" + "a" * 60
    found = fitted(text, Terminal()).split("\n")
    assert [len(line) <= 40 for line in found] == [True] * (len(found) - 1) + [False]  # a path stays whole
    assert found[1].startswith("  1. some")
    assert found[2].startswith("    some")
    assert " ".join(found).split() == text.split()
    assert fitted(text, io.StringIO()) == text

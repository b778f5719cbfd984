"""The output of `show`, for people and for programs, and the imports that starting the command needs."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from signjax.pickles.__main__ import main
from signjax.pickles.write import CudaTensor, write_plain


@pytest.fixture
def path(tmp_path: Path) -> Path:
    numbers = np.array([[1.5, np.nan], [-2, np.inf]], np.float32)
    tree = {"x": CudaTensor(numbers, "cuda:3"), "deep": {"valid": np.array([True, False]), "empty": np.zeros((0, 2))}}
    write_plain(tmp_path / "a.pkl", {**tree, "height": 720, "name": "a\x1b[31mb" * 20})
    return tmp_path / "a.pkl"


def test_json_has_every_column(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(path), "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert list(rows) == ["x", "deep/valid", "deep/empty", "height", "name"]
    x = rows["x"]
    assert (x["shape"], x["dtype"], x["device"]) == ([2, 2], "float32", "cuda:3")
    assert (x["min"], x["max"], x["nan"]) == (-2.0, "inf", 1)
    assert (rows["deep/empty"]["shape"], rows["deep/empty"]["min"]) == ([0, 2], None)
    assert rows["height"]["value"] == "720"


def test_the_table_is_aligned_and_cannot_steer_a_terminal(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["name", "shape", "dtype", "device", "min", "max", "NaN", "value"]
    column = lines[0].index("device")
    assert lines[1][column:].startswith("cuda:3") and lines[2][column:].startswith("cpu")
    assert "\x1b" not in "".join(lines)


def test_a_refused_or_missing_file_gives_status_2_and_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.pkl").write_bytes(b"cos\nsystem\n.")
    for name in ("a.pkl", "missing.pkl"):
        assert main(["show", str(tmp_path / name)]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1


def test_reading_needs_neither_torch_nor_jax(path: Path) -> None:
    program = (
        f"import sys; from signjax.pickles import load; load({str(path)!r}); from signjax.pickles.__main__ import main; "
        "print([name for name in ('torch', 'jax', 'ml_dtypes', 'multiprocessing', 'zipfile') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"

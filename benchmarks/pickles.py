"""How fast torch pickles are read and converted, compared with reading and copying the same bytes, and with torch.

    python -m benchmarks.pickles [--files 2000] [--json FILE]

Files like SignAvatars' (about 0.4 MB) are written in four forms. The readers take turns, each reading one
slice of the files at a time, so that a slow phase of the machine affects all of them; the table shows medians over the
slices. If torch is installed, its readers run too. The files come from the page cache: this measures the readers, not
the disk. About 9 GB are written to the folder for temporary files.
"""

import argparse
import contextlib
import io
import json
import multiprocessing
import os
import pickle
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from signjax.pickles import Limits, load
from signjax.pickles.conversion.convert import convert
from signjax.pickles.interpreter import machine
from signjax.pickles.resolve import Resolver
from signjax.pickles.source import give_back, open_bytes
from signjax.pickles.strided_view import View
from signjax.pickles.write import CudaTensor, write_plain

_SLICES = 20
_FRAMES = range(80, 141)  # 0.4 MB on average

Reader = Callable[[Path], Any]


def clip(seed: int) -> dict[str, Any]:
    """A clip with SignAvatars' keys."""
    rng = np.random.default_rng(seed)
    frames = int(rng.choice(_FRAMES))

    def numbers(*shape: int) -> "np.ndarray[Any, Any]":
        return rng.standard_normal((frames, *shape), np.float32)

    return {
        "left_valid": rng.random(frames) > 0.1,
        "right_valid": rng.random(frames) > 0.1,
        "total_valid_index": np.arange(frames),
        "2d": numbers(106, 3),
        "pred_2d": numbers(106, 2),
        "smplx": numbers(182),
        "unsmooth_smplx": numbers(169),
        "bb2img_trans": numbers(2, 3),
        "focal": np.full((frames, 2), 14921.8),
        "princpt": np.full((frames, 2), 620.6),
        "height": 720,
        "width": 1280,
    }


def write_corpus(folder: Path, files: int, torch: Any) -> dict[str, list[Path]]:
    """Writes the clips in every form; torch's own two forms only if torch is installed.

    `plain`, `zip` and `legacy` hold every array as a CUDA tensor. `mixed` is what SignAvatars published: plain
    pickles with two small tensors among NumPy arrays.
    """
    forms: dict[str, list[Path]] = {
        form: [] for form in (("plain", "mixed", "zip", "legacy") if torch else ("plain", "mixed"))
    }
    if torch:
        torch.serialization.location_tag = lambda storage: "cuda:0"
    for form, paths in forms.items():
        (folder / form).mkdir()
        for seed in range(files):
            path = folder / form / f"{seed:05d}.{'pt' if form in ('zip', 'legacy') else 'pkl'}"
            _write(path, form, clip(seed), torch)
            paths.append(path)
    return forms


def _write(path: Path, form: str, arrays: dict[str, Any], torch: Any) -> None:
    wrap = torch.as_tensor if torch else lambda value: CudaTensor(np.asarray(value))
    kept = arrays.keys() - {"left_valid", "right_valid"} if form == "mixed" else set()
    tree = {key: value if key in kept else wrap(value) for key, value in arrays.items()}
    if form in ("zip", "legacy"):
        torch.save(tree, path, _use_new_zipfile_serialization=form == "zip")
    elif torch:
        with open(path, "wb") as file:
            pickle.dump(tree, file)
    else:
        write_plain(path, tree)


def torch_readers(torch: Any) -> dict[str, Reader]:
    """torch's reader; for plain files the common unpickler, which loads nested storages to the CPU."""

    class Unpickler(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> Any:
            if module == "torch.storage" and name == "_load_from_bytes":
                return lambda raw: torch.load(io.BytesIO(raw), map_location="cpu", weights_only=False)
            return super().find_class(module, name)

    def patched(path: Path) -> Any:
        with open(path, "rb") as file:
            return Unpickler(file).load()

    return {"torch": lambda path: torch.load(path, map_location="cpu"), "patched": patched}


def rates(paths: list[Path], readers: dict[str, Reader]) -> dict[str, float]:
    """Files per second of each reader: the median over interleaved slices."""
    size = max(1, len(paths) // _SLICES)
    seconds: dict[str, list[float]] = {name: [] for name in readers}
    for path in paths:
        path.read_bytes()
    for at in range(0, len(paths), size):
        part = paths[at : at + size]
        for name, reader in readers.items():
            start = time.perf_counter()
            for path in part:
                reader(path)
            seconds[name].append((time.perf_counter() - start) / len(part))
    return {name: 1 / statistics.median(times) for name, times in seconds.items()}


def stages(paths: list[Path]) -> dict[str, float]:
    """Median microseconds of each step of `load` on a plain file."""
    times: dict[str, list[float]] = {"reading": [], "interpreting": [], "checking": [], "copying": []}
    for path in paths:
        views: list[View] = []
        at = [time.perf_counter()]
        content, _ = open_bytes(path)
        at.append(time.perf_counter())
        value, _ = machine.run(content, 0, Limits())
        at.append(time.perf_counter())
        Resolver(views.append, Limits(), len(content)).value(value)
        at.append(time.perf_counter())
        arrays = [view.array() for view in views]
        at.append(time.perf_counter())
        give_back(content)
        del value, views, arrays, content
        for seconds, start, end in zip(times.values(), at, at[1:], strict=False):
            seconds.append(1e6 * (end - start))
    return {step: statistics.median(seconds) for step, seconds in times.items()}


def start_up(program: str, repeats: int = 7) -> float:
    """Median seconds from the start of a process to its end."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", program], check=True)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def mapped_open(folder: Path, torch: Any) -> float:
    """Milliseconds to open a zip file with one 1 GB tensor: the median of 7."""
    path = folder / "large.pt"
    torch.save({"x": torch.zeros(1 << 28)}, path)
    times = []
    for _ in range(7):
        start = time.perf_counter()
        load(path)
        times.append((time.perf_counter() - start) * 1e3)
    path.unlink()
    return statistics.median(times)


def _copy(task: tuple[list[Path], Path]) -> None:
    for path in task[0]:
        partial = task[1] / f".{path.name}.partial"
        with open(path, "rb") as source, open(partial, "wb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(task[1] / path.name)


def conversion(paths: list[Path], folder: Path, workers: int = 2, repeats: int = 3) -> dict[str, float]:
    """Files per second of `convert`, and of copying with the same fsync and rename, both with two processes.

    All output is kept until the end: ext4 takes longer to create files where others have just been deleted.
    """
    seconds: dict[str, list[float]] = {"copy": [], "convert": []}
    for i in range(repeats):
        for name, times in seconds.items():
            target = folder / f"{name}_{i}"
            target.mkdir()
            start = time.perf_counter()
            if name == "copy":
                with multiprocessing.get_context("spawn").Pool(workers) as pool:
                    pool.map(_copy, [(paths[i::workers], target) for i in range(workers)])
            else:
                with contextlib.redirect_stderr(io.StringIO()):
                    convert(paths[0].parent, target, workers=workers)
            times.append(time.perf_counter() - start)
    return {name: len(paths) / statistics.median(times) for name, times in seconds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    try:
        import torch
    except ImportError:
        torch = None
    result: dict[str, Any] = {
        "files": chosen.files,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "torch": getattr(torch, "__version__", None),
        "cores": os.cpu_count(),
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        forms = write_corpus(folder, chosen.files, torch)
        result["bytes"] = statistics.mean(path.stat().st_size for path in forms["plain"])
        theirs = torch_readers(torch) if torch else {}
        for form, paths in forms.items():
            own = "patched" if form in ("plain", "mixed") else "torch"
            readers: dict[str, Reader] = {"bytes": Path.read_bytes, "load": load}
            result[form] = rates(paths, readers | {key: value for key, value in theirs.items() if key == own})
        result["stages"] = {form: stages(forms[form]) for form in ("plain", "mixed")}
        first = str(forms["plain"][0])
        result["start_up"] = {"load": start_up(f"from signjax.pickles import load; load({first!r})")}
        if torch:
            saved = str(forms["zip"][0])
            result["start_up"]["torch"] = start_up(f"import torch; torch.load({saved!r}, map_location='cpu')")
            result["mapped_open_ms"] = mapped_open(folder, torch)
        result["conversion"] = conversion(forms["mixed"], folder)
    show(result)
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=1) + "\n")


def show(result: dict[str, Any]) -> None:
    """Prints the table."""
    print(
        f"{result['files']} files of {result['bytes'] / 1e6:.2f} MB, Python {result['python']}, torch {result['torch']}"
    )
    print(f"{'files/s':<16}{'bytes alone':>12}{'load':>8}{'torch':>8}{'load/torch':>12}{'bytes/load':>12}")
    for form in ("plain", "mixed", "zip", "legacy"):
        if form in result:
            row = result[form]
            theirs = row.get("patched", row.get("torch"))
            ratio = f"{theirs:>8.0f}{row['load'] / theirs:>11.2f}x" if theirs else f"{'-':>8}{'-':>12}"
            print(f"{form:<16}{row['bytes']:>12.0f}{row['load']:>8.0f}{ratio}{row['bytes'] / row['load']:>11.2f}x")
    for form, steps in result["stages"].items():
        print(f"microseconds, {form}: " + ", ".join(f"{step} {taken:.0f}" for step, taken in steps.items()))
    for name, seconds in result["start_up"].items():
        print(f"start-up to the first array, {name}: {seconds:.3f} s")
    if "mapped_open_ms" in result:
        print(f"opening one tensor of 1 GB: {result['mapped_open_ms']:.2f} ms")
    row = result["conversion"]
    print(
        f"two processes: convert {row['convert']:.0f}, copy {row['copy']:.0f} files/s: {row['convert'] / row['copy']:.2f}"
    )


if __name__ == "__main__":
    main()

"""Runs a notebook in its own kernel, in an empty folder, and says how long each of its cells takes.

    python -m benchmarks.notebook examples/train_and_predict.ipynb --json=seconds.json

Needs `pip install nbclient ipykernel`. The notebook itself is not changed; `--out=FILE` keeps a copy with what it shows.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--out", type=Path, help="file for the notebook with its output")
    parser.add_argument("--json", type=Path, help="file for the rows")
    arguments = parser.parse_args()
    notebook = nbformat.read(arguments.notebook, as_version=4)
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    rows = []
    print("| cell | s |\n|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(notebook, timeout=3600, resources={"metadata": {"path": folder}})
        with client.setup_kernel():
            for number, cell in enumerate(notebook.cells):
                if cell.cell_type != "code":
                    continue
                began = time.monotonic()
                client.execute_cell(cell, number)
                first = cell.source.splitlines()[0]
                rows.append({"cell": first, "seconds": round(time.monotonic() - began, 1)})
                print(f"| `{first}` ... | {rows[-1]['seconds']} |", flush=True)
    print(f"{sum(row['seconds'] for row in rows):.0f} s in all, on {len(os.sched_getaffinity(0))} cores")
    if arguments.out:
        nbformat.write(notebook, arguments.out)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

"""scikit-learn's own checks of `signjax.SignClassifier`, with the network itself, on tables (n, F) as clips of one frame.

    python -m benchmarks.estimator_checks --json=checks.json
    python -m benchmarks.estimator_checks --only invariance,pickle

Prints each check with its result and time; most of the time is compilation, since nearly every check has data of another shape.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from sklearn.utils.estimator_checks import estimator_checks_generator

from signjax import SignClassifier

SMALL = {"model.filters": (8, 12), "model.units": 6, "model.heads": 2, "model.depth": 1, "train.buckets": 1}


def outcome(estimator: Any, check: Any) -> str:
    """What came of a check, in a few words."""
    from unittest import SkipTest

    try:
        check(estimator)
    except SkipTest as reason:
        return f"skipped: {reason}"
    except Exception as error:  # noqa: BLE001  (whatever a check raises is its result)
        return f"failed: {type(error).__name__}: {error}"
    return "passed"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--only", default="", help="parts of names of checks, separated by commas")
    parser.add_argument("--json", type=Path, help="file for the rows")
    arguments = parser.parse_args()
    rows = []
    model = SignClassifier(epochs=arguments.epochs, batch_size=8, settings=SMALL)
    print("| check | result | s |\n|---|---|---|")
    for estimator, check in estimator_checks_generator(model):
        name = getattr(check, "func", check).__name__
        if not any(part in name for part in arguments.only.split(",")):
            continue
        began = time.monotonic()
        row = {"check": name, "result": outcome(estimator, check), "seconds": round(time.monotonic() - began, 1)}
        rows.append(row)
        print(f"| {row['check']} | {row['result']} | {row['seconds']} |", flush=True)
    failed = sum(str(row["result"]).startswith("failed") for row in rows)
    print(f"{len(rows)} checks, {failed} failed")
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()

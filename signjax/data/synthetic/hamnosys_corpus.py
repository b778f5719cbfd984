"""A corpus of synthetic signers for given HamNoSys strings: real labels, made-up motion.

Its format is that of the other synthetic corpus: one pickle per clip, hand validity as torch tensors on `cuda:0`, and `labels.csv`.
Every string is signed once, by a random signer. If a string cannot be parsed, the signer of its clip stands still.
"""

import csv
import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from signjax.data import hamnosys, locks
from signjax.data.folders import replacing, target_of
from signjax.data.labels.modes import HAMNOSYS_COLUMN
from signjax.data.synthetic.corpus import STAMP, Say, to_write
from signjax.data.synthetic.hamnosys_motion import sign_plan
from signjax.data.synthetic.hamnosys_plan import Plan, plan
from signjax.data.synthetic.signing import make_signer
from signjax.data.tables.label_table import read_label_table
from signjax.data.text_files import write_text
from signjax.data.workers import ALONE, Workers
from signjax.errors import InputError
from signjax.pickles.write import CudaTensor, write_plain
from signjax.rng.numpy_streams import numpy_stream

_VERSION = 3  # of the motion: if it changes, the corpus is made again
_BATCH = 32  # clips per worker task


@dataclass(frozen=True)
class StringCorpus:
    """The label table whose strings are signed, and the number of signers."""

    table: str
    signers: int


def find_strings(path: str, labels: str) -> str:
    """The label table with the strings: the given one, else `data.json` in the folder, else the path itself.

    Raises:
      InputError: there is no such table.
    """
    given = Path(labels or path)
    table = given / "data.json" if given.is_dir() else given
    if (not labels and not path) or not table.is_file():
        missing = f"; there is no file {table}" if labels or path else ""
        raise InputError(
            "source synthetic_hamnosys needs HamNoSys strings: add --config.data.path=DIR (a folder with data.json) or "
            f"--config.data.labels=TABLE (with a column {HAMNOSYS_COLUMN!r}){missing}"
        )
    return str(table)


def write_corpus(folder: Path, corpus: StringCorpus, seed: int, say: Say, workers: Workers = ALONE) -> None:
    """Writes `<clip>.pkl` for each clip with a string, `labels.csv`, and `corpus.json`, which records how it was made.

    A folder that already holds this corpus is left unchanged.

    Raises:
      InputError: the folder holds something else, or the table has no strings.
    """
    folder, table_path, signers = target_of(folder), Path(corpus.table), corpus.signers
    strings = hashlib.sha256(table_path.read_bytes()).hexdigest()
    made_by = {
        "source": "synthetic_hamnosys",
        "version": _VERSION,
        "seed": seed,
        "signers": signers,
        "strings": strings,
    }
    with locks.sibling_lock(folder, say) as lock:
        if not to_write(folder, made_by, lock, say):
            return
        table = {row.name: row.labels for row in read_label_table(table_path) if row.labels.get(HAMNOSYS_COLUMN)}
        if not table:
            raise InputError(f"{table_path}: no row has a string in column {HAMNOSYS_COLUMN!r}")
        numbered = [(number, clip, labels) for number, (clip, labels) in enumerate(table.items())]
        batches = [numbered[start : start + _BATCH] for start in range(0, len(numbered), _BATCH)]
        with replacing(folder) as new:
            with (new / "labels.csv").open("w", newline="", encoding="utf-8") as file:
                writer = csv.writer(file)
                writer.writerow(("clip", "gloss", "signer", "dominant_hand", HAMNOSYS_COLUMN))
                write = functools.partial(_write_clips, new, signers, seed)
                for rows in workers.in_order(write, batches, len(numbered)):
                    writer.writerows(rows)
            write_text(new / STAMP, json.dumps(made_by))
    say(f"corpus: wrote {len(table)} clips of HamNoSys strings by {signers} signers to {folder}")


def _write_clips(
    folder: Path, signers: int, seed: int, batch: Sequence[tuple[int, str, Mapping[str, str]]]
) -> list[tuple[str, ...]]:
    """Writes clips, each given by its index in the table, its name and its labels; returns their rows of the label table."""
    people = [make_signer(index, seed) for index in range(signers)]
    rows: list[tuple[str, ...]] = []
    for number, clip, labels in batch:
        rng = numpy_stream(seed, "hamnosys_clip", number)
        signer = people[int(rng.integers(signers))]
        made = sign_plan(_plan(labels[HAMNOSYS_COLUMN]), signer, rng)
        seen = np.flatnonzero(made["left_valid"] | made["right_valid"]).astype(np.int64)
        content = {
            "left_valid": CudaTensor(made["left_valid"]),
            "right_valid": CudaTensor(made["right_valid"]),
            "total_valid_index": seen,
            "smplx": made["smplx"],
            "height": 720,
            "width": 1280,
        }
        write_plain(folder / f"{clip}.pkl", content)
        hand = "left" if signer.left_handed else "right"
        rows.append((clip, labels.get("gloss", ""), signer.name, hand, labels[HAMNOSYS_COLUMN]))
    return rows


def _plan(text: str) -> Plan | None:
    try:
        return plan(hamnosys.parse(text))
    except hamnosys.UnparsedError:
        return None

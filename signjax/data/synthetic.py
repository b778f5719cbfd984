"""The built-in corpus: the clips of synthetic signers, as files.

It is written as SignAvatars writes: one pickle a clip, hand validity as torch tensors on `cuda:0`, and a label table beside
them. So the very first run goes through the same doors as the data that users bring.
"""

import csv
import functools
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from signjax.data.signing import ATTRIBUTES, make_signer, sign_clip, vocabulary
from signjax.data.workers import ALONE, Workers
from signjax.errors import InputError
from signjax.pickles.write import CudaTensor, write_plain

Say = Callable[[str], None]


@dataclass(frozen=True)
class CorpusSize:
    """How many signs, signers, and takes of each sign by each signer."""

    signs: int
    signers: int
    takes: int


def signavatars_content(clip: dict[str, np.ndarray], rng: np.random.Generator) -> dict[str, object]:
    """The dict that SignAvatars pickles for a clip, with the hand validity on `cuda:0`."""
    smplx = clip["smplx"]
    frames = len(smplx)
    unsmooth = np.concatenate([smplx[:, :156], smplx[:, 159:169], smplx[:, 179:182]], axis=1)
    return {
        "left_valid": CudaTensor(clip["left_valid"]),
        "right_valid": CudaTensor(clip["right_valid"]),
        "total_valid_index": np.arange(frames),
        "smplx": smplx,
        "unsmooth_smplx": (unsmooth + rng.normal(0, 0.02, unsmooth.shape)).astype(np.float32),
        "bb2img_trans": np.tile(np.array([[1.4, 0, 300], [0, 1.4, 20]], np.float32), (frames, 1, 1)),
        "focal": np.full((frames, 2), 14921.8),
        "princpt": np.full((frames, 2), 620.6),
        "height": 720,
        "width": 1280,
    }


def write_corpus(folder: Path, size: CorpusSize, seed: int, say: Say, workers: Workers = ALONE) -> None:
    """Writes the corpus: `<clip>.pkl` for each clip, `labels.csv`, and `corpus.json`, which says how it was made.

    A folder that already holds this corpus is left as it is.

    Raises:
      InputError: the folder holds something else.
    """
    made_by = {"seed": seed, **asdict(size)}
    stamp = folder / "corpus.json"
    if stamp.is_file():
        if json.loads(stamp.read_text(encoding="utf-8")) == made_by:
            return
        say(f"corpus: {folder} holds a corpus of another seed or size; writing it again")
    elif folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder}: exists and is no synthetic corpus; signjax does not write into it")
    count = size.signs * size.signers * size.takes
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    with (partial / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(("clip", "gloss", "signer", *ATTRIBUTES))
        write = functools.partial(_write_signer, partial, size, seed)
        for rows in workers.in_order(write, range(size.signers), count):
            table.writerows(rows)
    (partial / "corpus.json").write_text(json.dumps(made_by), encoding="utf-8")
    if folder.exists():
        shutil.rmtree(folder)
    partial.replace(folder)
    say(f"corpus: wrote {count} clips of {size.signs} signs by {size.signers} signers to {folder}")


def _write_signer(folder: Path, size: CorpusSize, seed: int, signer_index: int) -> list[tuple[str, ...]]:
    """Writes a signer's clips; the rows of the label table."""
    signer = make_signer(signer_index, seed)
    rows = []
    for sign_index, sign in enumerate(vocabulary(size.signs)):
        for take in range(size.takes):
            name = f"{signer.name}_sign{sign_index:02d}_take{take}"
            rng = np.random.default_rng([seed, 2, signer_index, sign_index, take])
            content = signavatars_content(sign_clip(sign, signer, rng), rng)
            write_plain(folder / f"{name}.pkl", content)
            rows.append((name, sign.gloss, signer.name, *(getattr(sign, attribute) for attribute in ATTRIBUTES)))
    return rows

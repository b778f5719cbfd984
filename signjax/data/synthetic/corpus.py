"""The built-in corpus: clips of synthetic signers, as files.

It is written in the format of SignAvatars: one pickle per clip, hand validity as torch tensors on `cuda:0`, and a label table next
to them. The first run therefore uses the same code as a run on the user's own data.
"""

import csv
import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from signjax.data import locks
from signjax.data.folders import recover, replacing, settled, target_of
from signjax.data.locks import FolderLock
from signjax.data.synthetic.signing import (
    ATTRIBUTES,
    make_signer,
    sign_clip,
    vocabulary,
)
from signjax.data.text_files import write_text
from signjax.data.workers import ALONE, Workers
from signjax.errors import InputError
from signjax.pickles.write import CudaTensor, write_plain
from signjax.plans.kinds import whole
from signjax.plans.setting import setting
from signjax.rng.numpy_streams import numpy_stream

Say = Callable[[str], None]

STAMP = "corpus.json"


@dataclass(frozen=True)
class CorpusSize:
    """The number of signs, of signers, and of takes of each sign by each signer."""

    signs: int = setting(
        24,
        "Size of the vocabulary of the synthetic corpus.",
        whole(2, 1000),  # the vocabulary has 3072 signs, and drawing the last ones takes long
        unit="signs",
    )
    signers: int = setting(
        16, "Number of synthetic signers, also of source synthetic_hamnosys.", whole(3, 10_000), unit="signers"
    )  # one for each of three splits
    takes: int = setting(3, "How often each synthetic signer signs each sign.", whole(1, 1000), unit="clips")


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
    """Writes the corpus: `<clip>.pkl` for each clip, `labels.csv`, and `corpus.json`, which records how it was made.

    A folder that already holds this corpus is left unchanged.

    Raises:
      InputError: the folder holds something else.
    """
    folder, made_by = target_of(folder), {"seed": seed, **asdict(size)}
    with locks.sibling_lock(folder, say) as lock:
        if not to_write(folder, made_by, lock, say):
            return
        count = size.signs * size.signers * size.takes
        with replacing(folder) as new:
            with (new / "labels.csv").open("w", newline="", encoding="utf-8") as file:
                table = csv.writer(file)
                table.writerow(("clip", "gloss", "signer", *ATTRIBUTES))
                write = functools.partial(_write_signer, new, size, seed)
                for rows in workers.in_order(write, range(size.signers), count):
                    table.writerows(rows)
            write_text(new / STAMP, json.dumps(made_by))
    say(f"corpus: wrote {count} clips of {size.signs} signs by {size.signers} signers to {folder}")


def to_write(folder: Path, made_by: Mapping[str, Any], lock: FolderLock, say: Say) -> bool:
    """Whether the corpus must be written, because the folder does not hold it yet; if so, the lock is held.

    Raises:
      InputError: the folder holds something else, or another process is using it.
    """
    if _stamp(folder) == made_by and settled(folder):
        return False
    lock.require()
    recover(folder)
    found = _stamp(folder)
    if found == made_by:
        return False
    if found is not None:
        say(f"corpus: {folder} holds a different corpus (different seed, size, table or version); writing it again")
    elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(
            f"{folder}: it exists but is not a synthetic corpus, so signjax does not write to it. Move it, or choose another "
            "--workdir"
        )
    return True


def _stamp(folder: Path) -> Any:
    """The record of how a corpus was made; None if there is no corpus, `{}` if the record cannot be read."""
    path = folder / STAMP
    if not path.is_file():
        return None
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return {}


def _write_signer(folder: Path, size: CorpusSize, seed: int, signer_index: int) -> list[tuple[str, ...]]:
    """Writes a signer's clips; returns their rows of the label table."""
    signer = make_signer(signer_index, seed)
    rows = []
    for sign_index, sign in enumerate(vocabulary(size.signs)):
        for take in range(size.takes):
            name = f"{signer.name}_sign{sign_index:02d}_take{take}"
            rng = numpy_stream(seed, "take", signer_index, sign_index, take)
            content = signavatars_content(sign_clip(sign, signer, rng), rng)
            write_plain(folder / f"{name}.pkl", content)
            rows.append((name, sign.gloss, signer.name, *(getattr(sign, attribute) for attribute in ATTRIBUTES)))
    return rows

"""How well the signs in a stream are found and named: the test clips of a run, one after another as one recording per signer.

    python -m benchmarks.streams runs/first --json=streams.json

Two kinds of recordings are made of each signer's clips, in a random order: with rests, where the clips are as they were recorded
and the signer rests between them for half a second; and without, where idle frames are cut off. Between two clips the signer moves
evenly from the last frame of one to the first of the next. Each recording is given to `Recognizer.stream` frame by frame, which
looks for stretches of movement (no hop) or at overlapping windows.

- sign error rate: insertions, deletions and substitutions over the number of signs, in the sequence of names.
- found: share of signs with the right name at the right time: they overlap by at least half of the frames of both together.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import signjax
from benchmarks.interleaved import print_table
from benchmarks.peers.finished_run import dataset_folder
from signjax.data.dataset import Dataset, open_dataset
from signjax.evaluation.metrics import wilson_interval
from signjax.live.runs import Sign
from signjax.prediction.recognizer import Recognizer

_REST, _WAY = 12, 8  # frames: half a second at 25 frames a second, and a third


class Signed(NamedTuple):
    """A sign in a recording: its class, and its first frame and the one after its last."""

    name: str
    start: int
    stop: int


class Recorded(NamedTuple):
    """A test clip as its source has it.

    Attributes:
      frames: float32 (T, F).
      active: those that are not idle.
      name: the class.
      signer: who signs.
    """

    frames: np.ndarray
    active: slice
    name: str
    signer: str


class Recording(NamedTuple):
    """Frames (T, F) of one signer, and the signs in them."""

    frames: np.ndarray
    signs: list[Signed]


def recordings(clips: Sequence[Recorded], *, rests: bool, seed: int) -> Iterator[Recording]:
    """One recording per signer."""
    of_signer: dict[str, list[Recorded]] = defaultdict(list)
    for clip in clips:
        of_signer[clip.signer].append(clip)
    for signer in sorted(of_signer):
        order = np.random.default_rng(seed).permutation(len(of_signer[signer]))
        yield _joined([of_signer[signer][number] for number in order], rests=rests)


def _joined(clips: Sequence[Recorded], *, rests: bool) -> Recording:
    pieces: list[np.ndarray] = []
    signs, count = [], 0
    for clip, after in pairwise([*clips, clips[0]]):
        frames = clip.frames if rests else clip.frames[clip.active]
        first = after.frames[0 if rests else after.active.start]
        start = count + (clip.active.start if rests else 0)
        signs.append(Signed(clip.name, start, start + clip.active.stop - clip.active.start))
        still = [frames[-1:]] * (_REST if rests else 0)
        share = (np.arange(1, _WAY + 1) / (_WAY + 1))[:, None].astype(np.float32)
        new = [frames, *still, frames[-1] * (1 - share) + first * share]
        pieces += new
        count += sum(map(len, new))
    return Recording(np.concatenate(pieces), signs)


def distance(said: Sequence[str], signed: Sequence[str]) -> int:
    """Insertions, deletions and substitutions that turn one sequence into the other (Levenshtein, 1966)."""
    row = list(range(len(signed) + 1))
    for number, word in enumerate(said, 1):
        before, row[0] = row[0], number
        for place, other in enumerate(signed, 1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (word != other))
    return row[-1]


def is_found(sign: Signed, said: Sequence[Sign[Any]], head: str) -> bool:
    """Whether the sign has its name at its time."""
    for one in said:
        both = min(one.stop, sign.stop) - max(one.start, sign.start)
        either = max(one.stop, sign.stop) - min(one.start, sign.start)
        if one.prediction[head].name == sign.name and both >= either / 2:
            return True
    return False


def recorded(model: Recognizer, dataset: Dataset, head: str) -> list[Recorded]:
    """The labelled test clips."""
    chosen = {dataset.clips[i]["clip"]: int(i) for i in dataset.indices("test") if dataset.label(int(i), head)}
    data, built_in = model.settings.data, model.settings.data.source == "synthetic"
    path, source = (model.folder / "corpus", "signavatars") if built_in else (Path(data.path), data.source)
    found = []
    for clip in signjax.read(path, source=source, rejected=[]):
        if clip.name in chosen:
            row = dataset.clips[chosen[clip.name]]
            active = slice(int(row["trimmed_start"]), len(clip.frames) - int(row["trimmed_end"]))
            found.append(Recorded(clip.frames, active, dataset.label(chosen[clip.name], head), row["signer"]))
    return found


def measure(model: Recognizer, made: Sequence[Recording], head: str, hop: int | None, reject: float) -> dict[str, Any]:
    """The row of one way to find signs."""
    errors = found = signs = said_count = 0
    for recording in made:
        said = [one for one in model.stream(hop=hop, reject=reject).signs(recording.frames) if one.known]
        errors += distance([one.prediction[head].name for one in said], [sign.name for sign in recording.signs])
        found += sum(is_found(sign, said, head) for sign in recording.signs)
        signs, said_count = signs + len(recording.signs), said_count + len(said)
    return {
        "hop": hop,
        "reject": reject,
        "recordings": len(made),
        "signs": signs,
        "said": said_count,
        "sign_error_rate": errors / signs,
        "found": found / signs,
        "found_interval": wilson_interval(found, signs),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of a run with its data")
    parser.add_argument("--hops", type=int, nargs="+", default=[4, 8], help="frames between windows")
    parser.add_argument("--reject", type=float, default=0.05, help="share of known signs that may be rejected")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="file for the rows")
    arguments = parser.parse_args()
    model = signjax.load(arguments.run)
    dataset = open_dataset(dataset_folder(arguments.run))
    head = next(iter(model.heads))
    clips = recorded(model, dataset, head)
    rows = []
    for rests in (True, False):
        made = list(recordings(clips, rests=rests, seed=arguments.seed))
        for hop in (None, *arguments.hops):
            rows.append({"rests": rests, **measure(model, made, head, hop, arguments.reject)})
            print(json.dumps(rows[-1]), flush=True)  # it takes minutes until all are there
    print_table(
        ["rests", "signs from", "sign error rate", "found", "said", "signs"],
        [
            [
                "yes" if row["rests"] else "no",
                f"windows, hop {row['hop']}" if row["hop"] else "movement",
                f"{row['sign_error_rate']:.1%}",
                f"{row['found']:.1%} [{row['found_interval'][0]:.1%}, {row['found_interval'][1]:.1%}]",
                str(row["said"]),
                str(row["signs"]),
            ]
            for row in rows
        ],
    )
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

"""`data_card.html`: a page about the data, for a look before training.

It is drawn from the dataset folder alone, so it can be redrawn at any time.

Shapes: T frames, P parts of the layout.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any

import numpy as np

from signjax.data.cleaning.handedness import parse_mirroring
from signjax.data.cleaning.leading_hands import leading_hands, seem_swapped
from signjax.data.csv_table import read_table
from signjax.data.dataset import Dataset
from signjax.data.splits.split import SPLITS
from signjax.data.text_files import write_text
from signjax.report.figures import FIELD, MISSING, curves, draw, stick_of
from signjax.report.summary import shared
from signjax.report.template import template

CARD = "data_card.html"
_SAMPLES = 8
_BINS = 40
_CLASSES = 60
_SIGNERS = 40
_QUARANTINE_ROWS = 20
_PAIRS = 10
# The digest is near the top of a card.
_HEAD_BYTES = 4096
_DIGEST = re.compile(rb'<meta name="signjax-dataset" content="([^"]*)">')
# Rows of validity to count at a time.
_ROWS_AT_ONCE = 1 << 20


def write_data_card(dataset: Dataset, name: str, path: Path) -> None:
    """Writes the page.

    Args:
      dataset: as `open_dataset` returns it.
      name: the name of the data.
      path: the file to write.
    """
    stick = stick_of(dataset.layout)
    drawn = set(dataset.layout.part_names) if stick is None else {part for part, _ in stick.points}
    samples = []
    for index in choose_samples(dataset, _SAMPLES):
        frames, valid = dataset.frames(index), dataset.validity(index)
        clip = dataset.clips[index]
        samples.append(
            {
                "clip": clip,
                "labels": labels_of(dataset, index),
                "length": len(frames),
                "mirrored": clip["mirrored"] if _mirrored(clip) else "",
                "unseen": unseen_parts(valid, dataset.layout.part_names, drawn),
                "figure": None if stick is None else draw(frames, valid, dataset.layout, stick),
                "curves": curves(frames, dataset.mean, dataset.std) if stick is None else None,
            }
        )
    quarantine = read_table(dataset.folder / "quarantine.csv")
    lengths = dataset.lengths
    leading = leading_hands(dataset)
    html = template(CARD).render(
        name=name,
        dataset=dataset,
        warnings=dataset.info.get("warnings", ()),
        splits=SPLITS,
        lengths=histogram(lengths),
        quantiles=[int(value) for value in np.quantile(lengths, [0, 0.05, 0.5, 0.95, 1])],
        total=int(lengths.sum()),
        classes={head: class_table(dataset, head) for head in dataset.heads},
        most_classes=_CLASSES,
        signers=signer_table(dataset),
        most_signers=_SIGNERS,
        shares={column: shared(dataset, column) for column in ("group", "signer")},
        missing=missing_table(dataset),
        mirrored=Counter(parse_mirroring(clip["mirrored"]).cause for clip in dataset.clips if clip["mirrored"]),
        pairs=read_table(dataset.folder / "duplicates.csv")[:_PAIRS],
        quarantine=quarantine[:_QUARANTINE_ROWS],
        reasons=Counter(row["reason"] for row in quarantine).most_common(),
        quarantined=len(quarantine),
        samples=samples,
        leading=leading,
        swapped=dataset.layout.mirrors and seem_swapped(leading),
        stick=stick,
        field=FIELD,
        unseen=MISSING,
    )
    write_text(path, html)


def is_card_of(path: Path, digest: str) -> bool:
    """Whether a file is a data card of the dataset with this digest."""
    try:
        with path.open("rb") as file:
            found = _DIGEST.search(file.read(_HEAD_BYTES))
    except OSError:
        return False
    return found is not None and found[1] == digest.encode()


def labels_of(dataset: Dataset, index: int) -> dict[str, str]:
    """Head -> class, for the heads a clip is labelled for.

    Not read from `clips.csv`, because a head may have the same name as one of its columns.
    """
    codes = zip(dataset.heads.items(), dataset.labels[index], strict=True)
    return {head: classes[code] for (head, classes), code in codes if code >= 0}


def _mirrored(clip: Mapping[str, str]) -> bool:
    """Whether a clip, given as its row of `clips.csv`, was mirrored."""
    return parse_mirroring(clip["mirrored"]).done


def choose_samples(dataset: Dataset, count: int) -> list[int]:
    """Chooses clips of as many classes and signers as possible, including a mirrored one if there is one."""
    codes = dataset.labels[:, 0]
    classes = np.unique(codes[codes >= 0])
    chosen: list[int] = []
    for turn, code in enumerate(classes[np.linspace(0, len(classes) - 1, count).astype(int)]):
        members = [int(i) for i in np.flatnonzero(codes == code) if int(i) not in chosen]
        if members:
            chosen.append(members[turn * len(members) // count])
    reversed_clips = [i for i, clip in enumerate(dataset.clips) if _mirrored(clip)]
    if reversed_clips and chosen and not any(i in reversed_clips for i in chosen):
        chosen[-1] = reversed_clips[0]
    return chosen


def unseen_parts(valid: np.ndarray, names: Sequence[str], drawn: Set[str]) -> list[tuple[str, float]]:
    """(part, share of frames without it) for the drawn parts that are missing from some frames of a clip."""
    shares = zip(names, 1 - valid.mean(0), strict=True)
    return [(name.replace("_", " "), float(share)) for name, share in shares if name in drawn and share > 0]


def histogram(values: np.ndarray) -> list[tuple[int, int, int]]:
    """(first, last, count) of up to 40 integer bins of equal width; the last also holds the largest percent of values."""
    low, high = int(values.min()), max(int(np.quantile(values, 0.99)), int(values.min()))
    width = max(1, -(-(high - low + 1) // _BINS))
    bins = (high - low) // width + 1
    counts = np.bincount(np.minimum((values - low) // width, bins - 1), minlength=bins)
    edges = [(low + i * width, low + (i + 1) * width - 1) for i in range(bins)]
    edges[-1] = (edges[-1][0], max(edges[-1][1], int(values.max())))
    return [(first, last, int(count)) for (first, last), count in zip(edges, counts, strict=True)]


def class_table(dataset: Dataset, head: str) -> list[tuple[str, dict[str, int]]]:
    """(class, number of clips per split), the most frequent first."""
    codes = dataset.labels[:, list(dataset.heads).index(head)]
    table = np.zeros((len(dataset.heads[head]), len(SPLITS)), int)
    labelled = codes >= 0
    np.add.at(table, (codes[labelled], dataset.split[labelled].astype(int)), 1)
    rows = [
        (name, dict(zip(SPLITS, map(int, row), strict=True)))
        for name, row in zip(dataset.heads[head], table, strict=True)
    ]
    return sorted(rows, key=lambda row: (-sum(row[1].values()), row[0]))


def signer_table(dataset: Dataset) -> list[dict[str, Any]]:
    """Clips, classes of the first head and splits of each signer, the signer with the most clips first."""
    clips, classes, splits = Counter[str](), defaultdict(set), defaultdict(set)
    for clip, code in zip(dataset.clips, dataset.labels[:, 0].tolist(), strict=True):
        if clip["signer"]:
            clips[clip["signer"]] += 1
            classes[clip["signer"]].add(code)
            splits[clip["signer"]].add(clip["split"])
    return [
        {
            "signer": signer,
            "clips": count,
            "classes": len(classes[signer] - {-1}),
            "splits": ", ".join(split for split in SPLITS if split in splits[signer]),
        }
        for signer, count in sorted(clips.items(), key=lambda entry: (-entry[1], entry[0]))
    ]


def missing_table(dataset: Dataset) -> list[dict[str, Any]]:
    """For each part: the share of frames without it, and the number of clips that never or only partly show it."""
    if dataset.valid is None:
        return []
    starts, parts = dataset.offsets[:-1], len(dataset.layout.parts)
    seen = np.zeros((len(dataset), parts), np.int64)
    # A few whole clips at a time, so that memory does not grow with the data.
    first = 0
    while first < len(dataset):
        last = max(first + 1, int(np.searchsorted(dataset.offsets, starts[first] + _ROWS_AT_ONCE, "right")) - 1)
        rows = np.asarray(dataset.valid[starts[first] : dataset.offsets[last]], np.int64)
        seen[first:last] = np.add.reduceat(rows, starts[first:last] - starts[first], axis=0)
        first = last
    lengths = dataset.lengths[:, None]
    return [
        {
            "part": part.name.replace("_", " "),
            "channels": part.channels,
            "kind": part.kind,
            "share": float(1 - seen[:, i].sum() / lengths.sum()),
            "partly": int(((seen[:, i] < lengths[:, 0]) & (seen[:, i] > 0)).sum()),
            "never": int((seen[:, i] == 0).sum()),
        }
        for i, part in enumerate(dataset.layout.parts)
    ]

"""Source, labels and splits to a dataset folder, with its quarantine.

The folder is made under a temporary name and renamed when it is whole. Nothing here augments or balances: splits are made
first, and statistics come from training clips alone.
"""

import hashlib
import json
import shutil
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from signjax.data import corpora, label_modes, layouts, store
from signjax.data import labels as labels_lib
from signjax.data.clip import Clip, Rejected
from signjax.data.dataset import FORMAT_VERSION, Dataset, open_dataset
from signjax.data.feasibility import (
    FEWEST_CLIPS,
    RARE_CLASSES,
    check_classes,
    check_learnable,
    check_none_rare,
    rare_classes,
    without,
)
from signjax.data.quarantine import fault_of, write_quarantine
from signjax.data.sources import catalogue
from signjax.data.sources.item import Item, Request
from signjax.data.splits import SPLITS, Description, Rule, split_clips
from signjax.data.statistics import channel_statistics
from signjax.data.tables import write_table
from signjax.errors import InputError

Say = Callable[[str], None]


@dataclass(frozen=True)
class Recipe:
    """All that decides what a dataset folder holds; the fields are the keys of `config.data`."""

    source: str
    path: str
    labels: str
    layout: str
    label_mode: str
    heads: tuple[str, ...]
    rule: Rule
    rare_classes: str
    longest_clip: int
    corpus: corpora.Corpus
    seed: int


@dataclass
class _Row:
    """What is kept in memory of each clip that was written."""

    clip: Clip  # its arrays are dropped
    length: int
    valid_share: float
    digest: str
    blank: bool


def prepare(recipe: Recipe, folder: Path, say: Say) -> Dataset:
    """Makes the dataset folder, or opens it where the same recipe over the same files made it before.

    Raises:
      InputError: the source, the labels or the split cannot be used; nothing is left behind that looks complete.
    """
    catalogue.named(recipe.source)
    label_modes.check_mode(recipe.label_mode, recipe.heads)
    if recipe.rare_classes not in RARE_CLASSES:
        raise InputError(
            f"config.data.rare_classes must be one of {', '.join(RARE_CLASSES)}; it is {recipe.rare_classes!r}"
        )
    if not recipe.path:
        raise InputError(f"config.data.path is empty; source {recipe.source} needs --config.data.path=...")
    path = Path(recipe.path)
    if recipe.source in corpora.SOURCES:
        corpora.write_corpus(path, recipe.corpus, recipe.seed, say)
    fingerprint = _fingerprint(recipe)
    if (folder / "dataset.json").is_file():
        dataset = open_dataset(folder)
        if dataset.info["fingerprint"] == fingerprint:
            return dataset
        say(f"prepare: {folder} was made from other files or settings; making it again")
    elif folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder}: exists and is no dataset folder; signjax does not write into it")
    started = time.monotonic()
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        _write(recipe, fingerprint, partial)
        if folder.exists():
            shutil.rmtree(folder)
        partial.replace(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    dataset = open_dataset(folder)
    say(f"prepare: {len(dataset)} clips in {time.monotonic() - started:.1f} s, written to {folder}")
    return dataset


def _request(recipe: Recipe) -> Request:
    return Request(Path(recipe.path), recipe.labels, recipe.layout)


def _fingerprint(recipe: Recipe) -> str:
    """Changes whenever the recipe or the size or time of a source file does."""
    files = catalogue.named(recipe.source).source_files(_request(recipe))
    digest = hashlib.sha256(json.dumps([FORMAT_VERSION, asdict(recipe)]).encode())
    for file in files:
        try:
            stat = file.stat()
        except OSError as error:
            raise InputError(f"{file}: {error.strerror}") from error
        digest.update(f"{file}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _write(recipe: Recipe, fingerprint: str, folder: Path) -> None:
    items = catalogue.list_items(recipe.source, _request(recipe))
    items, heads = label_modes.relabel(items, recipe.label_mode, recipe.heads)
    layout, rows, rejected = _write_frames(recipe, items, heads, folder)
    rare = rare_classes([row.clip.labels for row in rows], heads)
    if recipe.rare_classes == "stop":
        check_none_rare(rare, recipe.path)
    labels = [without(row.clip.labels, rare) for row in rows]
    for row, left in zip(rows, labels, strict=True):
        if not any(head in left for head in heads):
            named = ", ".join(f"{head} {row.clip.labels[head]!r}" for head in heads if head in row.clip.labels)
            detail = f"{named}: the only clip of its class; a class needs {FEWEST_CLIPS}"
            rejected.append(Rejected(row.clip.name, row.clip.source, "rare_class", detail))
    classes = labels_lib.class_names(labels, heads)
    check_classes(classes, [row.clip.labels for row in rows], recipe.path)
    encoded = labels_lib.encode(labels, classes)
    keep = np.flatnonzero((encoded >= 0).any(1))
    offsets = _offsets(rows)
    if len(keep) < len(rows):
        for name in ("features.npy", "valid.npy"):
            if (folder / name).exists():
                store.keep_rows(folder / name, offsets, keep)
        rows, encoded = [rows[i] for i in keep], encoded[keep]
        offsets = _offsets(rows)
    description = Description(
        names=[row.clip.name for row in rows],
        classes=encoded,
        signers=[row.clip.signer for row in rows],
        groups=[row.clip.group for row in rows],
        given=[row.clip.split for row in rows],
        copies=[None if row.blank else row.digest for row in rows],
    )
    split = split_clips(description, recipe.rule)
    check_learnable(classes, encoded[split.assignment == SPLITS.index("train")])
    np.save(folder / "offsets.npy", offsets)
    np.save(folder / "labels.npy", encoded)
    mean, std = channel_statistics(folder, offsets, np.flatnonzero(split.assignment == SPLITS.index("train")), layout)
    write_table(
        folder / "clips.csv",
        ("clip", "source", "signer", "group", "split", "frames", "valid_share", *classes),
        (
            (
                row.clip.name,
                row.clip.source,
                row.clip.signer or "",
                number,
                SPLITS[part],
                row.length,
                f"{row.valid_share:.4f}",
                # From the encoded labels: a class that was left out must not reappear here.
                *(names[i] if i >= 0 else "" for names, i in zip(classes.values(), codes, strict=True)),
            )
            for row, number, part, codes in zip(rows, split.group, split.assignment, encoded, strict=True)
        ),
    )
    write_quarantine(folder / "quarantine.csv", rejected)
    digest = hashlib.sha256(split.assignment.tobytes())
    for name in ("features.npy", "offsets.npy", "labels.npy", "valid.npy"):
        if (folder / name).exists():
            digest.update(store.file_digest(folder / name).encode())
    copies = Counter(row.digest for row in rows if not row.blank)
    info = {
        "format_version": FORMAT_VERSION,
        "layout": layouts.to_store(layout),
        "heads": classes,
        "statistics": {"mean": mean.tolist(), "std": std.tolist()},
        "digest": digest.hexdigest(),
        "fingerprint": fingerprint,
        "split_rule": split.rule,
        "exact_copies": sum(count - 1 for count in copies.values()),
        "blank_clips": sum(row.blank for row in rows),
        "excluded": dict(sorted(Counter(r.reason for r in rejected).items())),
        "recipe": asdict(recipe),
    }
    (folder / "dataset.json").write_text(json.dumps(info, indent=1, ensure_ascii=False), encoding="utf-8")


def _offsets(rows: list[_Row]) -> np.ndarray:
    """int64 (N + 1): where each clip begins, and where the last ends."""
    return np.cumsum([0, *(row.length for row in rows)], dtype=np.int64)


def _write_frames(
    recipe: Recipe, items: Sequence[Item | Rejected], heads: tuple[str, ...], folder: Path
) -> tuple[layouts.Layout, list[_Row], list[Rejected]]:
    """Streams the clips into `features.npy` and `valid.npy`; returns the layout, what was written, what was not."""
    rows: list[_Row] = []
    rejected: list[Rejected] = []
    seen: dict[str, str] = {}
    layout: layouts.Layout | None = None
    features: store.RowFile | None = None
    valid: store.RowFile | None = None
    request = _request(recipe)
    try:
        for work in items:
            item = work if isinstance(work, Rejected) else catalogue.read_item(recipe.source, work)
            if isinstance(item, Rejected):
                rejected.append(item)
                continue
            if layout is None:
                layout = catalogue.layout_of(recipe.source, request, item.frames.shape[1])
                features = store.RowFile(folder / "features.npy", layout.width, np.float32)
                if item.valid is not None:
                    valid = store.RowFile(folder / "valid.npy", len(layout.parts), np.bool_)
            fault = fault_of(item, layout, recipe.longest_clip)
            if fault is None and item.name in seen:
                fault = Rejected(
                    item.name, item.source, "duplicate_name", f"{seen[item.name]} has a clip of that name too"
                )
            if fault is None and not any(head in item.labels for head in heads):
                fault = Rejected(item.name, item.source, "unlabelled", f"no label for {', '.join(heads)}")
            if fault is not None:
                rejected.append(fault)
                continue
            assert features is not None
            seen[item.name] = item.source
            features.append(item.frames)
            if valid is not None:
                valid.append(np.ones((len(item.frames), len(layout.parts)), bool) if item.valid is None else item.valid)
            # A clip in which nothing ever moves and every value is the same carries no recording that could leak.
            blank = bool((item.frames == item.frames.flat[0]).all())
            rows.append(
                _Row(
                    clip=replace(item, frames=np.empty(0), valid=None),
                    length=len(item.frames),
                    valid_share=1.0 if item.valid is None else float(item.valid.mean()),
                    digest=store.frames_digest(item),
                    blank=blank,
                )
            )
    finally:
        for file in (features, valid):
            if file is not None:
                file.__exit__(None, None, None)
    if layout is None or not rows:
        reasons = Counter(r.reason for r in rejected)
        listed = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
        example = f"; for example {rejected[0].source}: {rejected[0].detail}" if rejected else ""
        raise InputError(f"{recipe.path}: no clip can be used ({listed or 'the source is empty'}){example}")
    return layout, rows, rejected

"""Writes a dataset folder: only new files, each flushed to disk, and last the file that makes it complete."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from signjax.data import integrity
from signjax.data.clip import SPLITS
from signjax.data.csv_table import write_table
from signjax.data.dataset import CLIP_COLUMNS, FORMAT_VERSION, label_columns
from signjax.data.layout import registry as layout_registry
from signjax.data.layout.parts import ChosenLayout, Layout
from signjax.data.preparation.assemble import Assembly, Row, offsets_of
from signjax.data.preparation.plausibility import check_something_to_learn
from signjax.data.preparation.quarantine import counts, write_quarantine
from signjax.data.preparation.reading import rows as store
from signjax.data.preparation.reading.journal import Fact, stored_digest
from signjax.data.preparation.recipe import Recipe
from signjax.data.preparation.statistics import Statistics, channel_statistics
from signjax.data.text_files import write_json
from signjax.errors import InputError, first_few

_BYTES_AT_ONCE = 16 << 20


class _Reading:
    """The stored clips of a reading folder; each is checked against its digest when it is copied."""

    def __init__(self, folder: Path, facts: Sequence[Fact]):
        self.folder, self.facts = folder, facts
        self.offsets = offsets_of(facts)
        frames = int(self.offsets[-1])
        self.features, self.valid = (store.Rows(folder / f"{name}.npy", frames) for name in ("features", "valid"))
        self.outlines = store.Rows(folder / "outlines.npy", len(facts))

    def read(self, clip: int) -> tuple[np.ndarray, np.ndarray]:
        """Frames (T, F) and validity (T, P) of a clip."""
        rows = slice(self.offsets[clip], self.offsets[clip + 1])
        return self.features[rows], self.valid[rows]

    def validity(self, keep: np.ndarray) -> Iterator[np.ndarray]:
        """The validity of consecutive kept clips."""
        for clips in store.runs_of_clips(self.offsets, keep, max(1, _BYTES_AT_ONCE // self.valid.shape[1])):
            yield self.valid[self.offsets[clips[0]] : self.offsets[clips[-1] + 1]]

    def runs(self, keep: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Consecutive kept clips with their frames and validity.

        Raises:
          InputError: a clip differs from what was read.
        """
        width = self.features.shape[1] * 4 + self.valid.shape[1]
        for clips in store.runs_of_clips(self.offsets, keep, max(1, _BYTES_AT_ONCE // width)):
            start = self.offsets[clips[0]]
            rows = slice(start, self.offsets[clips[-1] + 1])
            features, valid = self.features[rows], self.valid[rows]
            outlines = self.outlines[clips[0] : clips[-1] + 1]
            for place, clip in enumerate(clips.tolist()):
                own = slice(self.offsets[clip] - start, self.offsets[clip + 1] - start)
                if stored_digest(features[own], valid[own], outlines[place]) != self.facts[clip].stored:
                    raise InputError(
                        f"{self.folder}: the frames of clip {self.facts[clip].name!r} have changed since they were read from its "
                        "file, because of a disk error or another program. Run the same command to read such clips again"
                    )
            yield clips, features, valid


def write_dataset(
    recipe: Recipe,
    fingerprint: str,
    chosen: ChosenLayout,
    layout: Layout,
    assembly: Assembly,
    warnings: Sequence[str],
    reading: Path,
    folder: Path,
) -> None:
    """Fills an empty folder.

    Args:
      recipe: the settings.
      fingerprint: a digest of everything the dataset depends on.
      chosen, layout: the layout of the frames before and after cleaning.
      assembly: the contents.
      warnings: sentences about the data as a whole.
      reading: the folder with the clips that were read; it is not changed.
      folder: the empty folder.

    Raises:
      InputError: a clip differs from what was read, or there is nothing to learn.
    """
    source, split = _Reading(reading, assembly.stored), assembly.split
    rows, facts = assembly.rows, [fact for _, fact in assembly.rows]
    offsets = offsets_of(facts)
    statistics = channel_statistics(source.read, assembly.keep[assembly.train].tolist(), layout)
    check_something_to_learn(statistics.varies, recipe.path)
    files, outliers = _write_frames(source, assembly.keep, offsets, statistics, layout, folder)
    files["offsets.npy"] = _write_array(folder / "offsets.npy", offsets)
    files["labels.npy"] = _write_array(folder / "labels.npy", assembly.encoded)
    _write_clips(folder / "clips.csv", assembly, outliers)
    _write_duplicates(folder / "duplicates.csv", assembly)
    write_quarantine(folder / "quarantine.csv", assembly.rejected)
    write_json(folder / "feasibility.json", assembly.report)
    for name in ("clips.csv", "duplicates.csv", "quarantine.csv", "feasibility.json"):
        files[name] = integrity.digest_of(folder / name)
    names = [item.name for item, _ in rows]
    info = {
        "format_version": FORMAT_VERSION,
        "layout": layout_registry.to_store(layout),
        "source_layout": layout_registry.to_store(chosen.layout),
        "source_width": chosen.layout.width,
        "layout_reason": chosen.reason,
        "heads": assembly.classes,
        "statistics": {
            "mean": statistics.mean.tolist(),
            "std": statistics.std.tolist(),
            "within": statistics.within.tolist(),
            "speed": statistics.speed.tolist(),
            "low": _finite(statistics.low),
            "high": _finite(statistics.high),
        },
        "files": files,
        "digest": integrity.content_digest(files, names, split.assignment, assembly.classes),
        "fingerprint": fingerprint,
        "split_rule": split.rule,
        "split_dealt": any(target is not None for target in split.asked),  # by chance, so that it depends on the seed
        "feasibility": assembly.report,
        "warnings": [*warnings, *assembly.doubts, *_about_outliers(outliers, rows, source, assembly.keep, statistics)],
        "exact_copies": sum(pair.kind == "exact" for pair in assembly.pairs),
        "near_duplicates": sum(pair.kind == "near" for pair in assembly.pairs),
        "blank_classes": [blank._asdict() for blank in assembly.blank],
        "blank_clips": sum(fact.blank for fact in facts),
        "outliers": {"clips": int((outliers > 0).sum()), "values": int(outliers.sum())},
        "trimmed": _total(facts, "trimmed_start", "trimmed_end"),
        "filled": _total(facts, "filled"),
        "mirrored": sum(fact.mirroring.done for fact in facts),
        "excluded": counts(assembly.rejected),
        "recipe": asdict(recipe),
    }
    write_json(folder / "dataset.json", integrity.sealed(info))


def _write_frames(
    source: _Reading, keep: np.ndarray, offsets: np.ndarray, statistics: Statistics, layout: Layout, folder: Path
) -> tuple[dict[str, str], np.ndarray]:
    """Writes `features.npy` and `valid.npy`; returns their digests and, int64 (N,), the implausible values per clip."""
    outliers = np.zeros(len(keep), np.int64)
    frames_in_all = int(offsets[-1])

    def features() -> Iterator[np.ndarray]:
        done = 0
        for clips, frames, valid in source.runs(keep):
            outside = outside_range(frames, valid, layout, statistics.low, statistics.high).sum(1)
            starts = offsets[done : done + len(clips)] - offsets[done]
            outliers[done : done + len(clips)] = np.add.reduceat(outside, starts)
            done += len(clips)
            yield frames

    shape = (frames_in_all, layout.width)
    files = {"features.npy": store.write_rows(folder / "features.npy", shape, np.dtype(np.float32), features())}
    parts = (frames_in_all, len(layout.parts))
    files["valid.npy"] = store.write_rows(folder / "valid.npy", parts, np.dtype(np.bool_), source.validity(keep))
    return files, outliers


def outside_range(
    frames: np.ndarray, valid: np.ndarray, layout: Layout, low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """bool (T, F): values that were seen and are outside the plausible range of their channel."""
    outside: np.ndarray = ((frames < low) | (frames > high)) & valid[:, layout.part_of_channel]
    return outside


def _about_outliers(
    outliers: np.ndarray, rows: Sequence[Row], source: _Reading, keep: np.ndarray, statistics: Statistics
) -> list[str]:
    """A sentence that names clips with implausible values, and the most extreme of them."""
    found = np.flatnonzero(outliers)
    if not len(found):
        return []
    worst = int(found[outliers[found].argmax()])
    frames, _ = source.read(int(keep[worst]))
    beyond = np.maximum(frames - statistics.high, statistics.low - frames)
    frame, channel = np.unravel_index(int(beyond.argmax()), beyond.shape)
    names = first_few([rows[i][0].name for i in found.tolist()])
    count = f"{outliers[worst]} {'values' if outliers[worst] > 1 else 'value'}"
    low, high = statistics.low[channel], statistics.high[channel]
    return [
        f"{len(found)} of {len(rows)} clips ({names}) have values far outside those of other clips: {rows[worst][0].name!r} has "
        f"{count}, such as {frames[frame, channel]:.4g} in frame {frame}, channel {channel}, where {low:.4g} to {high:.4g} is "
        "plausible. The model sees such values clipped to that range. Check these clips; column 'outliers' of clips.csv counts "
        "values"
    ]


def _write_array(path: Path, array: np.ndarray) -> str:
    return store.write_rows(path, array.shape, array.dtype, [array])


def _finite(values: np.ndarray) -> list[float | None]:
    """The value for JSON, which has no infinity."""
    return [float(value) if np.isfinite(value) else None for value in values]


def _write_clips(path: Path, assembly: Assembly, outliers: np.ndarray) -> None:
    classes, split = assembly.classes, assembly.split
    write_table(
        path,
        (*CLIP_COLUMNS, *label_columns(classes)),
        (
            (
                item.name,
                item.file,
                item.signer or "",
                number,
                SPLITS[part],
                fact.frames,
                f"{fact.valid_share:.4f}",
                fact.trimmed_start,
                fact.trimmed_end,
                fact.filled,
                fact.mirroring.text,
                count,
                # From the encoded labels, so that a class that was left out does not reappear here.
                *(names[i] if i >= 0 else "" for names, i in zip(classes.values(), codes, strict=True)),
            )
            for (item, fact), number, part, codes, count in zip(
                assembly.rows, split.group, split.assignment, assembly.encoded, outliers, strict=True
            )
        ),
    )


def _write_duplicates(path: Path, assembly: Assembly) -> None:
    write_table(
        path,
        ("clip", "other", "kind", "distance", "split"),
        (
            (
                assembly.rows[a][0].name,
                assembly.rows[b][0].name,
                kind,
                f"{distance:.4f}",
                SPLITS[assembly.split.assignment[a]],
            )
            for a, b, kind, distance in assembly.pairs
        ),
    )


def _total(facts: Sequence[Fact], *names: str) -> dict[str, int]:
    """The number of clips and frames that cleaning changed."""
    done = [sum(getattr(fact, name) for name in names) for fact in facts]
    return {"clips": sum(count > 0 for count in done), "frames": sum(done)}

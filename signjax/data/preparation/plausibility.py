"""Warnings about a data set as a whole: mixed units, parts that were never seen, segments given in seconds, clips without motion.

Shapes: T frames, F channels, P parts of the layout.
"""

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from signjax.data.clip import Item
from signjax.data.layout.parts import COORDINATES, Layout
from signjax.data.preparation.reading.journal import Fact
from signjax.data.tables.names import alike
from signjax.errors import InputError, first_few

_NAMED = 5
# A clip whose rotation vectors exceed a full turn more often than this is not in radians, or is damaged.
_MANY_TURNS = 0.1
# Coordinates in pixels and as shares of the picture differ by a factor of several hundred; coordinates of different cameras, builds
# and layouts in the same unit by less than ten.
_OTHER_UNIT = 20.0
# Segments usually extend to nearly the end of a recording. Seconds mistaken for frames end within its first tenth, at 10 frames/s.
_SECONDS_SHARE = 0.12


def typical_size(frames: np.ndarray, layout: Layout) -> float:
    """Median distance from 0 of a clip's coordinates (T, F) that were seen; in a generic layout, of all channels; otherwise 0."""
    chosen = [channels for part, channels in layout.runs() if part.kind in COORDINATES or layout.name == "generic"]
    if not chosen:
        return 0.0
    values = np.abs(np.concatenate([frames[:, channels].ravel() for channels in chosen]))
    values = values[np.isfinite(values) & (values > 0)]
    return float(np.median(values)) if len(values) else 0.0


def beyond_full_turn(frames: np.ndarray, layout: Layout) -> float:
    """Share of frames (T, F) in which a rotation exceeds a full turn in radians, for the joint with the largest share."""
    lengths = [
        np.linalg.norm(frames[:, channels].reshape(len(frames), -1, 3), axis=2)
        for part, channels in layout.runs()
        if part.kind == "axis_angle"
    ]
    return float((np.concatenate(lengths, axis=1) > 2 * np.pi + 1e-3).mean(0).max()) if lengths else 0.0


def doubts(items: Sequence[Item], facts: Sequence[Fact], layout: Layout) -> list[str]:
    """A sentence for each thing that looks wrong about the clips as a whole.

    Args:
      items, facts: the clips that were read and the fact about each; of rejected ones, only the segments are used.
      layout: the layout of the stored frames.
    """
    stored = [(item, fact) for item, fact in zip(items, facts, strict=True) if not fact.reason]
    found = [*_units(stored), *_segments(items, facts)]
    unseen = [name for part, name in enumerate(layout.part_names) if all(part in fact.unseen for _, fact in stored)]
    if stored and unseen:
        found.append(
            f"no clip shows {_and(unseen)}, in any frame of {len(stored)} clips. Check that the tracker's output is complete "
            "and that config.data.layout is right"
        )
    if stored and all(fact.still for _, fact in stored):
        found.append("no clip moves: all frames of each clip are the same, so a model can only distinguish postures")
    return found


def names_alike(items: Sequence[Item], heads: Sequence[str]) -> list[str]:
    """A sentence for each head whose classes, and for the signers if their names, differ only by case or spacing."""
    names = {f"classes of head {head!r}": [item.labels.get(head) for item in items] for head in heads}
    names["signers"] = [item.signer for item in items]
    found = []
    for what, given in names.items():
        groups = alike(name for name in given if name is not None)
        if groups:
            listed = "; ".join(" and ".join(map(repr, group)) for group in groups[:_NAMED])
            found.append(
                f"{what} differ only by case, width or spacing, and are treated as different: {listed}"
                f"{'; ...' if len(groups) > _NAMED else ''} ({len(groups)} in all). Use the same name if they are the same"
            )
    return found


def check_something_to_learn(varies: np.ndarray, path: str) -> None:
    """Stops if all training clips look alike.

    Args:
      varies: bool (F,), whether each channel ever changes in the training clips.
      path: the path of the source.

    Raises:
      InputError: no channel ever changes.
    """
    if not varies.any():
        raise InputError(
            f"{path}: nothing can be learned from these clips, because all frames of the training clips are identical. "
            "Check the files and config.data.layout"
        )


def _units(stored: Sequence[tuple[Item, Fact]]) -> list[str]:
    found = []
    turned = [item.name for item, fact in stored if fact.turned > _MANY_TURNS]
    if len(turned) > len(stored) * _MANY_TURNS:
        found.append(
            f"rotations exceed a full turn (2 pi) in many frames of {len(turned)} of {len(stored)} clips, for example "
            f"{turned[0]!r}. Are they in degrees? The layout expects radians"
        )
    sizes = sorted((fact.size, item.name) for item, fact in stored if fact.size > 0)
    if len(sizes) > 1:
        steps = [after[0] / before[0] for before, after in pairwise(sizes)]
        at = int(np.argmax(steps)) + 1
        if steps[at - 1] >= _OTHER_UNIT:
            small, large = sizes[:at], sizes[at:]
            fewer = min(small, large, key=len)
            found.append(
                f"the clips seem to use two units: the numbers of {len(small)} are about {_middle(small):.3g}, those of "
                f"{len(large)} about {_middle(large):.3g} (pixels and shares of the picture, or millimetres and metres?). "
                f"The smaller group is {first_few(sorted(name for _, name in fewer))}"
            )
    return found


def _segments(items: Sequence[Item], facts: Sequence[Fact]) -> list[str]:
    reached: dict[str, float] = defaultdict(float)
    for item, fact in zip(items, facts, strict=True):
        if fact.segment_end is not None and fact.file_frames:
            reached[item.file] = max(reached[item.file], fact.segment_end / fact.file_frames)
    early = [file for file, share in reached.items() if share < _SECONDS_SHARE]
    if len(early) * 2 <= len(reached):
        return []
    return [
        f"the columns 'start' and 'end' of the label table reach only the first {_SECONDS_SHARE:.0%} of {len(early)} of "
        f"{len(reached)} files, for example of {early[0]}. Are they in seconds? Frame numbers are expected (seconds times the "
        "frame rate)"
    ]


def _middle(sizes: Sequence[tuple[float, str]]) -> float:
    return float(np.median([size for size, _ in sizes]))


def _and(names: Sequence[str]) -> str:
    return " or ".join(name.replace("_", " ") for name in names)

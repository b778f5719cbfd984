"""Leakage: clips that belong together in different splits. The run stops, or leaves a copy out."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence

import numpy as np

from signjax.data.clip import SPLITS
from signjax.data.splits.duplicates import Pair
from signjax.errors import InputError

DUPLICATES = ("stop", "drop")

_NAMED = 5

# What connects clips: the noun for a set of such clips.
JOINED_BY = {"signer": "signer", "group": "group", "copies": "recording"}

Joined = Mapping[str, Sequence[Hashable | None]]


def across(pairs: Sequence[Pair], given: Sequence[str | None]) -> list[Pair]:
    """The pairs whose two clips have different prescribed splits."""
    return [pair for pair in pairs if len({given[pair.first], given[pair.second]} - {None}) == 2]


def check_none_across(pairs: Sequence[Pair], names: Sequence[str], given: Sequence[str | None], own_split: str) -> None:
    """Stops if duplicates are in different prescribed splits: what to do is the user's decision.

    Args:
      pairs: pairs of clips that are the same recording.
      names, given: the name and the prescribed split of each clip.
      own_split: the flag with which signjax splits the clips itself.

    Raises:
      InputError: some are; the message names both clips of the first few pairs.
    """
    found = across(pairs, given)
    if not found:
        return
    listed = "; ".join(
        f"{names[a]!r} in {given[a]} and {names[b]!r} in {given[b]} ({described(pair)})"
        for pair in found[:_NAMED]
        for a, b in [pair[:2]]
    )
    raise InputError(
        f"leakage: {'1 pair of clips is' if len(found) == 1 else f'{len(found):,} pairs of clips are'} the same recording but in "
        f"different splits: {listed}"
        f"{'; ...' if len(found) > _NAMED else ''}. Correct the split column, or leave the training copies out with "
        f"--config.data.duplicates=drop, or let signjax split: {own_split}",
        {"data.duplicates": "drop"},
    )


def to_drop(pairs: Sequence[Pair], given: Sequence[str | None]) -> dict[int, Pair]:
    """The clips to leave out so that no duplicates are in different splits, each with the pair that is the reason.

    Of each pair across splits, a test clip is kept rather than a validation clip, and that rather than a training clip.
    """
    order = {split: rank for rank, split in enumerate(SPLITS)}
    left_out: dict[int, Pair] = {}
    for pair in across(pairs, given):
        first, second = (order.get(given[clip] or "", len(order)) for clip in pair[:2])
        left_out.setdefault(pair.first if first < second else pair.second, pair)
    return left_out


def described(pair: Pair) -> str:
    """A pair's kind, in words."""
    return "exact copies" if pair.kind == "exact" else f"near duplicates, distance {pair.distance:.3f}"


def straddlers(assignment: np.ndarray, values: Sequence[Hashable | None]) -> list[list[int]]:
    """The clips of each value that has clips in several splits; None is not a value.

    Groups connected through a chain are in several splits only if something that connects them is.
    """
    clips: dict[Hashable, list[int]] = {}
    for clip, value in enumerate(values):
        if value is not None:
            clips.setdefault(value, []).append(clip)
    return [members for members in clips.values() if len(set(assignment[members].tolist())) > 1]


def check_no_straddle(
    names: Sequence[str], assignment: np.ndarray, joined: Joined, advice: str, accept: Mapping[str, str] | None = None
) -> None:
    """Stops the run if clips that belong together are in different splits.

    Args:
      names: the names of N clips.
      assignment: int (N,), index into `SPLITS`.
      joined: what connects clips (a key of `JOINED_BY`) -> a value for each clip.
      advice: what to do.
      accept: the settings with which a run continues.

    Raises:
      InputError: some are; the message has the number of signers, groups and recordings in several splits, and the first few.
    """
    found = {what: straddlers(assignment, values) for what, values in joined.items()}
    parts = [
        _listed(what, members, names, assignment, joined[what]) for what, members in found.items() if len(members) > 0
    ]
    if parts:
        raise InputError(f"leakage: {'. Also, '.join(parts)}. {advice}", accept)


def _listed(
    what: str,
    found: Sequence[list[int]],
    names: Sequence[str],
    assignment: np.ndarray,
    values: Sequence[Hashable | None],
) -> str:
    listed = []
    for members in found[:_NAMED]:
        first = members[0]
        other = next(clip for clip in members if assignment[clip] != assignment[first])
        counts = Counter(SPLITS[index] for index in assignment[members].tolist())
        spread = ", ".join(f"{counts[split]} {split}" for split in SPLITS if counts[split])
        clips = f"clip {names[first]!r} is in {SPLITS[assignment[first]]} and clip {names[other]!r} in {SPLITS[assignment[other]]}"
        if what == "copies":
            listed.append(f"{clips} with the same frames (exact or near duplicates)")
        else:
            listed.append(f"{what} {values[first]!r} ({spread}: {clips})")
    noun = JOINED_BY[what] + ("" if len(found) == 1 else "s")
    total = sum(map(len, found))
    more = f"; and {len(found) - _NAMED:,} more" if len(found) > _NAMED else ""
    verb = "is" if len(found) == 1 else "are"
    return f"{len(found):,} {noun} with {total:,} clips {verb} in several splits: {'; '.join(listed)}{more}"

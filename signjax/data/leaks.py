"""Duplicates across a split that the source prescribes: stop, or leave a copy out."""

from collections.abc import Sequence

from signjax.data.duplicates import Pair
from signjax.data.splits import SPLITS
from signjax.errors import InputError

DUPLICATES = ("stop", "drop")

_NAMED = 5


def across(pairs: Sequence[Pair], given: Sequence[str | None]) -> list[Pair]:
    """The pairs whose two clips are prescribed to different splits."""
    return [pair for pair in pairs if len({given[pair.first], given[pair.second]} - {None}) == 2]


def check_none_across(pairs: Sequence[Pair], names: Sequence[str], given: Sequence[str | None]) -> None:
    """Stops where duplicates lie in different prescribed splits: what to do is for the user to decide.

    Raises:
      InputError: naming both clips of the first few pairs.
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
        f"leak: {len(found)} pairs of clips are one recording but in different splits: {listed}"
        f"{'; ...' if len(found) > _NAMED else ''}. Correct the split column, or keep the training copies out with "
        "--config.data.duplicates=drop, or let signjax split: --config.data.split=stratified"
    )


def to_drop(pairs: Sequence[Pair], given: Sequence[str | None]) -> dict[int, Pair]:
    """The clips to leave out so that no duplicates lie in different splits, each with the pair that says why.

    Of each pair across splits, a clip for testing is kept rather than one for validation, and that rather than one for training.
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

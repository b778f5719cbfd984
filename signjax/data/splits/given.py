"""Splits that the source prescribes."""

from collections.abc import Callable

import numpy as np

from signjax.data.clip import SPLITS
from signjax.data.splits.groups import join_groups
from signjax.data.splits.leaks import Joined, check_no_straddle, straddlers
from signjax.data.splits.rules import (
    Description,
    Rule,
    have,
    joined,
    own_split,
    set_aside,
)
from signjax.data.splits.sizes import Split
from signjax.errors import InputError

_TRAIN, _VALID, _TEST = range(len(SPLITS))
_NAMED = 5


def given_split(clips: Description, rule: Rule, fallback: Callable[[], dict[str, str]]) -> Split:
    """The split that the source prescribes; if it has no validation clips, some are taken from training.

    Args:
      clips: descriptions of N clips.
      rule: `column`, or `auto`, which does not allow shared signers.
      fallback: the settings with which a run continues without the given split; called if there is a problem.

    Raises:
      InputError: a clip has no valid split, training or test has no clips, or clips that belong together are in several splits.
    """
    _check_words(clips)
    assignment = np.array([SPLITS.index(given) for given in clips.given if given is not None], np.int8)
    for index in (_TRAIN, _TEST):
        if not (assignment == index).any():
            accept = fallback()
            raise InputError(
                f"the given split has no clips in {SPLITS[index]}. Correct the split column, or let signjax split: "
                f"{own_split(clips)}",
                accept,
            )
    kept = joined(clips, rule)
    _check_given(clips, assignment, kept, fallback)
    asked: tuple[float | None, float | None, float | None] = (None, None, None)
    sentence = "as the source prescribes"
    if not (assignment == _VALID).any():
        train = np.flatnonzero(assignment == _TRAIN)
        group = join_groups(*kept.values())
        if len(np.unique(group[train])) < 2:
            shared = (
                {"data.split": "column"} if len(np.unique(join_groups(clips.groups, clips.copies)[train])) > 1 else {}
            )
            raise InputError(
                "the given split has no clips in valid, and its training clips form one group, so none can be set aside for "
                "validation. Provide a split with valid clips"
                + (", or let training and validation share signers with --config.data.split=column" if shared else ""),
                shared,
            )
        asked = (*set_aside(clips, group, train, rule, assignment), None)
        sentence += f"; validation is {rule.valid_fraction:.0%} of its training clips"
    signers = len({*clips.signers} - {None})
    if shared_signers := len(straddlers(assignment, clips.signers)):
        sentence += f"; {shared_signers:,} of {signers:,} signers are in several splits (seen signers)"
    unknown = sum(signer is None for signer in clips.signers)
    if signers and unknown:
        sentence += f"; {unknown:,} of {len(assignment):,} clips {have(unknown)} no signer, so whether theirs are shared is unknown"
    return Split(assignment, join_groups(*kept.values()), sentence, asked)


def _check_words(clips: Description) -> None:
    if not any(clips.given):
        raise InputError(
            "config.data.split is column, but no clip has a split. Add a column 'split' to the label table, or let signjax split: "
            f"{own_split(clips)}"
        )
    wrong: dict[str | None, list[str]] = {}
    for name, given in zip(clips.names, clips.given, strict=True):
        if given not in SPLITS:
            wrong.setdefault(given, []).append(name)
    if wrong:
        listed = [
            f"clip {names[0]!r} has {'no split' if given is None else repr(given)} ({len(names):,} in all)"
            for given, names in list(wrong.items())[:_NAMED]
        ]
        more = f"; and {len(wrong) - _NAMED:,} other values" if len(wrong) > _NAMED else ""
        raise InputError(
            f"the given split must be train, valid or test for every clip; {'; '.join(listed)}{more}. "
            f"Correct the split column, or let signjax split: {own_split(clips)}"
        )


def _check_given(
    clips: Description, assignment: np.ndarray, kept: Joined, fallback: Callable[[], dict[str, str]]
) -> None:
    """Stops if clips that belong together are in different given splits; names the settings that accept it."""
    crossing = {what for what, values in kept.items() if straddlers(assignment, values)}
    if not crossing:
        return
    advice = f"Correct the split column, or let signjax split: {own_split(clips)}"
    accept: dict[str, str] = {}
    if "group" in crossing:
        accept = fallback()
    else:
        if "signer" in crossing:
            advice += ". If signers are meant to be shared, use --config.data.split=column"
            accept["data.split"] = "column"
        if "copies" in crossing:
            advice += ". Training copies of test clips can be left out with --config.data.duplicates=drop"
            accept["data.duplicates"] = "drop"
    check_no_straddle(clips.names, assignment, kept, advice, accept)

"""Splits that cannot leak.

Clips that belong together (a signer, a recording, exact and near duplicates) form a group, and a group goes to one split as a
whole.

Shapes: N clips.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from signjax.data.groups import assign_groups, join_groups, straddling
from signjax.errors import InputError

SPLITS = ("train", "valid", "test")
RULES = ("auto", "column", "signer", "stratified", "folds", "leave_one_out")

_TRAIN, _VALID, _TEST = range(len(SPLITS))
_NAMED = 8


@dataclass(frozen=True)
class Rule:
    """How to split; the fields are keys of `config.data`, and the seed.

    Attributes:
      split: one of `RULES`.
      valid_fraction, test_fraction: shares of the clips, where the rule does not say.
      folds: into how many parts `folds` deals the clips.
      fold: which part, signer or group is tested, from 0.
      held_out: the name of the signer or group that `leave_one_out` tests; empty: number `fold` in the order of names.
      seed: of the order in which equal groups are dealt.
    """

    split: str = "auto"
    valid_fraction: float = 0.15
    test_fraction: float = 0.15
    folds: int = 5
    fold: int = 0
    held_out: str = ""
    seed: int = 0


@dataclass(frozen=True)
class Description:
    """What a split needs to know of N clips: one entry a clip in each field; None where not known.

    Attributes:
      names: clip names, for messages.
      classes: int (N,) or (N, heads), the class by each head; -1 where not labelled.
      signers, groups, given: signer, source group and prescribed split.
      copies: equal for clips that are one recording, exact or near duplicates; None for clips without any.
    """

    names: Sequence[str]
    classes: np.ndarray
    signers: Sequence[str | None]
    groups: Sequence[str | None]
    given: Sequence[str | None]
    copies: Sequence[Hashable | None]

    @property
    def signers_known(self) -> bool:
        """Whether every clip has a signer, and they are at least two."""
        return None not in self.signers and len(set(self.signers)) > 1


@dataclass(frozen=True)
class Split:
    """Which split each clip is in, and how that came about.

    Attributes:
      assignment: int8 (N,), index into `SPLITS`.
      group: int64 (N,), clips of one group share a number.
      rule: a sentence for the report.
    """

    assignment: np.ndarray
    group: np.ndarray
    rule: str


def check_no_straddle(clips: Description, assignment: np.ndarray, group: np.ndarray, advice: str) -> None:
    """Stops the run where a group has clips in two splits.

    Raises:
      InputError: naming two such clips and what joins them.
    """
    pair = straddling(assignment, group)
    if pair is None:
        return
    a, b = pair
    joined = [
        f"{what} {values[a]!r}"
        for what, values in (("signer", clips.signers), ("group", clips.groups))
        if values[a] is not None and values[a] == values[b]
    ] or ["the same frames (exact or near duplicates), here or through other clips"]
    raise InputError(
        f"leak: clip {clips.names[a]!r} is in {SPLITS[assignment[a]]} and clip {clips.names[b]!r} in {SPLITS[assignment[b]]}, "
        f"but they share {' and '.join(joined)}. {advice}"
    )


def follows_column(rule: Rule, given: Sequence[str | None]) -> bool:
    """Whether a rule takes the split that the source gives."""
    return rule.split == "column" or (rule.split == "auto" and any(split is not None for split in given))


def chosen_rule(clips: Description, rule: Rule) -> str:
    """The rule that is followed: `auto` is `column` where given, else `signer` where at least three are known, else
    `stratified`.

    Raises:
      InputError: there is no such rule.
    """
    if rule.split not in RULES:
        raise InputError(f"config.data.split must be one of {', '.join(RULES)}; it is {rule.split!r}")
    if rule.split != "auto":
        return rule.split
    if follows_column(rule, clips.given):
        return "column"
    return "signer" if clips.signers_known and len(set(clips.signers)) >= len(SPLITS) else "stratified"


def group_numbers(clips: Description, rule: Rule) -> np.ndarray:
    """int64 (N,): which clips a rule keeps on one side; those of a group share a number.

    Copies and the clips of a source's group always, those of a signer where signers are held out, or where the source's split
    must not share them (`auto`).
    """
    chosen = chosen_rule(clips, rule)
    by_signer = chosen == "signer" or (chosen in ("folds", "leave_one_out") and clips.signers_known)
    if by_signer or (chosen == "column" and rule.split == "auto"):
        return join_groups(clips.signers, clips.groups, clips.copies)
    return join_groups(clips.groups, clips.copies)


def split_clips(clips: Description, rule: Rule) -> Split:
    """Splits N clips.

    | rule | what it does |
    |---|---|
    | `column` | takes the split that the source gives; clips for validation are taken from training where it gives none |
    | `signer` | holds out whole signers |
    | `stratified` | deals groups by class and lets signers be shared |
    | `folds` | deals signers, where known, else groups, to k parts of which one is tested |
    | `leave_one_out` | tests one signer, or one group where signers are not known |

    Raises:
      InputError: an unknown rule, a rule that the data cannot follow, or a group that straddles given splits.
    """
    if rule.valid_fraction <= 0 or rule.test_fraction <= 0 or rule.valid_fraction + rule.test_fraction >= 1:
        raise InputError("config.data.valid_fraction and test_fraction must be above 0 and sum to less than 1")
    split = _RULES[chosen_rule(clips, rule)](clips, rule)
    check_no_straddle(clips, split.assignment, split.group, "This is a defect of the split; please report it")
    return split


def _by_signer(clips: Description, rule: Rule) -> Split:
    signers = {signer for signer in clips.signers if signer is not None}
    unknown = sum(signer is None for signer in clips.signers)
    if len(signers) < len(SPLITS) or unknown:
        raise InputError(
            f"config.data.split=signer needs a signer for every clip and at least {len(SPLITS)} of them; "
            f"{len(signers)} are known, {unknown} clips have none. Name them in the label table, or choose stratified"
        )
    group = group_numbers(clips, rule)
    sentence = "signers held out: nobody in validation or test was seen in training"
    return Split(_dealt(clips, group, rule), group, sentence)


def _stratified(clips: Description, rule: Rule) -> Split:
    group = group_numbers(clips, rule)
    return Split(
        _dealt(clips, group, rule), group, "stratified by class; a signer may be in several splits (seen signers)"
    )


def _dealt(clips: Description, group: np.ndarray, rule: Rule) -> np.ndarray:
    if len(np.unique(group)) < len(SPLITS):
        raise InputError(
            f"the clips form fewer than {len(SPLITS)} groups, so training, validation and test cannot be kept apart"
        )
    fractions = (1 - rule.valid_fraction - rule.test_fraction, rule.valid_fraction, rule.test_fraction)
    return assign_groups(group, clips.classes, fractions, rule.seed)


def _folds(clips: Description, rule: Rule) -> Split:
    who = "signers" if clips.signers_known else "groups"
    group = group_numbers(clips, rule)
    count = len(np.unique(group))
    if not 2 <= rule.folds <= count:
        raise InputError(
            f"config.data.folds is {rule.folds}; it must be from 2 to {count}, the number of {who} that can be kept apart"
        )
    if not 0 <= rule.fold < rule.folds:
        raise InputError(f"config.data.fold is {rule.fold}; it must be from 0 to {rule.folds - 1}, folds count from 0")
    part = assign_groups(group, clips.classes, [1 / rule.folds] * rule.folds, rule.seed)
    sentence = f"fold {rule.fold} of {rule.folds} is tested; whole {who} are dealt to folds"
    return _tested(clips, group, part == rule.fold, rule, sentence)


def _leave_one_out(clips: Description, rule: Rule) -> Split:
    named = clips.signers if clips.signers_known else clips.groups
    what = "signer" if clips.signers_known else "group"
    names = sorted({name for name in named if name is not None})
    if len(names) < len(SPLITS) or None in named:
        raise InputError(
            f"config.data.split=leave_one_out needs a signer, or else a group, for every clip and at least {len(SPLITS)} of them; "
            f"{len(names)} are known, {sum(name is None for name in named)} clips have none. Name them in the label table"
        )
    listed = ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
    if rule.held_out and rule.held_out not in names:
        raise InputError(f"config.data.held_out is {rule.held_out!r}; the {what}s are {listed}")
    if not rule.held_out and not 0 <= rule.fold < len(names):
        raise InputError(
            f"config.data.fold is {rule.fold}; it must be from 0 to {len(names) - 1}: the {what}s are {listed}"
        )
    tested = rule.held_out or names[rule.fold]
    group = group_numbers(clips, rule)
    # What is joined to the one who is tested, by a shared recording, is tested with them.
    test = np.isin(group, group[np.array([name == tested for name in named])])
    return _tested(clips, group, test, rule, f"{what} {tested!r} is tested and was not seen in training")


def _tested(clips: Description, group: np.ndarray, test: np.ndarray, rule: Rule, sentence: str) -> Split:
    """The split with these test clips; whole groups of the others go to validation."""
    rest = np.flatnonzero(~test)
    if len(np.unique(group[rest])) < 2:
        raise InputError(f"{sentence}: the other clips form one group, so none can be set aside for validation")
    assignment = np.full(len(test), _TEST, np.int8)
    shares = (1 - rule.valid_fraction, rule.valid_fraction)
    assignment[rest] = assign_groups(group[rest], clips.classes[rest], shares, rule.seed)
    return Split(assignment, group, sentence)


def _given_split(clips: Description, rule: Rule) -> Split:
    wrong = [(name, given) for name, given in zip(clips.names, clips.given, strict=True) if given not in SPLITS]
    if wrong:
        name, given = wrong[0]
        came = "no split" if given is None else repr(given)
        raise InputError(
            f"config.data.split=column needs train, valid or test for every clip; clip {name!r} has {came} ({len(wrong)} in all)"
        )
    assignment = np.array([SPLITS.index(given) for given in clips.given if given is not None], np.int8)
    for index in (_TRAIN, _TEST):
        if not (assignment == index).any():
            raise InputError(f"the given split has no clip in {SPLITS[index]}; choose another --config.data.split")
    group = group_numbers(clips, rule)
    advice = "Correct the split column, or let signjax split: --config.data.split=stratified"
    if rule.split == "auto":
        advice += ". If signers are meant to be shared, say --config.data.split=column"
    check_no_straddle(clips, assignment, group, advice)
    sentence = "as the source prescribes"
    if not (assignment == _VALID).any():
        train = np.flatnonzero(assignment == _TRAIN)
        shares = (1 - rule.valid_fraction, rule.valid_fraction)
        assignment[train] = assign_groups(group[train], clips.classes[train], shares, rule.seed)
        sentence += f"; validation is {rule.valid_fraction:.0%} of its training clips"
    return Split(assignment, group, sentence)


_RULES = {
    "column": _given_split,
    "signer": _by_signer,
    "stratified": _stratified,
    "folds": _folds,
    "leave_one_out": _leave_one_out,
}

"""Splits without leakage.

Clips that belong together (a signer, a recording, exact and near duplicates) form a group, and every group is in one split.

Shapes: N clips.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from signjax.data.clip import SPLITS
from signjax.data.splits.dealing import assign_groups
from signjax.data.splits.given import given_split
from signjax.data.splits.leaks import check_no_straddle
from signjax.data.splits.rules import (
    RULES,
    Description,
    Rule,
    be,
    chosen_rule,
    follows_column,
    group_numbers,
    have,
    joined,
    own_split,
    set_aside,
    why_not_by_signer,
)
from signjax.data.splits.sizes import (
    Split,
    size_doubts,
    untestable,
)
from signjax.errors import InputError

__all__ = [
    "RULES",
    "SPLITS",
    "Description",
    "Rule",
    "Split",
    "accepts",
    "assign_groups",
    "follows_column",
    "group_numbers",
    "own_split",
    "size_doubts",
    "split_clips",
]

_TRAIN, _VALID, _TEST = range(len(SPLITS))
_NAMED = 5


def split_clips(clips: Description, rule: Rule) -> Split:
    """Splits N clips.

    | rule | what it does |
    |---|---|
    | `column` | uses the split that the source prescribes; validation clips are taken from training if it has none |
    | `signer` | holds out whole signers |
    | `stratified` | distributes groups by class; signers may be shared |
    | `folds` | distributes signers, or groups if signers are not known, over k folds, of which one is tested |
    | `leave_one_out` | tests one signer, or one group if signers are not known |

    Raises:
      InputError: an unknown rule, a rule that cannot be applied to the data, a group in several given splits, or a validation or
        test split that would be too small to measure anything.
    """
    if rule.valid_fraction <= 0 or rule.test_fraction <= 0 or rule.valid_fraction + rule.test_fraction >= 1:
        raise InputError(
            "config.data.valid_fraction and test_fraction must be greater than 0, and their sum must be less than 1"
        )
    chosen = chosen_rule(clips, rule)
    split = _RULES[chosen](clips, rule)
    if "signer" in joined(clips, rule) and len(np.unique(split.group)) == len(set(clips.signers)):
        split = replace(split, group_noun="signer")
    advice = "This is a bug in signjax; please report it"
    check_no_straddle(clips.names, split.assignment, joined(clips, rule), advice)
    labels = clips.classes.reshape(len(clips.names), -1)
    if chosen != "column" and (problem := untestable(split, labels)):
        accept = accepts(clips, rule)
        raise InputError(f"a model cannot be tested on these data: {problem}. {_more(split, rule, accept)}", accept)
    if chosen != "column" and any(given is not None for given in clips.given):
        split = replace(split, rule=f"{split.rule}; the split that the source prescribes is not used")
    return split


def accepts(clips: Description, rule: Rule, others: Sequence[str] = ("stratified",)) -> dict[str, str]:
    """The setting for the first of other rules that can split the clips, with every class in training; empty if none can."""
    for other in others:
        if chosen_rule(clips, rule) != other and _can_split(clips, replace(rule, split=other)):
            return {"data.split": other}
    return {}


def _can_split(clips: Description, rule: Rule) -> bool:
    try:
        split = split_clips(clips, rule)
    except InputError:
        return False
    columns = clips.classes.reshape(len(clips.names), -1).T
    return not any(np.setdiff1d(column, [-1, *column[split.assignment == _TRAIN]]).size for column in columns)


def _or_stratified(accept: dict[str, str]) -> str:
    return ", or choose --config.data.split=stratified (signers may be shared)" if accept else ""


def _more(split: Split, rule: Rule, accept: dict[str, str]) -> str:
    """What to do about splits that are too small to test."""
    ways = ["Add clips"]
    if len(np.unique(split.group)) < len(split.group):
        ways.append("use finer signers or groups")
    if accept:
        ways.append("let signers be shared with --config.data.split=stratified")
    fewer = "use fewer --config.data.folds"
    more = "request larger splits with --config.data.valid_fraction and --config.data.test_fraction"
    ways.append(fewer if rule.split == "folds" else more)
    return ", ".join(ways[:-1]) + f", or {ways[-1]}"


def _by_signer(clips: Description, rule: Rule) -> Split:
    signers = {signer for signer in clips.signers if signer is not None}
    unknown = sum(signer is None for signer in clips.signers)
    if len(signers) < len(SPLITS) or unknown:
        accept = accepts(clips, rule)
        found = f"{len(signers)} {be(len(signers))} known, and {unknown:,} of {len(clips.names):,} clips {have(unknown)} none"
        raise InputError(
            f"config.data.split=signer needs a signer for every clip and at least {len(SPLITS)} of them; "
            f"{found if signers else 'no clip has one'}. Name them in a column 'signer' of the label table{_or_stratified(accept)}",
            accept,
        )
    sentence = "signers held out: no signer in validation or test was seen in training"
    group = group_numbers(clips, rule)
    groups = len(np.unique(group))
    if groups < len(signers):
        sentence += f"; the {len(signers)} signers form {groups} groups, connected by shared groups or copies"
    return _dealt(clips, group, rule, sentence)


def _stratified(clips: Description, rule: Rule) -> Split:
    sentence = "stratified by class; a signer may be in several splits (seen signers)"
    if rule.split == "auto":
        sentence += f": {why_not_by_signer(clips, len(SPLITS))}"
    return _dealt(clips, group_numbers(clips, rule), rule, sentence)


def _dealt(clips: Description, group: np.ndarray, rule: Rule, sentence: str) -> Split:
    groups = len(np.unique(group))
    if groups < len(SPLITS):
        accept = accepts(clips, rule)
        raise InputError(
            f"the {len(group)} clips form {groups} {'group' if groups == 1 else 'groups'} of clips that belong together, but "
            "training, validation and test each need at least one group. Add clips of other signers or groups"
            f"{_or_stratified(accept)}",
            accept,
        )
    fractions = (1 - rule.valid_fraction - rule.test_fraction, rule.valid_fraction, rule.test_fraction)
    assignment = assign_groups(group, clips.classes, fractions, rule.seed).astype(np.int8)
    train, valid, test = (fraction * len(group) for fraction in fractions)
    return Split(assignment, group, sentence, (train, valid, test))


def _folds(clips: Description, rule: Rule) -> Split:
    who = "signers" if clips.signers_known else "groups"
    group = group_numbers(clips, rule)
    count = len(np.unique(group))
    if not 2 <= rule.folds <= count:
        raise InputError(
            f"config.data.folds is {rule.folds}; it must be from 2 to {count}, the number of separate {who}"
        )
    if not 0 <= rule.fold < rule.folds:
        raise InputError(
            f"config.data.fold is {rule.fold}; it must be from 0 to {rule.folds - 1}: folds are counted from 0"
        )
    part = assign_groups(group, clips.classes, [1 / rule.folds] * rule.folds, rule.seed, folds=True)
    sentence = f"fold {rule.fold} of {rule.folds} is tested; whole {who} are assigned to folds"
    if not clips.signers_known:
        sentence += f": {why_not_by_signer(clips, 2)}"
    return _tested(clips, group, part == rule.fold, rule, sentence, len(group) / rule.folds)


def _leave_one_out(clips: Description, rule: Rule) -> Split:
    named = clips.signers if clips.signers_known else clips.groups
    what = "signer" if clips.signers_known else "group"
    names = sorted({name for name in named if name is not None})
    if len(names) < len(SPLITS) or None in named:
        accept = accepts(clips, rule)
        raise InputError(
            f"config.data.split=leave_one_out needs a signer, or else a group, for every clip and at least {len(SPLITS)} of them; "
            f"{_known(clips.signers, 'signer')}; {_known(clips.groups, 'group')}. "
            f"Name them in a column 'signer' or 'group' of the label table{_or_stratified(accept)}",
            accept,
        )
    listed = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
    if rule.held_out and rule.held_out not in names:
        raise InputError(f"config.data.held_out is {rule.held_out!r}; the {what}s are {listed}")
    if not rule.held_out and not 0 <= rule.fold < len(names):
        raise InputError(
            f"config.data.fold is {rule.fold}; it must be from 0 to {len(names) - 1}: the {what}s are {listed}"
        )
    tested = rule.held_out or names[rule.fold]
    group = group_numbers(clips, rule)
    own = np.array([name == tested for name in named])
    # Clips that a shared recording connects to the tested signer are tested, too.
    test = np.isin(group, group[own])
    sentence = f"{what} {tested!r} is tested and was not seen in training"
    if extra := int(test.sum() - own.sum()):
        sentence += (
            f", nor were {extra:,} clips of others, which are connected to it by groups or copies and are tested, too"
        )
    if not clips.signers_known:
        sentence += f"; {why_not_by_signer(clips, 2)}"
    return _tested(clips, group, test, rule, sentence, None)


def _known(named: Sequence[str | None], what: str) -> str:
    none, known = sum(name is None for name in named), len({*named} - {None})
    if not known:
        return f"no clip has a {what}"
    return f"{known} {what}{'' if known == 1 else 's'} {be(known)} known, and {none:,} of {len(named):,} clips {have(none)} none"


def _tested(
    clips: Description, group: np.ndarray, test: np.ndarray, rule: Rule, sentence: str, asked: float | None
) -> Split:
    """The split with these test clips; whole groups of the other clips go to validation."""
    rest = np.flatnonzero(~test)
    if len(np.unique(group[rest])) < 2:
        accept = accepts(clips, rule)
        raise InputError(
            f"{sentence}: the other clips form one group, so none can be set aside for validation. "
            f"Add clips of other signers or groups{_or_stratified(accept)}",
            accept,
        )
    assignment = np.full(len(test), _TEST, np.int8)
    train, valid = set_aside(clips, group, rest, rule, assignment)
    return Split(assignment, group, sentence, (train, valid, asked))


_RULES = {
    "column": lambda clips, rule: given_split(clips, rule, lambda: accepts(clips, rule, ("signer", "stratified"))),
    "signer": _by_signer,
    "stratified": _stratified,
    "folds": _folds,
    "leave_one_out": _leave_one_out,
}

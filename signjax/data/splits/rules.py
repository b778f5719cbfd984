"""The rules by which clips can be split, and what they need to know about the clips.

Shapes: N clips.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from signjax.data.clip import SPLITS
from signjax.data.splits.dealing import assign_groups
from signjax.data.splits.groups import join_groups
from signjax.data.splits.leaks import Joined
from signjax.errors import InputError
from signjax.plans.kinds import number, one_of, text, whole
from signjax.plans.run import RunSettings
from signjax.plans.setting import setting

RULES = ("auto", "column", "signer", "stratified", "folds", "leave_one_out")

_FRACTION = number(0, 1, above=True, below=True)


@dataclass(frozen=True)
class Rule:
    """How to split; the fields are keys of `config.data`, and the seed that orders equal groups."""

    split: str = setting(
        "auto",
        "How clips are split into training, validation and test: column (as the source of the clips or the label table says), "
        "signer (whole signers are held out), stratified (by class; signers may be shared), folds (signers or groups are "
        "distributed over data.folds parts) or leave_one_out (one signer or group is tested). A group is a set of clips that must "
        "stay in one split, such as those cut from one recording.",
        one_of(RULES),
        automatic="the first of column, signer and stratified that the data allow",
    )
    valid_fraction: float = setting(
        0.15,
        "Fraction of the clips for validation, by which the checkpoint is chosen. "
        "Without effect where the source gives a validation split.",
        _FRACTION,
    )
    test_fraction: float = setting(
        0.15,
        "Fraction of the clips for the test split, which is read once, at the end. "
        "Without effect where the source gives a test split.",
        _FRACTION,
    )
    folds: int = setting(5, "Number of parts of split folds.", whole(2, 1000))  # each fold is a training run
    fold: int = setting(
        0,
        "Which part is tested in split folds, or which signer or group, ordered by name, in leave_one_out; counted from 0.",
        whole(0, 100_000),
    )
    held_out: str = setting(
        "",
        "Name of the signer or group that split leave_one_out tests.",
        text("a name"),
        automatic="the one whose number is data.fold",
    )
    seed: int = RunSettings.seed


@dataclass(frozen=True)
class Description:
    """What a split needs to know about N clips: one entry per clip in each field; None if it is not known.

    Attributes:
      names: clip names, for messages.
      classes: int (N,) or (N, heads), the class for each head; -1 = not labelled.
      signers, groups, given: signer, source group and prescribed split.
      copies: equal for clips that are the same recording, exact or near duplicates; None for clips without duplicates.
    """

    names: Sequence[str]
    classes: np.ndarray
    signers: Sequence[str | None]
    groups: Sequence[str | None]
    given: Sequence[str | None]
    copies: Sequence[Hashable | None]

    @property
    def signers_known(self) -> bool:
        """Whether every clip has a signer and there are at least two signers."""
        return None not in self.signers and len(set(self.signers)) > 1


def follows_column(rule: Rule, given: Sequence[str | None]) -> bool:
    """Whether a rule uses the split that the source prescribes."""
    return rule.split == "column" or (rule.split == "auto" and any(split is not None for split in given))


def chosen_rule(clips: Description, rule: Rule) -> str:
    """The effective rule: `auto` means `column` if a split is given, else `signer` if at least three signers are known, else
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
    """int64 (N,): the groups of clips that a rule keeps on one side; clips of one group share a number.

    Copies, and clips of the same source group, always stay together; clips of the same signer do if signers are held out, or if
    the source's split must not share them (`auto`).
    """
    return join_groups(*joined(clips, rule).values())


def joined(clips: Description, rule: Rule) -> Joined:
    """What connects clips under a rule (a key of `leaks.JOINED_BY`) -> a value for each clip."""
    chosen = chosen_rule(clips, rule)
    by_signer = chosen == "signer" or (chosen in ("folds", "leave_one_out") and clips.signers_known)
    always: dict[str, Sequence[Hashable | None]] = {"group": clips.groups, "copies": clips.copies}
    if by_signer or (chosen == "column" and rule.split == "auto"):
        return {"signer": clips.signers, **always}
    return always


def own_split(clips: Description) -> str:
    """The flag with which signjax splits the clips itself, for messages."""
    if clips.signers_known and len(set(clips.signers)) >= len(SPLITS):
        return "--config.data.split=signer (whole signers are held out) or stratified (signers are shared)"
    return "--config.data.split=stratified"


def why_not_by_signer(clips: Description, fewest: int) -> str:
    """Why signers are not held out although they would be if they were known."""
    unknown = sum(signer is None for signer in clips.signers)
    signers = len({signer for signer in clips.signers if signer is not None})
    if not signers:
        return "no signers are known"
    if unknown:
        return f"{unknown:,} of {len(clips.names):,} clips {have(unknown)} no signer, so signers could not be held out"
    return f"{signers} {'signer' if signers == 1 else 'signers'} {be(signers)} known, and holding signers out requires {fewest}"


def be(count: int) -> str:
    """The verb that agrees with the count."""
    return "is" if count == 1 else "are"


def have(count: int) -> str:
    """The verb that agrees with the count."""
    return "has" if count == 1 else "have"


def set_aside(
    clips: Description, group: np.ndarray, rest: np.ndarray, rule: Rule, assignment: np.ndarray
) -> tuple[float, float]:
    """Assigns the clips with these indices to training and validation; returns the target size of each."""
    shares = (1 - rule.valid_fraction, rule.valid_fraction)
    assignment[rest] = assign_groups(group[rest], clips.classes[rest], shares, rule.seed)
    return shares[0] * len(rest), shares[1] * len(rest)

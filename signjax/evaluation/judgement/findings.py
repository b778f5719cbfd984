"""The rules by which a run is judged, each a pure function of the numbers; docs/report.md states them in words.

Shares and accuracies are fractions of 1. A difference exactly at the limit of a rule is not a finding.
"""

from collections.abc import Callable
from itertools import count

from signjax.data.cleaning.leading_hands import leading_hands, seem_swapped
from signjax.data.dataset import Dataset
from signjax.data.visible import clips, shortened, visible
from signjax.evaluation.baselines import NAMES
from signjax.evaluation.judgement.finding import Finding, percent
from signjax.evaluation.judgement.fit_findings import overfit, weak_network, wrong_confidence
from signjax.evaluation.judgement.numbers import HeadNumbers
from signjax.evaluation.metrics import wilson_interval
from signjax.evaluation.result_lines import tells_nothing

# Points between the ends of the interval, and between a signer and the others.
WIDE, SIGNER_GAP = 0.20, 0.20
# With fewer test clips, a signer or a class is not judged.
FEWEST_OF_SIGNER, FEWEST_OF_CLASS = 5, 3
_NAMED = 5
_LONGEST_NAME = 24
_SPLIT_NAMES = {"test": "test", "valid": "validation"}


def findings_of(numbers: HeadNumbers) -> list[Finding]:
    """What there is to say about a head, the most serious first."""
    rules: tuple[Callable[[HeadNumbers], Finding | None], ...] = (
        too_few_clips,
        below_baseline,
        wide_interval,
        weak_signer,
        never_predicted,
        weak_network,
        overfit,
        wrong_confidence,
        not_validated,
    )
    found = (rule(numbers) for rule in rules)
    return [finding for finding in found if finding is not None]


def too_few_clips(numbers: HeadNumbers) -> Finding | None:
    """Fewer than 10 labelled test clips, or an interval wider than 40 points."""
    test = numbers.scores["test"]
    if not test["clips"]:
        return Finding(
            "too_few_clips",
            "No test clip has a label",
            "Without labelled test clips, the accuracy is not known.",
            "Label test clips, or choose another --config.data.split.",
            True,
            numbers.head,
        )
    if not tells_nothing(test):
        return None
    low, high = test["top1_interval"]
    return Finding(
        "too_few_clips",
        f"Too few test clips to tell: {clips(test['clips'])}",
        f"With {clips(test['clips'])}, the true accuracy may lie anywhere between {percent(low)} and {percent(high)}.",
        f"{_enough(test['top1'])} Or test each part of the data in turn with --config.data.split=folds.",
        True,
        numbers.head,
    )


def _enough(top1: float) -> str:
    """How many test clips would make the interval narrow enough."""
    needed = next(n for n in count(1) if _width(wilson_interval(top1 * n, n)) <= WIDE)
    return f"At this accuracy, {needed} test clips give an interval of {100 * WIDE:.0f} points."


def _width(interval: tuple[float, float]) -> float:
    return round(interval[1] - interval[0], 9)


def below_baseline(numbers: HeadNumbers) -> Finding | None:
    """A baseline that learned from the same clips has a higher top-1, on test clips or on validation clips.

    It weakens the result unless it is on validation clips alone, and these are too few or the difference may be chance.
    """
    beaten = {
        split: [name for name in NAMES if numbers.baselines[split][name] > numbers.scores[split]["top1"]]
        for split in _SPLIT_NAMES
        if numbers.scores[split]["clips"]
    }
    beaten = {split: names for split, names in beaten.items() if names}
    if not beaten:
        return None
    best = [NAMES[name] for name in NAMES if any(name in names for names in beaten.values())]
    beyond_chance = [
        split
        for split, names in beaten.items()
        if any(numbers.baselines[split][name] > numbers.scores[split]["top1_interval"][1] for name in names)
    ]
    by_chance = not beyond_chance
    told = "; ".join(
        f"on {_SPLIT_NAMES[split]} ({clips(numbers.scores[split]['clips'])}), top-1 is {percent(numbers.scores[split]['top1'])} "
        "and that of " + ", ".join(f"the {NAMES[name]} {percent(numbers.baselines[split][name])}" for name in names)
        for split, names in beaten.items()
    )
    doubt = " The difference lies within the interval, so it may be chance." if by_chance else ""
    fixed_alone = best == [NAMES["random_convolution"]]
    listed = " and ".join([*filter(None, [", ".join(best[:-1])]), best[-1]])
    return Finding(
        "below_baseline",
        f"Below the {listed}{', perhaps by chance' if by_chance else ''}",
        f"{told[0].upper()}{told[1:]}.{doubt}",
        "Look at the loss curve: if it is still falling, train longer."
        + (
            " If it is not, there may be too few clips for a network."
            if fixed_alone
            else " If it is not, look at the data card: does each figure show the sign in its label? Then check config.data.layout."
        ),
        "test" in beaten or ("valid" in beyond_chance and not tells_nothing(numbers.scores["valid"])),
        numbers.head,
    )


def wide_interval(numbers: HeadNumbers) -> Finding | None:
    """The 95 % interval of top-1 is wider than 20 points, though there are enough clips to tell anything."""
    test = numbers.scores["test"]
    if not test["clips"] or tells_nothing(test):
        return None
    low, high = test["top1_interval"]
    if _width((low, high)) <= WIDE:
        return None
    return Finding(
        "wide_interval",
        f"An interval of {100 * (high - low):.0f} points: the accuracy is uncertain",
        f"With {clips(test['clips'])}, if they are independent, the true accuracy lies between {percent(low)} and {percent(high)}.",
        f"{_enough(test['top1'])} Until then, small differences between runs mean nothing.",
        True,
        numbers.head,
    )


def weak_signer(numbers: HeadNumbers) -> Finding | None:
    """The weakest signer: more than 20 points below all others together, and with an interval that ends below their accuracy."""
    clips_of_all = sum(own.clips for own in numbers.signers.values())
    right_of_all = sum(own.right for own in numbers.signers.values())
    for signer, own in sorted(numbers.signers.items(), key=lambda entry: entry[1].right / entry[1].clips):
        others = clips_of_all - own.clips
        if min(own.clips, others) < FEWEST_OF_SIGNER:
            continue
        top1, theirs = own.right / own.clips, (right_of_all - own.right) / others
        if round(theirs - top1, 9) <= SIGNER_GAP or wilson_interval(own.right, own.clips)[1] >= theirs:
            continue
        name = _short(signer)
        return Finding(
            "weak_signer",
            f"Signer {name} is far below the others",
            f"Of signer {name}, {own.right} of {clips(own.clips)} are right ({percent(top1)}); of the others, {percent(theirs)}.",
            "Compare this signer's clips with others on the data card: another camera, frame rate, leading hand, or other labels? "
            "If they are in order, train on more signers.",
            True,
            numbers.head,
        )
    return None


def never_predicted(numbers: HeadNumbers) -> Finding | None:
    """Classes with at least 3 test clips that no test clip was given."""
    never = [
        (name, seen) for name, seen in numbers.classes.items() if seen.clips >= FEWEST_OF_CLASS and not seen.predicted
    ]
    if not never:
        return None
    never.sort(key=lambda entry: -entry[1].clips)
    told = ", ".join(
        f"{_short(name)} ({clips(seen.clips)}, most often taken for {_short(seen.mistaken_for)})"
        for name, seen in never[:_NAMED]
    )
    more = len(never) - _NAMED
    return Finding(
        "never_predicted",
        f"Class {_short(never[0][0])} is never predicted"
        if len(never) == 1
        else f"{len(never)} classes are never predicted",
        f"{told}{f', and {more} more' if more > 0 else ''}.",
        "Compare their clips with those of the class they are taken for: are the labels right, are both signs the same, do "
        "they have far fewer training clips than others?",
        True,
        numbers.head,
    )


def not_validated(numbers: HeadNumbers) -> Finding | None:
    """No validation clip is labelled."""
    if numbers.scores["valid"]["clips"]:
        return None
    return Finding(
        "not_validated",
        "No validation clip has a label",
        "Whether the model beats its baselines, how long to train and how to fuse could not be measured on held-out clips.",
        "Choose another --config.data.split, or label validation clips.",
        False,
        numbers.head,
    )


def of_the_data(dataset: Dataset) -> list[Finding]:
    """What there is to say about all heads."""
    leading = leading_hands(dataset) if dataset.layout.mirrors else {}
    return [hands_swapped(leading["left"], leading["right"])] if seem_swapped(leading) else []


def hands_swapped(left: int, right: int) -> Finding:
    """What to say where left and right hands seem swapped: the measured clips in which each clearly moves more."""
    return Finding(
        "hands_swapped",
        "Left and right hands may be swapped",
        f"Of the measured clips, the left hand moves clearly more than the right in {left}, and the right hand in {right}. Most "
        "people are right-handed.",
        "Look at the figures on the data card: the signer's left hand must be on the right of the picture. If it is not, the "
        "columns were swapped or the videos mirrored. If the signers are left-handed, set config.data.handedness=detect.",
        False,
    )


def _short(name: str) -> str:
    return shortened(visible(name), _LONGEST_NAME)

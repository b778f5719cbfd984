"""Rules on how the network fits: beside the classifier it is fused with, on training clips, and in its probabilities.

None of them weakens a result: its accuracy is what it is. A difference exactly at the limit of a rule is not a finding.
"""

from collections.abc import Mapping

from signjax.evaluation.judgement.finding import Finding, percent
from signjax.evaluation.judgement.numbers import HeadNumbers
from signjax.evaluation.result_lines import tells_nothing

# Points between training and validation, and between mean confidence and accuracy.
OVERFIT_GAP, CONFIDENCE_GAP = 0.20, 0.05


def weak_network(numbers: HeadNumbers) -> Finding | None:
    """Answers are fused, and the interval of the network alone ends below the random-convolution classifier it is fused with."""
    alone = numbers.network
    if not alone.get("clips"):
        return None
    other = numbers.baselines["test"]["random_convolution"]
    if alone["top1_interval"][1] >= other:
        return None
    return Finding(
        "weak_network",
        "The network adds little to the random convolution",
        f"Alone, the network is right in {percent(alone['top1'])} of test clips, and the random-convolution classifier that it is "
        f"fused with in {percent(other)}.",
        "Look at the loss curve: if it is still falling, train longer. If it is not, raise model.filters and model.units, or "
        "collect more clips.",
        False,
        numbers.head,
    )


def overfit(numbers: HeadNumbers) -> Finding | None:
    """Training accuracy is more than 20 points above that of enough validation clips, in the same epoch."""
    learned, held_out = numbers.training_top1, numbers.validation_top1
    valid = numbers.scores["valid"]
    if learned is None or held_out is None or not valid["clips"] or tells_nothing(valid):
        return None
    if round(learned - held_out, 9) <= OVERFIT_GAP:
        return None
    return Finding(
        "overfit",
        f"Training is {100 * (learned - held_out):.0f} points above validation",
        f"In the selected epoch, the network is right in {percent(learned)} of training clips and {percent(held_out)} of "
        "validation clips: it has learned the training clips rather than the signs.",
        "More clips and more signers help most. Else raise model.dropout, train.weight_decay or the augment settings, or make "
        "model.filters and model.units smaller.",
        False,
        numbers.head,
    )


def wrong_confidence(numbers: HeadNumbers) -> Finding | None:
    """Mean confidence is more than 5 points from the accuracy on test clips, and outside its interval."""
    test = numbers.scores["test"]
    if not test["clips"] or tells_nothing(test):
        return None
    gap = round(test["mean_confidence"] - test["top1"], 9)
    low, high = test["top1_interval"]
    if abs(gap) <= CONFIDENCE_GAP or low <= test["mean_confidence"] <= high:
        return None
    return Finding(
        "wrong_confidence",
        f"Probabilities are too {'high' if gap > 0 else 'low'}, by {100 * abs(gap):.0f} points",
        f"On test clips, the model gives its answers {percent(test['mean_confidence'])} on average and is right in "
        f"{percent(test['top1'])}.",
        _tempered(test),
        False,
        numbers.head,
    )


def _tempered(test: Mapping[str, float]) -> str:
    """What the temperature does to the calibration error."""
    temperature = test.get("temperature")
    if temperature is None:
        return (
            "There are too few validation clips to fit a temperature, or all of them are right: take the probabilities as an "
            "order, not as shares."
        )
    before, after = test["calibration_error"], test["calibration_error_tempered"]
    if after >= before:
        return (
            f"The temperature that fits validation clips, {temperature:.2f}, does not help, because test clips are different: take "
            "the probabilities as an order, not as shares."
        )
    return (
        f"Raise each probability to the power 1/{temperature:.2f} and divide by their sum (the temperature fitted on validation "
        f"clips): on test clips, the calibration error falls from {percent(before)} to {percent(after)}."
    )

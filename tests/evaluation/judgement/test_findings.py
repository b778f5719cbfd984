"""Each rule at its border: just beyond it there is a finding with the right words, at it there is none."""

import dataclasses

import pytest

from signjax.evaluation.judgement import findings
from signjax.evaluation.judgement.numbers import ClassCount, HeadNumbers, SignerCount
from signjax.evaluation.metrics import wilson_interval

BASE = {"random_convolution": 0.5, "nearest_neighbour": 0.4, "majority": 0.1}


def measures(right: int, clips: int, **more: float) -> dict:
    share = right / clips if clips else 0.0
    interval = wilson_interval(right, clips) if clips else (0.0, 1.0)
    return {"clips": clips, "top1": share, "top1_interval": interval, "mean_confidence": share, **more}


def numbers(test: dict, valid: dict | None = None, **changes: object) -> HeadNumbers:
    """Those of a good run, with changes."""
    good = HeadNumbers("gloss", {"test": test, "valid": valid or measures(190, 200)}, {"test": BASE, "valid": BASE})
    return dataclasses.replace(good, **changes)


GOOD = numbers(measures(190, 200))


def test_a_good_run_has_no_findings():
    assert findings.findings_of(GOOD) == []


@pytest.mark.parametrize(("clips", "found"), [(9, True), (10, False)])
def test_fewer_than_ten_clips_are_too_few(clips, found):
    said = findings.too_few_clips(numbers(measures(clips, clips)))
    assert (said is not None) == found
    if said:
        assert said.title == "Too few test clips to tell: 9 clips" and said.weakens
        assert said.reason.startswith("With 9 clips, the true accuracy may lie anywhere between 70.1 % and 100.0 %")
        assert "test clips give an interval of 20 points" in said.next_step and "split=folds" in said.next_step


def test_no_labelled_test_clip_is_told_and_nothing_else():
    (said,) = findings.findings_of(numbers({"clips": 0}, baselines={"test": {}, "valid": BASE}))
    assert said.kind == "too_few_clips" and said.title == "No test clip has a label"


@pytest.mark.parametrize("name", sorted(BASE))
def test_a_baseline_must_be_above_not_level(name):
    level = {"test": BASE | {name: 0.95}, "valid": BASE}
    assert findings.below_baseline(dataclasses.replace(GOOD, baselines=level)) is None
    above = {"test": BASE | {name: 0.9501}, "valid": BASE}
    said = findings.below_baseline(dataclasses.replace(GOOD, baselines=above))
    assert said.title == f"Below the {name.replace('_', ' ').replace('majority', 'majority class')}, perhaps by chance"
    assert said.weakens and "On test (200 clips), top-1 is 95.0 % and that of the" in said.reason
    assert ("config.data.layout" in said.next_step) == (name != "random_convolution")


def test_chance_ends_with_the_interval():
    edge = GOOD.scores["test"]["top1_interval"][1]
    for above, chance in ((edge, True), (edge + 1e-6, False)):
        base = {"test": BASE | {"nearest_neighbour": above}, "valid": BASE}
        said = findings.below_baseline(dataclasses.replace(GOOD, baselines=base))
        assert ("may be chance" in said.reason) == chance == said.title.endswith("by chance")


def test_all_baselines_on_both_splits_are_named():
    base = dict.fromkeys(BASE, 0.99)
    said = findings.below_baseline(dataclasses.replace(GOOD, baselines={"test": base, "valid": base}))
    assert said.title == "Below the random convolution, nearest neighbour and majority class"
    assert "; on validation (200 clips), top-1 is 95.0 % and" in said.reason


@pytest.mark.parametrize(("clips", "weakens"), [(9, False), (10, True)])
def test_too_few_validation_clips_do_not_weaken_a_result(clips, weakens):
    base = {"test": BASE, "valid": BASE | {"majority": 1.0}}
    said = findings.below_baseline(numbers(measures(190, 200), measures(clips - 1, clips), baselines=base))
    assert said.weakens == weakens


def test_a_difference_that_may_be_chance_weakens_on_test_clips_alone():
    edge = GOOD.scores["valid"]["top1_interval"][1]
    for above, weakens in ((edge, False), (edge + 1e-6, True)):
        base = {"test": BASE, "valid": BASE | {"random_convolution": above}}
        assert findings.below_baseline(dataclasses.replace(GOOD, baselines=base)).weakens == weakens
    swapped = {"test": BASE | {"random_convolution": edge}, "valid": BASE}
    assert findings.below_baseline(dataclasses.replace(GOOD, baselines=swapped)).weakens


@pytest.mark.parametrize(("low", "found"), [(0.7, False), (0.6999, True)])
def test_an_interval_may_be_twenty_points_wide(low, found):
    test = measures(80, 100) | {"top1_interval": (low, 0.9)}
    said = findings.wide_interval(numbers(test))
    assert (said is not None) == found
    if said:
        assert said.title == "An interval of 20 points: the accuracy is uncertain" and said.weakens
        assert "between 70.0 % and 90.0 %" in said.reason and "At this accuracy, 6" in said.next_step


def test_an_interval_that_says_nothing_is_another_finding():
    assert findings.wide_interval(numbers(measures(5, 10))) is None


def test_the_clips_that_are_asked_for_are_enough():
    for top1 in (0.0, 0.5, 0.95, 1.0):
        needed = int(findings._enough(top1).split(", ")[1].split()[0])
        assert [findings._width(wilson_interval(top1 * n, n)) <= findings.WIDE for n in (needed - 1, needed) if n] == [
            False,
            True,
        ][-2:]


SIGNERS = {"ann": SignerCount(90, 100), "bob": SignerCount(90, 100)}


@pytest.mark.parametrize(("right", "found"), [(70, False), (69, True)])
def test_a_signer_may_be_twenty_points_below(right, found):
    said = findings.weak_signer(
        dataclasses.replace(GOOD, signers=SIGNERS | {"cy": SignerCount(right, 100), "dee": SignerCount(90, 100)})
    )
    assert (said is not None) == found
    if said:
        assert said.title == "Signer cy is far below the others" and said.weakens
        assert said.reason == "Of signer cy, 69 of 100 clips are right (69.0 %); of the others, 90.0 %."
        assert "data card" in said.next_step


@pytest.mark.parametrize(("clips", "found"), [(4, False), (5, True)])
def test_a_signer_of_few_clips_is_not_judged(clips, found):
    assert (
        findings.weak_signer(dataclasses.replace(GOOD, signers=SIGNERS | {"cy": SignerCount(0, clips)})) is not None
    ) == found


def test_a_signer_below_by_chance_or_alone_is_not_told():
    others = {"ann": SignerCount(85, 100), "cy": SignerCount(3, 5)}
    assert wilson_interval(3, 5)[1] > 0.85
    assert findings.weak_signer(dataclasses.replace(GOOD, signers=others)) is None
    assert findings.weak_signer(dataclasses.replace(GOOD, signers={"cy": SignerCount(0, 50)})) is None


@pytest.mark.parametrize(("clips", "predicted", "found"), [(2, 0, False), (3, 0, True), (3, 1, False)])
def test_a_class_with_three_clips_must_be_predicted_once(clips, predicted, found):
    classes = {"WAVE": ClassCount(clips, predicted, "POINT"), "POINT": ClassCount(5, 8, "POINT")}
    said = findings.never_predicted(dataclasses.replace(GOOD, classes=classes))
    assert (said is not None) == found
    if said:
        assert said.title == "Class WAVE is never predicted" and said.weakens
        assert said.reason == "WAVE (3 clips, most often taken for POINT)."


def test_many_classes_that_are_never_predicted_are_counted():
    classes = {f"c{k}": ClassCount(3 + k, 0, "z\n") for k in range(7)}
    said = findings.never_predicted(dataclasses.replace(GOOD, classes=classes))
    assert said.title == "7 classes are never predicted"
    assert said.reason.startswith("c6 (9 clips, most often taken for z\\n), c5") and said.reason.endswith("and 2 more.")


@pytest.mark.parametrize(("high", "found"), [(0.5, False), (0.4999, True)])
def test_the_interval_of_the_network_alone_may_end_at_the_classifier_it_is_fused_with(high, found):
    said = findings.weak_network(
        dataclasses.replace(GOOD, network={"clips": 99, "top1": 0.4, "top1_interval": (0.3, high)})
    )
    assert (said is not None) == found
    if said:
        assert said.title == "The network adds little to the random convolution" and not said.weakens
        assert "is right in 40.0 % of test clips" in said.reason and "fused with in 50.0 %" in said.reason
    assert findings.weak_network(dataclasses.replace(GOOD, network={"clips": 0})) is None


@pytest.mark.parametrize(("training", "found"), [(0.9, False), (0.9001, True)])
def test_training_may_be_twenty_points_above_validation(training, found):
    said = findings.overfit(dataclasses.replace(GOOD, training_top1=training, validation_top1=0.7))
    assert (said is not None) == found
    if said:
        assert said.title == "Training is 20 points above validation" and not said.weakens
        assert "right in 90.0 % of training clips and 70.0 % of validation clips" in said.reason
        assert "model.dropout" in said.next_step
    few = numbers(measures(190, 200), measures(9, 9), training_top1=training, validation_top1=0.0)
    assert findings.overfit(few) is None


@pytest.mark.parametrize(("confidence", "word"), [(0.85, ""), (0.8501, "high"), (0.75, ""), (0.7499, "low")])
def test_confidence_may_be_five_points_off(confidence, word):
    test = measures(8000, 10_000, mean_confidence=confidence)
    said = findings.wrong_confidence(numbers(test))
    assert (said is not None) == bool(word)
    if said:
        assert said.title == f"Probabilities are too {word}, by 5 points" and not said.weakens
        assert f"its answers {100 * confidence:.1f} % on average and is right in 80.0 %" in said.reason
        assert "too few validation clips to fit a temperature" in said.next_step


def test_confidence_within_the_interval_may_be_chance():
    low, high = wilson_interval(40, 50)
    for confidence, found in ((low, False), (low - 1e-4, True), (high, False), (high + 1e-4, True)):
        assert (findings.wrong_confidence(numbers(measures(40, 50, mean_confidence=confidence))) is not None) == found


@pytest.mark.parametrize(("after", "helps"), [(0.04, True), (0.15, False), (0.2, False)])
def test_the_temperature_is_offered_where_it_helps(after, helps):
    test = measures(
        80, 100, mean_confidence=0.95, temperature=1.8, calibration_error=0.15, calibration_error_tempered=after
    )
    said = findings.wrong_confidence(numbers(test)).next_step
    assert ("to the power 1/1.80" in said and "falls from 15.0 % to 4.0 %" in said) == helps
    assert ("1.80, does not help" in said) != helps


def test_a_run_without_validation_is_told():
    said = findings.not_validated(numbers(measures(190, 200), {"clips": 0}))
    assert said.title == "No validation clip has a label" and not said.weakens


def test_swapped_hands_are_told_with_both_counts():
    said = findings.hands_swapped(149, 19)
    assert said.title == "Left and right hands may be swapped" and not said.weakens and said.head == ""
    assert "moves clearly more than the right in 149, and the right hand in 19" in said.reason
    assert "on the right of the picture" in said.next_step

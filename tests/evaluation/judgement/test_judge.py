import dataclasses

import numpy as np
import pytest
from test_findings import BASE, GOOD, measures, numbers

from signjax.evaluation.judgement.findings import hands_swapped
from signjax.evaluation.judgement.judge import WORDS, judge, verdict_lines
from signjax.evaluation.judgement.numbers import ClassCount, count_classes, count_signers

BEATEN = {"test": BASE | {"nearest_neighbour": 0.99}, "valid": BASE}
UNTESTED = numbers({"clips": 0}, baselines={"test": {}, "valid": BASE})


@pytest.mark.parametrize(
    ("head", "level"),
    [
        (numbers(measures(800, 1000)), "good"),
        (numbers(measures(799, 1000)), "weak"),
        (dataclasses.replace(GOOD, classes={"a": ClassCount(3, 0, "b")}), "weak"),
        (dataclasses.replace(GOOD, training_top1=1.0, validation_top1=0.1), "good"),  # what does not weaken
        (dataclasses.replace(GOOD, baselines=BEATEN), "worse_than_baseline"),
        (numbers(measures(9, 9), baselines=BEATEN), "too_few_clips"),
        (numbers(measures(5, 10)), "too_few_clips"),
        (UNTESTED, "too_few_clips"),
    ],
)
def test_the_level_of_a_run(head, level):
    verdict = judge([head])
    assert (verdict["level"], verdict["word"]) == (level, WORDS[level])
    assert verdict["heads"]["gloss"]["level"] == level


def test_the_line_has_the_numbers_and_their_rivals():
    assert judge([GOOD])["line"] == (
        "Top-1 95.0 % on 200 clips of the test split (95 % interval 91.0 % to 97.3 %); random convolution "
        "50.0 %, nearest neighbour 40.0 %, majority class 10.0 %."
    )
    assert judge([UNTESTED])["line"] == "No test clip has a label."


def test_the_worst_head_decides_and_all_are_counted():
    heads = [
        GOOD,
        dataclasses.replace(GOOD, head="hands", baselines=BEATEN),
        dataclasses.replace(UNTESTED, head="side"),
    ]
    verdict = judge(heads, [hands_swapped(30, 2)], ["the source changed"])
    assert verdict["level"] == "worse_than_baseline" and verdict["notes"] == ["the source changed"]
    assert verdict["line"] == (
        "Worse than a baseline: 1 of 3 heads (hands); too few clips to tell: 1 of 3 heads (side); good: 1 of 3 heads (gloss)."
    )
    assert [finding["weakens"] for finding in verdict["findings"]] == [True, True, False]
    assert list(verdict_lines(verdict)) == [
        "verdict: worse than a baseline",
        "  ! hands: Below the nearest neighbour",
        "  ! side: No test clip has a label",
        "  - Left and right hands may be swapped",
        "  report.html has the reason and the next step for each",
    ]


def test_the_console_gets_few_short_lines():
    heads = [dataclasses.replace(UNTESTED, head=f"h{k}" * 40 + "\n") for k in range(9)]
    said = list(verdict_lines(judge(heads)))
    assert len(said) == 8 and said[-2] == "  and 4 more"
    assert all(len(line) < 80 and line.isprintable() for line in said)
    assert list(verdict_lines(judge([GOOD]))) == ["verdict: good"]


def test_signers_and_classes_are_counted_over_labelled_clips():
    logits = np.array([[2, 1, 0], [0, 2, 1], [1, 1, 0], [0, 0, 1], [5, 0, 0]], np.float32)
    labels = np.array([0, 0, 1, -1, 0], np.int32)
    assert count_signers(logits, labels, ["ann", "ann", "bob", "bob", ""]) == {"ann": (1, 2), "bob": (0, 1)}
    assert count_classes(logits, labels, ("a", "b", "c")) == {"a": (3, 3, "a"), "b": (1, 1, "a")}
    assert count_classes(logits, np.full(5, -1, np.int32), ("a", "b", "c")) == {}

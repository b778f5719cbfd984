import pytest

from signjax.report.grade import LEVELS, WORDS, grade, grade_of_head, worse


@pytest.mark.parametrize(
    ("top1", "clips", "expected"),
    [(1.0, 9, "few"), (0.8, 10, "good"), (0.7999, 10, "weak"), (0.5, 10, "weak"), (0.4999, 10, "poor")],
)
def test_grades_at_their_borders(top1, clips, expected):
    assert grade(top1, clips, 0.8) == expected
    assert worse(expected, "good") == worse("good", expected) == expected


@pytest.mark.parametrize(
    ("level", "top1", "expected"),
    [
        ("good", 0.9, "good"),
        ("weak", 0.9, "weak"),
        ("weak", 0.4, "poor"),
        ("worse_than_baseline", 0.9, "poor"),
        ("too_few_clips", 0.9, "few"),
    ],
)
def test_a_head_is_graded_by_its_verdict(level, top1, expected):
    heads = {"gloss": {"level": level, "word": "Word"}}
    summary = {"verdict": {"heads": heads, "good_from": 0.8}, "test": {"gloss": {"top1": top1, "clips": 50}}}
    assert grade_of_head("gloss", summary) == (expected, "word")
    assert {kind for kind, _ in LEVELS.values()} == set(WORDS)

"""Problems that are reported together, with the settings that accept them."""

import pytest

from signjax.errors import InputError, Problems, together

RARE = InputError("two classes have a single clip", {"data.rare_classes": "leave_out"})
LEAK = InputError("signers are shared; say --config.data.split=column", {"data.split": "column"})
LOST = InputError("there is no such column")


def test_one_problem_names_the_setting_that_accepts_it_unless_it_says_so_itself():
    assert str(together([RARE])).endswith("To continue anyway: --config.data.rare_classes=leave_out")
    assert str(together([LEAK])) == str(LEAK)
    assert str(together([LOST])) == str(LOST)


def test_several_problems_are_numbered_and_one_command_accepts_all():
    both = together([RARE, LEAK])
    assert str(both).splitlines() == [
        "2 problems:",
        f"  1. {RARE}",
        f"  2. {LEAK}",
        "To continue anyway: --config.data.rare_classes=leave_out --config.data.split=column",
    ]
    assert both.accept == {"data.rare_classes": "leave_out", "data.split": "column"}


def test_where_one_problem_cannot_be_accepted_no_command_is_offered():
    found = together([RARE, LOST])
    assert "To continue" not in str(found) and found.accept == {}


def test_problems_are_collected_and_raised_as_one():
    problems = Problems()
    problems.check()
    for problem in (RARE, LOST):
        with problems.collected():
            raise problem
    with pytest.raises(InputError, match="2 problems"):
        problems.check()
    with pytest.raises(KeyError), problems.collected():
        raise KeyError("anything else is not kept")

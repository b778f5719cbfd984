import pytest

from signjax.data.cleaning.leading_hands import leading_hands, seem_swapped


@pytest.mark.parametrize(
    ("left", "right", "swapped"),
    [(149, 19, True), (10, 4, True), (9, 0, False), (10, 5, False), (11, 5, True), (38, 19, False), (39, 19, True)],
)
def test_left_hands_may_lead_in_up_to_twice_as_many_clips(left, right, swapped):
    assert seem_swapped({"left": left, "right": right, "neither": 500}) == swapped


def test_without_measured_clips_nothing_is_said(dataset):
    assert not seem_swapped({})
    assert not seem_swapped(leading_hands(dataset))

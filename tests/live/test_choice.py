from types import SimpleNamespace

from signjax.live.choice import Choice
from signjax.live.runs import Sign


def make_choice(familiar: dict[tuple[int, int], float], longest: int = 100) -> tuple[Choice, list[tuple[int, int]]]:
    """A choice whose model knows these spans, and the list of what it was asked."""
    asked = []

    def name(start: int, stop: int) -> Sign:
        asked.append((start, stop))
        known = familiar.get((start, stop), 0.0)
        return Sign(start, stop, {"gloss": SimpleNamespace(name="a")}, known, known > 0.05)

    return Choice(name, longest), asked


def chosen(choice: Choice, *stretches: tuple[int, int]) -> list[tuple[int, int, bool]]:
    found = [one for stretch in stretches for one in choice.add(*stretch)]
    return [(one.start, one.stop, one.known) for one in [*found, *choice.finish()]]


def test_a_sign_with_a_hold_is_one_sign():
    choice, _ = make_choice({(0, 40): 0.6, (0, 12): 0.1})
    assert chosen(choice, (0, 12), (30, 40)) == [(0, 40, True)]


def test_two_signs_stay_two():
    choice, _ = make_choice({(0, 20): 0.5, (25, 45): 0.4, (0, 45): 0.2})
    assert chosen(choice, (0, 20), (25, 45)) == [(0, 20, True), (25, 45, True)]


def test_a_movement_between_signs_is_not_known_and_hides_neither():
    choice, _ = make_choice({(0, 20): 0.5, (40, 60): 0.5})
    assert chosen(choice, (0, 20), (25, 35), (40, 60)) == [(0, 20, True), (25, 35, False), (40, 60, True)]


def test_a_sign_is_no_longer_than_the_longest_and_has_three_stretches_at_most():
    choice, asked = make_choice({}, longest=50)
    assert len(chosen(choice, (0, 20), (30, 45), (60, 75), (80, 100))) == 4
    assert all(stop - start <= 50 for start, stop in asked)
    choice, asked = make_choice({}, longest=1000)
    for start in range(0, 100_000, 10):
        choice.add(start, start + 8)
    assert max(stop - start for start, stop in asked) == 28
    assert len(choice._stretches) < 3 and len(choice._named) <= 3


def test_frames_without_an_answer_give_no_sign():
    choice = Choice(lambda start, stop: None, 100)
    assert choice.add(0, 9) == [] and choice.end == 9 and choice.finish() == [] and choice.end is None

import pytest

from signjax.evaluation.metrics import wilson_interval
from signjax.evaluation.result_lines import result_line, tells_nothing


def measures(right: int, clips: int) -> dict:
    if not clips:
        return {"clips": 0}
    share = right / clips
    return {"clips": clips, "top1": share, "top3": share, "top5": share, "top1_interval": wilson_interval(right, clips)}


def beaten(nearest: float, majority: float, convolution: float = 0.1) -> dict:
    return {"random_convolution": convolution, "nearest_neighbour": nearest, "majority": majority}


GOOD = measures(90, 100)
EASY = beaten(0.5, 0.2)


@pytest.mark.parametrize(("right", "clips"), [(2, 4), (1, 1), (9, 9), (10, 20)])
def test_too_few_test_clips_are_told_with_the_accuracy(right, clips):
    assert tells_nothing(measures(right, clips))
    line = result_line("gloss", measures(right, clips), EASY)
    assert f"{clips} clip{'' if clips == 1 else 's'} (too few to tell); random convolution 0.100, nearest" in line
    assert line.endswith("nearest neighbour 0.500, majority class 0.200")


def test_ten_clips_that_agree_are_enough():
    assert not tells_nothing(measures(10, 10))
    assert "too few" not in result_line("gloss", GOOD, EASY)

import pytest

from signjax.evaluation.metrics import wilson_interval
from signjax.evaluation.verdict import result_line, tells_nothing, warnings_for


def measures(right: int, clips: int) -> dict:
    if not clips:
        return {"clips": 0}
    share = right / clips
    return {"clips": clips, "top1": share, "top3": share, "top5": share, "top1_interval": wilson_interval(right, clips)}


def beaten(nearest: float, majority: float, convolution: float = 0.1) -> dict:
    return {"random_convolution": convolution, "nearest_neighbour": nearest, "majority": majority}


GOOD = measures(90, 100)
EASY = beaten(0.5, 0.2)


def warnings(valid: dict, test: dict, valid_base: dict, test_base: dict | None = None) -> list[str]:
    return warnings_for({"valid": valid, "test": test}, {"valid": valid_base, "test": test_base or {}})


def test_a_run_that_beats_its_baselines_on_enough_clips_needs_no_warning():
    assert warnings({"gloss": GOOD}, {"gloss": GOOD}, {"gloss": EASY}) == []


@pytest.mark.parametrize(
    ("base", "than"),
    [
        (beaten(0.95, 0.2), "the nearest neighbour"),
        (beaten(0.2, 0.95), "the majority class"),
        (beaten(0.95, 0.96), "the nearest neighbour and the majority class"),
        (beaten(0.95, 0.96, 0.97), "the random-convolution classifier, the nearest neighbour and the majority class"),
    ],
)
def test_a_network_that_a_baseline_beats_on_validation_is_told_first(base, than):
    said = warnings({"gloss": measures(50, 100)}, {"gloss": measures(2, 4)}, {"gloss": base})
    assert len(said) == 2
    assert said[0].startswith(
        f"on validation the model is worse than {than}: top-1 50.0 %, random-convolution classifier"
    )
    assert "100 clips. This usually means that labels are assigned to the wrong clips" in said[0]
    assert "config.data.layout" in said[0] and "data_card.html" in said[0]


def test_heads_that_different_baselines_beat_are_told_together():
    scores = {"gloss": measures(50, 100), "hands": measures(50, 100)}
    (said,) = warnings(scores, {"gloss": GOOD}, {"gloss": beaten(0.9, 0.1), "hands": beaten(0.1, 0.9)})
    assert "worse than the nearest neighbour or the majority class: gloss (top-1 50.0 %, random" in said


def test_a_network_behind_fixed_features_alone_is_told_to_train_longer_not_to_look_for_faults():
    (said,) = warnings({"gloss": measures(50, 100)}, {"gloss": GOOD}, {"gloss": beaten(0.4, 0.1, 0.8)})
    assert said.startswith(
        "on validation the model is worse than the random-convolution classifier: top-1 50.0 %, random"
    )
    assert "classifier 80.0 %, nearest neighbour 40.0 %" in said and "train longer" in said and "layout" not in said


def test_a_tie_is_not_worse():
    assert warnings({"gloss": measures(50, 100)}, {"gloss": GOOD}, {"gloss": beaten(0.5, 0.5)}) == []


def test_a_difference_within_the_interval_may_be_chance():
    (said,) = warnings({"gloss": measures(2, 8)}, {"gloss": GOOD}, {"gloss": beaten(0.375, 0.2)})
    assert "With so few clips this may be chance; if not, it usually means" in said


def test_the_test_split_does_not_judge_the_network():
    said = warnings({"gloss": GOOD}, {"gloss": measures(0, 100)}, {"gloss": EASY}, {"gloss": beaten(0.9, 0.9)})
    assert said == []


@pytest.mark.parametrize(
    ("right", "clips", "text"),
    [
        (2, 4, "too few test clips to tell: 4 clips, between 15 and 85 %."),
        (1, 1, "too few test clips to tell: 1 clip, between 21 and 100 %."),
        (9, 9, "too few test clips to tell: 9 clips, between 70 and 100 %."),
        (10, 20, "too few test clips to tell: 20 clips, between 30 and 70 %."),
    ],
)
def test_too_few_test_clips_are_told_with_their_interval(right, clips, text):
    (said,) = warnings({"gloss": GOOD}, {"gloss": measures(right, clips)}, {"gloss": EASY})
    assert said.startswith(text)
    assert tells_nothing(measures(right, clips))
    line = result_line("gloss", measures(right, clips), EASY)
    assert f"{clips} clip{'' if clips == 1 else 's'} (too few to tell); random convolution 0.100, nearest" in line
    assert line.endswith("nearest neighbour 0.500, majority 0.200")


def test_ten_clips_that_agree_are_enough():
    assert not tells_nothing(measures(10, 10))
    assert "too few" not in result_line("gloss", GOOD, EASY)


def test_heads_are_named_where_there_are_several_and_counted_where_there_are_many():
    valid = {f"head{k}": measures(10, 100) for k in range(7)} | {"hands": GOOD}
    test = {"\u200b": measures(1, 2), "hands": GOOD}
    said = warnings(valid, test, dict.fromkeys(valid, EASY))
    assert "head0 (top-1 10.0 %" in said[0] and "head4 (" in said[0] and "head5" not in said[0]
    assert "and 2 other heads. This" in said[0] and "hands" not in said[0]
    assert said[1].startswith("too few test clips to tell: \\u200b (2 clips, between 9 and 91 %). Test")


def test_splits_without_a_clip_of_a_head_or_of_any():
    mixed = warnings(
        {"gloss": GOOD, "hands": measures(0, 0)}, {"gloss": GOOD, "hands": measures(0, 0)}, {"gloss": EASY}
    )
    assert mixed == ["no test clip has a label for hands, so the accuracy is not known"]
    nothing = warnings({"gloss": measures(0, 0)}, {"gloss": measures(0, 0)}, {})
    assert nothing[0].startswith("no validation clip has a label")
    assert nothing[1] == "no test clip has a label, so the accuracy is not known"

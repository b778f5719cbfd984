import numpy as np
import pytest

from signjax.data.splits.sizes import Split, size_doubts, untestable
from signjax.data.splits.split import Description, Rule, split_clips
from signjax.errors import InputError


def describe(count: int, classes: np.ndarray, **fields: object) -> Description:
    nothing = [None] * count
    known: dict[str, object] = {
        "names": [f"clip{i}" for i in range(count)],
        "classes": classes,
        "signers": nothing,
        "groups": nothing,
        "given": nothing,
        "copies": nothing,
    }
    return Description(**(known | fields))


def make_split(sizes: tuple[int, int, int], asked: tuple[float | None, ...] = (None, None, None)) -> Split:
    assignment = np.repeat(np.arange(3), sizes).astype(np.int8)
    return Split(assignment, np.arange(len(assignment)), "", asked)


def test_a_split_that_holds_what_was_asked_for_raises_no_doubt():
    split = make_split((140, 30, 30), (140, 30, 30))
    assert size_doubts(split, (np.arange(200) % 5)[:, None], ["gloss"]) == []
    assert split.sizes == (140, 30, 30)


def test_small_splits_are_named_with_what_a_clip_counts():
    split = make_split((90, 8, 3))
    doubts = size_doubts(split, (np.arange(101) % 2)[:, None], ["gloss"])
    assert doubts == [
        "8 validation clips are too few to choose a model: each counts for 12.5 percentage points of accuracy",
        "3 test clips are too few to compare models: each counts for 33.3 percentage points of accuracy",
    ]


def test_a_size_far_from_that_asked_for_is_explained():
    group = [f"g{i}" for i in (*[0] * 540, *[1] * 40, *[2] * 20)]
    clips = describe(600, np.arange(600) % 3, groups=group)
    split = split_clips(clips, Rule())
    doubts = size_doubts(split, clips.classes[:, None], ["gloss"])
    assert (
        "the test split has 20 clips of 3 classes where 90 clips were asked for: the 600 clips form 3 groups of "
        "clips that must stay together, the largest of 540 clips"
    ) in doubts


def test_heads_that_are_not_tested_are_named():
    labels = np.stack([np.repeat([0, 1], [60, 60]), np.arange(120) % 20, np.full(120, -1)], 1)
    labels[:60, 2] = np.arange(60) % 2
    doubts = size_doubts(make_split((60, 30, 30)), labels, ["hand", "gloss", "size"])
    assert doubts == [
        "no validation clips have a label for head 'size'",
        "the validation clips cover only 1 of the 2 classes of head 'hand'",
        "no test clips have a label for head 'size'",
        "the test clips cover only 1 of the 2 classes of head 'hand'",
    ]


def test_a_split_that_the_source_gives_is_doubted_but_not_refused():
    split = make_split((60, 30, 1))
    labels = (np.arange(91) % 2)[:, None]
    assert untestable(split, labels) == ""
    assert any(doubt.startswith("1 test clip is too few") for doubt in size_doubts(split, labels, ["gloss"]))


@pytest.mark.parametrize("rule", ["auto", "stratified"])
def test_groups_that_leave_one_clip_to_test_stop_the_run_and_say_why(rule):
    clips = describe(600, np.arange(600) % 3, groups=["a"] * 598 + ["b", "c"])
    with pytest.raises(
        InputError, match=r"cannot be tested on these data: .*test split would have 1 clip of 1 class where 90 clips"
    ) as e:
        split_clips(clips, Rule(rule))
    assert "the 600 clips form 3 groups of clips that must stay together, the largest of 598 clips" in str(e.value)
    assert e.value.accept == {}


def test_signers_that_leave_too_little_to_test_can_be_shared():
    clips = describe(600, np.arange(600) % 3, signers=["a"] * 598 + ["b", "c"])
    with pytest.raises(
        InputError, match=r"whole signers stay together, and the 600 clips are of 3 signers.*split=stratified"
    ) as e:
        split_clips(clips, Rule())
    assert e.value.accept == {"data.split": "stratified"}
    assert split_clips(clips, Rule(**{"split": e.value.accept["data.split"]})).sizes == (420, 90, 90)


def test_a_test_split_of_one_class_tests_nothing():
    clips = describe(90, np.arange(90) // 30, signers=[f"s{i // 10}" for i in range(90)])
    with pytest.raises(InputError, match=r"test split would have 10 clips of 1 class"):
        split_clips(clips, Rule())


def test_one_class_of_one_head_is_no_reason_to_stop_where_another_is_tested():
    classes = np.stack([np.arange(200) % 10, np.where(np.arange(200) < 2, np.arange(200) % 2, -1)], 1)
    split = split_clips(describe(200, classes), Rule())
    assert split.sizes == (140, 30, 30)
    assert any("'rare'" in doubt for doubt in size_doubts(split, classes, ["gloss", "rare"]))


@pytest.mark.parametrize("fraction", [0.15, 0.2])
def test_a_demonstration_of_forty_clips_is_still_split(fraction):
    clips = describe(40, np.arange(40) % 4, signers=[f"s{i // 8}" for i in range(40)])
    split = split_clips(clips, Rule("auto", fraction, fraction))
    assert split.sizes == (24, 8, 8)
    np.testing.assert_allclose(split.asked, np.array([1 - 2 * fraction, fraction, fraction]) * 40)

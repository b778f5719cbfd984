import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signjax.data.splits import dealing, groups
from signjax.data.splits import split as splits
from signjax.data.splits.split import Rule
from signjax.errors import InputError


def describe(count: int, **fields: object) -> splits.Description:
    nothing = [None] * count
    known: dict[str, object] = {
        "names": [f"clip{i}" for i in range(count)],
        "classes": np.arange(count) % 3,
        "signers": nothing,
        "groups": nothing,
        "given": nothing,
        "copies": nothing,
    }
    return splits.Description(**(known | fields))


def test_groups_join_through_a_chain():
    signers = ["a", "a", "b", None, None]
    copies = [None, "x", "x", "y", "y"]
    group = groups.join_groups(signers, copies)
    assert group.tolist() == [0, 0, 0, 3, 3]


@given(st.integers(3, 12), st.integers(3, 90), st.integers(0, 1000))
def test_no_group_ever_straddles_and_no_split_is_empty(count, clips, seed):
    rng = np.random.default_rng(seed)
    group = np.concatenate([np.arange(count), rng.integers(0, count, clips)])
    assignment = dealing.assign_groups(group, rng.integers(0, 4, len(group)), (0.7, 0.15, 0.15), seed)
    assert groups.straddling(assignment, group) is None
    assert set(assignment.tolist()) == {0, 1, 2}


def test_a_stratified_split_keeps_the_shares_of_every_class():
    clips = describe(900)
    split = splits.split_clips(clips, Rule("stratified", 0.15, 0.15, seed=3))
    for name in range(3):
        counts = np.bincount(split.assignment[clips.classes == name])
        np.testing.assert_allclose(counts / 300, [0.7, 0.15, 0.15], atol=0.01)


def test_auto_holds_out_signers_where_they_are_known():
    signers = [f"s{i // 10}" for i in range(60)]
    split = splits.split_clips(describe(60, signers=signers), Rule("auto", 0.2, 0.2, seed=0))
    found = {}
    for signer, part in zip(signers, split.assignment, strict=True):
        assert found.setdefault(signer, part) == part
    assert "held out" in split.rule


def test_other_seeds_hold_out_other_signers():
    signers = [f"s{i // 10}" for i in range(60)]
    made = {
        tuple(splits.split_clips(describe(60, signers=signers), Rule("signer", 0.2, 0.2, seed=s)).assignment.tolist())
        for s in range(6)
    }
    assert len(made) > 1


def test_a_copy_across_a_given_split_stops_the_run_and_names_both_clips():
    given_split = ["train"] * 8 + ["test"] * 2
    copies = [None] * 7 + ["same", "same", None]
    with pytest.raises(InputError, match=r"'clip7' is in train and clip 'clip8' in test.*same frames"):
        splits.split_clips(describe(10, given=given_split, copies=copies), Rule("column", 0.2, 0.2, seed=0))


def test_a_signer_across_a_given_split_stops_unless_the_user_says_so():
    clips = describe(10, given=["train"] * 8 + ["test"] * 2, signers=["anna"] * 10)
    with pytest.raises(InputError, match=r"signer 'anna'.*split=column"):
        splits.split_clips(clips, Rule("auto", 0.2, 0.2, seed=0))
    assert splits.split_clips(clips, Rule("column", 0.2, 0.2, seed=0)).assignment[-1] == 2


def test_validation_is_taken_from_training_where_none_is_given():
    given_split = ["train"] * 60 + ["test"] * 30
    split = splits.split_clips(describe(90, given=given_split), Rule("auto", 0.15, 0.15, seed=0))
    assert np.bincount(split.assignment).tolist() == [51, 9, 30]
    assert (split.assignment[60:] == 2).all()


@pytest.mark.parametrize(
    ("rule", "fields", "message"),
    [
        ("signers", {}, "must be one of auto, column"),
        ("signer", {"signers": ["a"] * 5 + ["b"] * 5}, "at least 3"),
        ("column", {"given": ["train"] * 9 + ["dev"]}, "clip9.*'dev'"),
        ("column", {"given": ["train"] * 10}, "no clips in test"),
    ],
)
def test_rules_that_the_data_cannot_follow(rule, fields, message):
    with pytest.raises(InputError, match=message):
        splits.split_clips(describe(10, **fields), Rule(rule, 0.2, 0.2))


def test_every_clip_is_tested_in_exactly_one_fold():
    clips = describe(120, signers=[f"s{i // 12}" for i in range(120)])
    tested = np.zeros(120, int)
    for fold in range(4):
        split = splits.split_clips(clips, Rule("folds", 0.2, 0.2, folds=4, fold=fold))
        assert groups.straddling(split.assignment, groups.join_groups(clips.signers)) is None
        assert set(split.assignment.tolist()) == {0, 1, 2}
        tested += split.assignment == 2
    assert (tested == 1).all()


def test_one_signer_is_left_out_by_number_or_name():
    signers = [f"s{i % 5}" for i in range(60)]
    clips = describe(60, signers=signers)
    by_number = splits.split_clips(clips, Rule("leave_one_out", fold=3))
    by_name = splits.split_clips(clips, Rule("leave_one_out", held_out="s3"))
    np.testing.assert_array_equal(by_number.assignment, by_name.assignment)
    assert [signer == "s3" for signer in signers] == (by_name.assignment == 2).tolist()
    assert "'s3'" in by_name.rule


def test_who_shares_a_recording_with_the_one_left_out_is_left_out_too():
    copies = [None] * 60
    copies[0] = copies[1] = "same"  # of s0 and s1
    clips = describe(60, signers=[f"s{i % 5}" for i in range(60)], copies=copies)
    split = splits.split_clips(clips, Rule("leave_one_out", held_out="s0"))
    assert {i % 5 for i in np.flatnonzero(split.assignment == 2)} == {0, 1}


def test_without_signers_one_group_is_left_out():
    clips = describe(60, groups=[f"g{i % 4}" for i in range(60)])
    split = splits.split_clips(clips, Rule("leave_one_out", fold=1))
    assert {i % 4 for i in np.flatnonzero(split.assignment == 2)} == {1}


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (Rule("folds", folds=7), "folds is 7.*from 2 to 5.*signers"),
        (Rule("folds", folds=5, fold=5), "fold is 5.*from 0 to 4"),
        (Rule("leave_one_out", fold=5), "from 0 to 4: the signers are s0, s1"),
        (Rule("leave_one_out", held_out="anna"), "'anna'; the signers are s0"),
    ],
)
def test_a_fold_that_does_not_exist_says_which_there_are(rule, message):
    with pytest.raises(InputError, match=message):
        splits.split_clips(describe(60, signers=[f"s{i % 5}" for i in range(60)]), rule)

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signjax.data import splits
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
    group = splits.join_groups(signers, copies)
    assert group.tolist() == [0, 0, 0, 3, 3]


@given(st.integers(3, 12), st.integers(3, 90), st.integers(0, 1000))
def test_no_group_ever_straddles_and_no_split_is_empty(groups, clips, seed):
    rng = np.random.default_rng(seed)
    group = np.concatenate([np.arange(groups), rng.integers(0, groups, clips)])
    assignment = splits.assign_groups(group, rng.integers(0, 4, len(group)), (0.7, 0.15, 0.15), seed)
    assert splits.straddling(assignment, group) is None
    assert set(assignment.tolist()) == {0, 1, 2}


def test_a_stratified_split_keeps_the_shares_of_every_class():
    clips = describe(900)
    split = splits.split_clips(clips, "stratified", 0.15, 0.15, seed=3)
    for name in range(3):
        counts = np.bincount(split.assignment[clips.classes == name])
        np.testing.assert_allclose(counts / 300, [0.7, 0.15, 0.15], atol=0.01)


def test_auto_holds_out_signers_where_they_are_known():
    signers = [f"s{i // 10}" for i in range(60)]
    split = splits.split_clips(describe(60, signers=signers), "auto", 0.2, 0.2, seed=0)
    found = {}
    for signer, part in zip(signers, split.assignment, strict=True):
        assert found.setdefault(signer, part) == part
    assert "held out" in split.rule


def test_other_seeds_hold_out_other_signers():
    signers = [f"s{i // 10}" for i in range(60)]
    made = {
        tuple(splits.split_clips(describe(60, signers=signers), "signer", 0.2, 0.2, seed=s).assignment.tolist())
        for s in range(6)
    }
    assert len(made) > 1


def test_a_copy_across_a_given_split_stops_the_run_and_names_both_clips():
    given_split = ["train"] * 8 + ["test"] * 2
    copies = [None] * 7 + ["same", "same", None]
    with pytest.raises(InputError, match=r"'clip7' is in train and clip 'clip8' in test.*same frames"):
        splits.split_clips(describe(10, given=given_split, copies=copies), "column", 0.2, 0.2, seed=0)


def test_a_signer_across_a_given_split_stops_unless_the_user_says_so():
    clips = describe(10, given=["train"] * 8 + ["test"] * 2, signers=["anna"] * 10)
    with pytest.raises(InputError, match=r"signer 'anna'.*split=column"):
        splits.split_clips(clips, "auto", 0.2, 0.2, seed=0)
    assert splits.split_clips(clips, "column", 0.2, 0.2, seed=0).assignment[-1] == 2


def test_validation_is_taken_from_training_where_none_is_given():
    given_split = ["train"] * 60 + ["test"] * 30
    split = splits.split_clips(describe(90, given=given_split), "auto", 0.15, 0.15, seed=0)
    assert np.bincount(split.assignment).tolist() == [51, 9, 30]
    assert (split.assignment[60:] == 2).all()


@pytest.mark.parametrize(
    ("rule", "fields", "message"),
    [
        ("signers", {}, "must be one of auto, column"),
        ("signer", {"signers": ["a"] * 5 + ["b"] * 5}, "at least 3"),
        ("column", {"given": ["train"] * 9 + ["dev"]}, "clip9.*'dev'"),
        ("column", {"given": ["train"] * 10}, "no clip in test"),
    ],
)
def test_rules_that_the_data_cannot_follow(rule, fields, message):
    with pytest.raises(InputError, match=message):
        splits.split_clips(describe(10, **fields), rule, 0.2, 0.2, seed=0)

import numpy as np
import pytest

from signjax.data.splits import leaks
from signjax.data.splits.duplicates import Pair
from signjax.data.splits.split import Rule, split_clips
from signjax.errors import InputError
from tests.data.splits.test_split import describe

GIVEN = ["train"] * 80 + ["test"] * 20


def refused(clips, rule: Rule = Rule()) -> InputError:  # noqa: B008
    with pytest.raises(InputError) as caught:
        split_clips(clips, rule)
    return caught.value


def test_signers_in_several_given_splits_are_counted_and_can_be_accepted():
    clips = describe(100, given=GIVEN, signers=[f"s{i % 7}" for i in range(100)])
    error = refused(clips)
    assert str(error).startswith(
        "leakage: 7 signers with 100 clips are in several splits: signer 's0' (12 train, 3 test: "
    )
    assert "signer 's4'" in str(error)
    assert "signer 's5'" not in str(error)
    assert "; and 2 more" in str(error)
    assert error.accept == {"data.split": "column"}
    split = split_clips(clips, Rule(error.accept["data.split"]))
    assert split.rule.endswith("7 of 7 signers are in several splits (seen signers)")


def test_copies_that_cross_too_can_be_dropped():
    fields = {"given": GIVEN, "signers": [f"s{i % 7}" for i in range(100)], "copies": ["x", *[None] * 98, "x"]}
    error = refused(describe(100, **fields))
    assert "1 recording with 2 clips is in several splits: clip 'clip0' is in train and clip 'clip99' in test" in str(
        error
    )
    assert error.accept == {"data.split": "column", "data.duplicates": "drop"}
    assert refused(describe(100, **fields), Rule("column")).accept == {"data.duplicates": "drop"}


def test_groups_that_cross_are_not_accepted_by_sharing_signers():
    clips = describe(
        100, given=GIVEN, signers=[f"s{i % 7}" for i in range(100)], groups=[f"g{i % 10}" for i in range(100)]
    )
    error = refused(clips)
    assert "10 groups with 100 clips" in str(error)
    assert error.accept == {"data.split": "stratified"}
    assert split_clips(clips, Rule(error.accept["data.split"])).sizes[2] > 0


def test_words_that_are_no_split_are_all_told_with_their_counts():
    clips = describe(100, given=["train"] * 80 + ["dev"] * 10 + ["Test"] * 6 + [None] * 4)
    assert "'clip80' has 'dev' (10 in all); clip 'clip90' has 'Test' (6 in all); clip 'clip96' has no split (4" in str(
        refused(clips)
    )


@pytest.mark.parametrize("given", [["train"] * 80 + ["eval"] * 20, ["train"] * 100, [None] * 100, GIVEN])
def test_the_advice_keeps_signers_apart_where_they_are_known(given):
    known = describe(
        100, given=given, signers=[f"s{i % 7}" for i in range(100)], groups=[f"g{i % 10}" for i in range(100)]
    )
    error = refused(known, Rule("column"))
    assert "signjax split: --config.data.split=signer (whole signers are held out) or stratified" in str(error)
    unknown = refused(describe(100, given=given, groups=[f"g{i % 10}" for i in range(100)]), Rule("column"))
    assert "signjax split: --config.data.split=stratified" in str(unknown)


def test_a_split_without_clips_to_test_is_replaced_by_held_out_signers():
    signers = [f"s{i % 7}" for i in range(100)]
    assert refused(describe(100, given=["train"] * 100, signers=signers)).accept == {"data.split": "signer"}
    assert refused(describe(100, given=["train"] * 100)).accept == {"data.split": "stratified"}


def test_training_by_one_signer_leaves_none_for_validation():
    clips = describe(100, given=GIVEN, signers=["anna"] * 80 + ["bela"] * 20)
    error = refused(clips)
    assert "none can be set aside for validation" in str(error)
    assert split_clips(clips, Rule(error.accept["data.split"])).sizes == (68, 12, 20)


def test_pairs_across_splits_can_be_dropped():
    pairs = [Pair(0, 99, "exact", 0.0), Pair(1, 2, "exact", 0.0)]
    with pytest.raises(InputError, match=r"1 pair of clips is the same recording.*signjax split: --FLAG") as caught:
        leaks.check_none_across(pairs, [f"clip{i}" for i in range(100)], GIVEN, "--FLAG")
    assert caught.value.accept == {"data.duplicates": "drop"}
    assert list(leaks.to_drop(pairs, GIVEN)) == [0]


def test_only_values_in_several_splits_straddle():
    assignment = np.array([0, 0, 1, 2, 2])
    assert leaks.straddlers(assignment, ["a", "a", "b", "b", None]) == [[2, 3]]


@pytest.mark.parametrize(
    ("rule", "fields", "said"),
    [
        (
            "auto",
            {"signers": [*["a", "b", "c"] * 33, None]},
            "1 of 100 clips has no signer, so signers could not be held out",
        ),
        ("auto", {}, "no signers are known"),
        ("auto", {"signers": ["a", "b"] * 50}, "2 signers are known, and holding signers out requires 3"),
        (
            "folds",
            {"signers": [*["a", "b", "c"] * 33, None]},
            "whole groups are assigned to folds: 1 of 100 clips has no signer",
        ),
        ("stratified", {"given": GIVEN}, "the split that the source prescribes is not used"),
        (
            "auto",
            {"given": GIVEN, "signers": ["a"] * 40 + ["b"] * 39 + [None] + ["c"] * 20},
            "1 of 100 clips has no signer",
        ),
        (
            "signer",
            {"signers": list("abcde") * 20, "copies": ["x", "x", *[None] * 98]},
            "the 5 signers form 4 groups, connected by shared groups or copies",
        ),
    ],
)
def test_what_a_rule_chooses_by_itself_is_said(rule, fields, said):
    assert said in split_clips(describe(100, **fields), Rule(rule)).rule

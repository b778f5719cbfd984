import unicodedata

import numpy as np
import pytest

from signjax.data.clip import ClipInfo, Item, Rejected
from signjax.data.labels.modes import check_columns, relabel, source_of
from signjax.data.splits import split as splits
from signjax.errors import InputError
from tests.hamnosys_strings import string

FIST = string("fist extfingeru palml moved")
FLAT = string("flathand extfingero palmd moveu smallmod repeatfromstart")
HEADS = ("handshape", "palm")


def item(name, text=None, gloss=None, group=None):
    labels = {key: value for key, value in (("hamnosys", text), ("gloss", gloss)) if value is not None}
    return Item(ClipInfo(name, f"{name}.pkl", labels, group=group))


def test_the_modes_column_and_gloss_leave_the_labels_as_they_are():
    items = [item("a", FIST, "A"), Rejected("b", "b.pkl", "missing_file", "")]
    assert relabel(items, "column", ("gloss", "hamnosys")) == (items, ("gloss", "hamnosys"))
    assert relabel(items, "column", ()) == (items, ("gloss",))
    assert relabel(items, "gloss", ()) == (items, ("gloss",))


@pytest.mark.parametrize(
    ("mode", "heads", "message"),
    [
        (
            "column",
            (),
            r"t\.csv: no clip has a label in column 'gloss'; its label columns are: hand, label\. .*data\.heads=hand",
        ),
        ("column", ("labels",), r"column 'labels'; .*such as --config\.data\.heads=label"),
        ("column", ("hand", "size"), r"column 'size'"),
        ("attributes", (), r"label mode attributes needs a column 'hamnosys' .*; its label columns are: hand, label"),
    ],
)
def test_a_label_column_that_is_not_there_is_named_with_those_that_are(mode, heads, message):
    items = [Item(ClipInfo("a", labels={"label": "x"})), Item(ClipInfo("b", labels={"hand": "y"}))]
    with pytest.raises(InputError, match=message):
        check_columns(items, mode, heads, "t.csv")
    with pytest.raises(InputError, match="it has no label columns" if mode == "attributes" else r"Add a column '"):
        check_columns([Item(ClipInfo("a"))], mode, heads, "t.csv")
    check_columns([Rejected("a", "a.pkl", "unreadable", "")], mode, heads, "t.csv")  # has a reason of its own


def test_heads_are_named_as_columns_are():
    items = [item("a", FIST, "A")]
    assert relabel(items, "column", ("GLOSS", "HamNoSys"))[1] == ("gloss", "hamnosys")
    assert relabel(items, "column", (unicodedata.normalize("NFD", "İşaret"),))[1] == ("İşaret",)


def test_attributes_become_the_labels_and_the_heads():
    items, heads = relabel([item("a", FIST), item("b", FLAT), item("c", FIST), item("d", FLAT)], "attributes", ())
    assert [clip.labels["handshape"] for clip in items] == ["fist", "flat hand"] * 2
    assert {"handshape", "finger_direction", "palm", "direction", "size", "repetition"} == set(heads)
    _, chosen = relabel(items, "attributes", HEADS)
    assert chosen == HEADS


def test_a_string_that_does_not_parse_is_rejected_with_its_place_and_none_is_unlabelled():
    items, _ = relabel([item("a", "\ue000"), item("b"), item("c", FIST)], "attributes", HEADS)
    assert (items[0].reason, items[0].name) == ("unparsed_hamnosys", "a")
    assert "after 1 symbols" in items[0].detail
    assert items[1].labels == {}
    assert items[2].labels["handshape"] == "fist"


def test_clips_of_one_source_and_gloss_and_equal_strings_share_a_group():
    other = string("finger2 extfingeru palml moved")
    items, _ = relabel(
        [
            item("pjm_1", FIST, "HOUSE"), item("gsl_1", other, "HOUSE"), item("pjm_2", FLAT, "HOUSE"),
            item("12", FLAT, "TREE"), item("13", string("fist extfingeru palmd"), "TREE"), item("x", group="room"),
            item("y", group="room"),
        ],
        "attributes", HEADS,
    )  # fmt: skip
    groups = [clip.group for clip in items]
    assert groups == ["pjm HOUSE", "gsl HOUSE", "pjm HOUSE", "pjm HOUSE", "pjm HOUSE", "x", "x"]


def test_the_source_is_read_off_the_name():
    assert [source_of(name) for name in ("pjm_1", "gsl_12", "7788", "MAISON", "NUM_3")] == [
        "pjm", "gsl", "dgs", "other", "other",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("mode", "heads", "message"),
    [
        ("words", (), "label_mode must be one of column, gloss, attributes"),
        ("attributes", ("gloss",), "label mode attributes has no head 'gloss'; it has symmetry, handshape"),
        ("gloss", ("handshape",), "label mode gloss has no head 'handshape'; it has gloss"),
    ],
)
def test_modes_and_heads_that_do_not_exist_are_refused(mode, heads, message):
    with pytest.raises(InputError, match=message):
        relabel([item("a", FIST)], mode, heads)


def test_a_split_gives_every_class_of_every_head_a_training_clip():
    rng = np.random.default_rng(0)
    classes = np.stack([rng.integers(0, 3, 300), rng.integers(-1, 40, 300), np.full(300, -1)], 1)
    classes[:2, 2] = [0, 1]  # two classes of a single clip each
    for seed in range(5):
        assignment = splits.assign_groups(np.arange(300), classes, (0.7, 0.15, 0.15), seed)
        np.testing.assert_allclose(np.bincount(assignment) / 300, [0.7, 0.15, 0.15], atol=0.04)
        for column in range(3):
            assert set(classes[assignment == 0, column]) >= set(classes[:, column]) - {-1}

import unicodedata

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from signjax.data.clip import Request
from signjax.data.sources import registry as source_registry
from signjax.data.tables.names import alike, canonical

TEXT = st.text(st.characters(), max_size=12)  # lone surrogates too


@given(TEXT)
def test_a_canonical_name_stays_so_and_can_be_written(text):
    name = canonical(text)
    assert canonical(name) == name == name.strip()
    assert name.encode("utf-8").decode("utf-8") == name
    assert canonical(unicodedata.normalize("NFD", name)) == canonical(unicodedata.normalize("NFC", name))


def test_names_as_file_systems_hand_them_over():
    assert canonical(unicodedata.normalize("NFD", "ağaç")) == "ağaç"
    assert canonical(b"cl\xffip.pkl".decode("utf-8", "surrogateescape")) == r"cl\udcffip.pkl"
    assert canonical("\u00a0 a b\r\n") == "a b"


def test_names_that_were_meant_to_be_one():
    names = [
        "HOUSE",
        "house",
        "House ",
        "THANK YOU",
        "thank_you",
        "Thank-You",
        "thankyou",
        "\uff34\uff32\uff25\uff25",
        "tree",
        "STRASSE",
        "straße",
    ]
    assert alike(names) == [
        ("HOUSE", "house", "House "),
        ("THANK YOU", "thank_you", "Thank-You", "thankyou"),
        ("\uff34\uff32\uff25\uff25", "tree"),
        ("STRASSE", "straße"),
    ]
    assert alike(["a", "a", "b", "ağaç", "agac"]) == []


def test_numbers_are_not_run_together():
    assert alike(["s1-11", "s11-1", "p 1 2", "p 12"]) == []
    assert alike(["take 1-2", "TAKE_1_2"]) == [("take 1-2", "TAKE_1_2")]
    assert alike(["-", "!", "?", ""]) == []


@given(st.lists(TEXT))
def test_every_name_is_in_one_group_at_most(names):
    groups = alike(names)
    flat = [name for group in groups for name in group]
    assert len(flat) == len(set(flat))
    assert set(flat) <= set(names)
    assert all(len(group) > 1 for group in groups)


def labelled(tmp_path, rows: list[tuple[str, str, str]]):
    """The items of a folder of clips and a table of (clip, gloss, signer)."""
    for clip, _, _ in rows:
        np.save(tmp_path / f"{clip}.npy", np.ones((5, 2), np.float32))
    table = "".join(f"{clip},{gloss},{signer}\n" for clip, gloss, signer in rows)
    (tmp_path / "labels.csv").write_text(f"clip,gloss,signer\n{table}", encoding="utf-8")
    return source_registry.listing("arrays", Request(tmp_path))


def test_numbers_that_pandas_wrote_are_one_class_and_one_signer(tmp_path):
    listing = labelled(tmp_path, [("a", "2", "4"), ("b", "2.0", "4.0"), ("c", "3", "5"), ("d", "3", "nan")])
    assert [item.labels["gloss"] for item in listing.items] == ["2", "2", "3", "3"]
    assert [item.signer for item in listing.items] == ["4", "4", "5", None]
    assert "signer '4.0' is read as '4'" in listing.remarks and "signer 'nan' is read as unknown" in listing.remarks


def test_a_label_of_nothing_is_no_class_but_the_sign_none_is(tmp_path):
    listing = labelled(tmp_path, [("a", "NONE", "x"), ("b", "nan", "None"), ("c", "None", "x")])
    assert [item.labels for item in listing.items] == [{"gloss": "NONE"}, {}, {"gloss": "None"}]
    assert [item.signer for item in listing.items] == ["x", None, "x"]


def test_folders_that_differ_by_unicode_form_alone_lose_no_clip(tmp_path):
    for name in ("a\u011fa\xe7", unicodedata.normalize("NFD", "a\u011fa\xe7")):
        (tmp_path / name).mkdir()
        for take in range(3):
            np.save(tmp_path / name / f"{take}.npy", np.ones((5, 126), np.float32))
    items = source_registry.listing("mediapipe", Request(tmp_path)).items
    assert len({item.name for item in items}) == 6
    assert {item.labels["gloss"] for item in items} == {"a\u011fa\xe7"}

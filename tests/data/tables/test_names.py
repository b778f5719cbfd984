import unicodedata

from hypothesis import given
from hypothesis import strategies as st

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

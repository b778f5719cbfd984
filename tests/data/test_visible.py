import pytest

from signjax.data.visible import clips, distinct, shortened, visible


@pytest.mark.parametrize(
    "name", ["wave", "你好", "نعم", "👨‍👩‍👧", "a & b", "<b>", "\ue000\ue0d4", "\\n", "_x", "crème"]
)
def test_what_can_be_read_stays_as_it_is(name):
    assert visible(name) == name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("two\nlines", "two\\nlines"),
        ("\x00nul\x1b[31m", "\\x00nul\\x1b[31m"),
        ("caf\udce9", "caf\\udce9"),
        ("a\u2028b", "a\\u2028b"),
        ("\u202eabc", "\\u202eabc"),
        ("\u200b", "\\u200b"),
        ("\u3164", "\\u3164"),
        ("  ", "\\x20\\x20"),
    ],
)
def test_what_cannot_be_seen_is_an_escape(name, shown):
    assert visible(name) == shown


def test_a_long_text_keeps_its_beginning_and_its_end():
    assert shortened("abcdef", 6) == "abcdef"
    assert shortened("a" * 50 + "b" * 50, 10) == "aaaaaa…bbb"


def test_texts_become_distinct_and_the_first_of_a_kind_keeps_its_name():
    assert distinct(["a", "a_2", "a", "a", "A"]) == ["a", "a_2", "a_3", "a_4", "A"]
    assert distinct(["a", "A", "b"], str.casefold) == ["a", "A_2", "b"]


def test_one_clip_is_not_clips():
    assert [clips(count) for count in (0, 1, 2, 1000)] == ["0 clips", "1 clip", "2 clips", "1,000 clips"]

import csv
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signjax.data.tables.delimited import read_delimited
from signjax.data.tables.faults import Faults
from signjax.data.tables.names import canonical
from signjax.errors import InputError

FIELD = st.text(st.characters(blacklist_characters="\n\r\0", blacklist_categories=("Cs",)), max_size=6)
SAME_FOLDER = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def read(path, delimiters=",;\t|", needed=("clip",)):
    faults = Faults(path)
    rows = read_delimited(path, delimiters, needed, faults)
    faults.check()
    return rows


@SAME_FOLDER
@given(
    rows=st.lists(st.tuples(FIELD, FIELD), max_size=8),
    delimiter=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    blank=st.booleans(),
)
def test_every_row_that_a_writer_wrote_is_read(tmp_path, rows, delimiter, end, blank):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end + (end if blank else ""), quoting=csv.QUOTE_ALL)
    writer.writerows([("clip", "gloss"), *rows])
    (tmp_path / "t.csv").write_bytes(text.getvalue().encode())
    expected = [
        (f"line {2 * number + 3 if blank else number + 2}", {"clip": canonical(clip), "gloss": canonical(gloss)})
        for number, (clip, gloss) in enumerate(rows)
        if canonical(clip) or canonical(gloss)
    ]
    assert read(tmp_path / "t.csv") == expected


@SAME_FOLDER
@given(st.lists(st.text(st.sampled_from('ab",\t\n\0 '), max_size=8), max_size=8), st.sampled_from(["\n", "\r\n", "\r"]))
def test_every_line_is_a_row_or_named_or_has_no_text(tmp_path, lines, end):
    lines = [part for line in lines for part in line.split("\n")]
    (tmp_path / "t.csv").write_bytes(end.join(["clip,gloss", *lines, ""]).encode())
    faults = Faults(tmp_path / "t.csv")
    places = [place for place, _ in read_delimited(tmp_path / "t.csv", ",", ("clip",), faults)]
    with_text = sum(bool(line.strip('", \t')) for line in lines)
    assert len(set(places)) == len(places)
    assert len(places) <= len(lines)
    assert len(places) + len(faults) >= with_text
    for place in places:
        assert lines[int(place.removeprefix("line ")) - 2].strip(", \t")


@pytest.mark.parametrize(("delimiter", "suffix"), [("\t", "tsv"), ("|", "csv"), (",", "csv")])
def test_a_stray_quotation_mark_takes_no_rows_with_it(tmp_path, delimiter, suffix):
    lines = [delimiter.join((f"clip_{i}", '"SIGN' if i % 2 else "SIGN")) for i in range(120)]
    path = tmp_path / f"t.{suffix}"
    path.write_text("\n".join([f"clip{delimiter}gloss", *lines]))
    with pytest.raises(InputError, match="line 3: the quotation mark that begins a field has no partner") as caught:
        read(path)
    assert "line 11" in str(caught.value) and "line 13" not in str(caught.value)
    assert "(60 in all). A field must end on the line on which it begins" in str(caught.value)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_all_kinds_of_faults_are_told_with_their_lines(tmp_path, end):
    lines = ["clip,gloss", "", 'a,"b"c', "b,x", "  ", "c,x,y", 'd,"x', "e", "f,\0", ",,", 'g,5" screen']
    (tmp_path / "t.csv").write_text(end.join(lines), newline="")
    with pytest.raises(InputError) as caught:
        read(tmp_path / "t.csv")
    for said in (
        "3 problems:",
        'line 3: found text after the quotation mark that ends a field, a,"b"c; line 7: the quotation mark that begins',
        "line 6: expected 2 fields, found 3; line 8: expected 2 fields, found 1",
        "line 9: expected text, found a NUL byte",
    ):
        assert said in str(caught.value)


def test_quotation_marks_that_are_not_stray(tmp_path):
    (tmp_path / "t.csv").write_text('clip, "gloss"\na,"the 5"" screen"\nb, "x, y"\nc,5" screen\n')
    assert [fields["gloss"] for _, fields in read(tmp_path / "t.csv")] == ['the 5" screen', "x, y", '5" screen']


def test_text_in_another_encoding_names_each_line(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"clip,gloss\r\na,ma\xdf\r\nb,\xc3\xa4\r\nc,\xe4\r\n")
    with pytest.raises(
        InputError, match=r"line 2: expected UTF-8, found the byte 0xdf; line 4: .*0xe4\. Save the table"
    ):
        read(tmp_path / "t.csv")


def test_a_line_separator_of_unicode_ends_no_line(tmp_path):
    (tmp_path / "t.csv").write_text("clip,gloss\na,x\u2028y\x0bz\n")
    assert read(tmp_path / "t.csv") == [("line 2", {"clip": "a", "gloss": "x\u2028y\x0bz"})]


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=; "])
def test_the_delimiter_that_excel_was_told(tmp_path, first):
    (tmp_path / "t.csv").write_text(f"{first}\nclip;gloss, a\na;B, C\n")
    assert read(tmp_path / "t.csv") == [("line 3", {"clip": "a", "gloss, a": "B, C"})]
    (tmp_path / "t.csv").write_text("sep=\t\nclip\tgloss\na\tB\n")
    assert read(tmp_path / "t.csv", ",;") == [("line 3", {"clip": "a", "gloss": "B"})]


@pytest.mark.parametrize("header", ["", "Unnamed: 0"])
def test_an_index_and_empty_columns_are_no_columns(tmp_path, header):
    (tmp_path / "t.csv").write_text(f"{header},clip,gloss,,\n0,a,A,,\n7,b,,,,,\n,,,,\n,,\n")
    rows = [("line 2", {"clip": "a", "gloss": "A"}), ("line 3", {"clip": "b", "gloss": ""})]
    assert read(tmp_path / "t.csv") == rows


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (",gloss,clip\nx,A,a\n", r"column 1 has no name, but holds values \(line 2: 'x'\). Name it in the first line"),
        ("clip,,gloss\na,,A\nb,3,B\n", r"column 2 has no name, but holds values \(line 3: '3'\)"),
        (",gloss,clip\n0,A,a\n0,B,b\n", r"column 1 has no name"),
        ("clip,gloss\na,A,,x\n", "line 2: expected 2 fields, found 4"),
    ],
)
def test_values_without_a_column_are_not_lost(tmp_path, text, message):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        read(tmp_path / "t.csv")

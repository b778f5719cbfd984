import csv
import random
import resource

import pytest

from signjax.data.csv_table import GrowingTable, read_table, write_table
from signjax.errors import InputError

PIECES = [*"'=+-@\t\r\n\",;\\ud80fa \x00\ufeff\u2028", "\udcff", "\ud800", "\\udcff", "\\ud8", "😀", "你", "ع"]


def test_whatever_a_text_holds_is_read_back(tmp_path):
    choose = random.Random(0)
    texts = ["".join(choose.choices(PIECES, k=choose.randrange(9))) for _ in range(20_000)]
    write_table(tmp_path / "a.csv", ["name", "number"], [(text, 1) for text in texts])
    assert [row["name"] for row in read_table(tmp_path / "a.csv")] == texts


def test_no_text_is_a_formula_and_no_number_a_text(tmp_path):
    texts = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "'=1", "''-1", "'quoted'", "a=1"]
    write_table(tmp_path / "a.csv", ["=head", "number"], [(text, -1.5) for text in texts])
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as file:
        header, *cells = csv.reader(file)
    assert header == ["'=head", "number"]
    written = [f"'{text}" for text in texts[:-2]] + texts[-2:]
    assert cells == [[text, "-1.5"] for text in written]
    assert [row["=head"] for row in read_table(tmp_path / "a.csv")] == texts


def test_column_names_are_texts_too_and_the_first_of_two_is_read(tmp_path):
    header = ["frames", "two\nlines", "\udcff", "-", "frames"]
    write_table(tmp_path / "a.csv", header, [range(5)])
    assert read_table(tmp_path / "a.csv") == [{"frames": "0", "two\nlines": "1", "\udcff": "2", "-": "3"}]


def test_a_long_cell_is_read_and_the_limit_of_others_stays(tmp_path):
    before = csv.field_size_limit()
    write_table(tmp_path / "a.csv", ["name"], [["x" * 300_000]])
    assert read_table(tmp_path / "a.csv") == [{"name": "x" * 300_000}]
    assert csv.field_size_limit() == before


def test_a_growing_table_is_the_one_that_is_written_at_once(tmp_path):
    rows = [[piece, "é\udcff", -1.5] for piece in PIECES]
    write_table(tmp_path / "at_once.csv", ["=a", "b", "c"], rows)
    with GrowingTable(tmp_path / "grown.csv", ["=a", "b", "c"]) as table:
        table.append(rows[:3])
        table.append(rows[3:])
        table.finish()
    assert (tmp_path / "grown.csv").read_bytes() == (tmp_path / "at_once.csv").read_bytes()
    assert len(list(tmp_path.iterdir())) == 2


def test_a_growing_table_on_a_full_disk_keeps_what_was_written(tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with pytest.raises(OSError, match="File too large"), GrowingTable(tmp_path / "a.csv", ["a"]) as table:
        table.append([["x" * 500]])
        resource.setrlimit(resource.RLIMIT_FSIZE, (600, before[1]))
        try:
            table.append([["x" * 500]])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert table.rows == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv.partial"]


def test_a_table_that_was_cut_off_names_the_line(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n3\n")
    with pytest.raises(InputError, match=r"a\.csv, line 3: expected 2 fields, found 1"):
        read_table(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_text("")
    assert read_table(tmp_path / "a.csv") == []

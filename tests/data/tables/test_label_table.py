import json
import unicodedata
from pathlib import Path

import pytest

from signjax.data.tables.label_table import read_label_table, split_name
from signjax.errors import InputError

RECORDS = [
    {
        "clip": "a",
        "gloss": "HOUSE",
        "signer": "anna",
        "split": "dev",
        "dominant_hand": "Left",
        "start": "3",
        "end": "9",
    },
    {"clip": "b", "gloss": "TREE, TALL", "signer": "", "split": "", "dominant_hand": "", "start": "", "end": ""},
]


def write(path: Path, records: list[dict[str, str]]) -> Path:
    """The same table in the format of the suffix."""
    if path.suffix == ".json":
        path.write_text(json.dumps(records))
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(record) + "\n\n" for record in records))
    else:
        delimiter = "\t" if path.suffix == ".tsv" else ","
        lines = [records[0].keys(), *([f'"{v}"' for v in record.values()] for record in records)]
        path.write_text("".join(delimiter.join(line) + "\n" for line in lines))
    return path


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".json", ".jsonl"])
def test_every_form_says_the_same(tmp_path, suffix):
    first, second = read_label_table(write(tmp_path / f"t{suffix}", RECORDS))
    assert (first.name, first.labels, first.signer, first.split) == ("a", {"gloss": "HOUSE"}, "anna", "valid")
    assert (first.dominant_hand, first.start, first.stop, first.file) == ("left", 3, 9, "")
    assert (second.name, second.labels) == ("b", {"gloss": "TREE, TALL"})
    assert (second.signer, second.group, second.split, second.dominant_hand) == (None,) * 4
    assert (second.start, second.stop) == (0, None)


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_a_csv_of_another_delimiter(tmp_path, delimiter):
    (tmp_path / "t.csv").write_text(f"clip{delimiter}gloss\na{delimiter}HOUSE, SMALL\n", encoding="utf-8-sig")
    assert read_label_table(tmp_path / "t.csv")[0].labels == {"gloss": "HOUSE, SMALL"}


def test_signavatars_own_label_table(tmp_path):
    path = tmp_path / "data.json"
    path.write_text(json.dumps({"c1": {"type_name": "HAUS", "hamnosys": "\ue000", "video": None}}))
    (row,) = read_label_table(path)
    assert (row.name, row.labels) == ("c1", {"gloss": "HAUS", "hamnosys": "\ue000"})


def test_what_is_nested_in_json_is_kept_as_text(tmp_path):
    (tmp_path / "t.json").write_text('[{"clip": "a", "box": [1, 2], "gloss": 7, "two_handed": true}]')
    (row,) = read_label_table(tmp_path / "t.json")
    assert row.labels == {"box": "[1, 2]", "gloss": "7", "two_handed": "true"}


def test_frames_as_pandas_writes_them(tmp_path):
    (tmp_path / "t.csv").write_text("clip,start,end\na,3.0,9.0\nb,,\n")
    assert [(row.start, row.stop) for row in read_label_table(tmp_path / "t.csv")] == [(3, 9), (0, None)]


def test_minus_one_is_the_end_of_the_file(tmp_path):
    (tmp_path / "t.csv").write_text("clip,start,end\na,3,-1\nb,0,-1.0\n")
    assert [(row.start, row.stop) for row in read_label_table(tmp_path / "t.csv")] == [(3, None), (0, None)]


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".json", ".jsonl"])
def test_columns_are_recognised_in_any_case(tmp_path, suffix):
    record = {
        "Clip": "a",
        "GLOSS": "HOUSE",
        " Signer": "anna",
        "Dominant hand": "L",
        "SPLIT": "Test",
        "HamNoSys": "h",
        "Palm": "up",
    }
    (row,) = read_label_table(write(tmp_path / f"t{suffix}", [record]))
    assert (row.name, row.signer, row.dominant_hand, row.split) == ("a", "anna", "left", "test")
    assert row.labels == {"gloss": "HOUSE", "hamnosys": "h", "Palm": "up"}


@pytest.mark.parametrize(
    ("suffix", "message"),
    [
        (".csv", "'dominant_hand', 'gloss' twice \\(also spelled 'Gloss', 'Dominant-Hand'\\)"),
        (".json", "entry 1: found column 'gloss' twice; entry 1: found column 'dominant_hand' twice"),
        (".jsonl", "line 1: found column 'gloss' twice"),
    ],
)
def test_two_columns_that_are_one(tmp_path, suffix, message):
    record = {"clip": "a", "gloss": "A", "Gloss": "B", "Dominant-Hand": "left", "dominant_hand": "right"}
    with pytest.raises(InputError, match=message):
        read_label_table(write(tmp_path / f"t{suffix}", [record]))


def test_names_are_canonical(tmp_path):
    decomposed = unicodedata.normalize("NFD", "ağaç")
    for suffix in (".csv", ".json"):
        (row,) = read_label_table(
            write(tmp_path / f"t{suffix}", [{"clip": decomposed, "file": decomposed, decomposed: decomposed}])
        )
        assert (row.name, row.file, row.labels) == ("ağaç", "ağaç", {"ağaç": "ağaç"})


def test_all_faults_of_a_table_are_told_at_once(tmp_path):
    lines = [
        "clip,start,end,dominant_hand",
        "a,1.28,2.5,",
        "a,0,5,both",
        ",0,5,",
        "b,-2,-3,",
        "c,9,4,",
        "d,1",
        *["e,x,,"] * 6,
    ]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    with pytest.raises(InputError) as caught:
        read_label_table(tmp_path / "t.csv")
    for said in (
        "line 2, column 'start': expected the number of a frame, found '1.28', which looks like seconds; line 2, column 'end'",
        "Multiply seconds by the frame rate",
        "line 3, column 'dominant_hand': expected left or right, found 'both'",
        "line 3: clip 'a' is already listed in line 2",
        "line 4, column 'clip': expected the name of a clip, found nothing",
        "line 5, column 'start': expected a frame number from 0, found '-2'; line 5, column 'end'",
        "(8 in all)",
        "line 6, column 'end': expected a frame after the first, 9, found 4",
        "line 7: expected 4 fields, found 2",
    ):
        assert said in str(caught.value)
    assert "line 13" not in str(caught.value).split("already")[0]


def test_a_clip_that_is_named_twice_in_json_is_not_lost(tmp_path):
    (tmp_path / "t.json").write_text('{"a": {"gloss": "X"}, "b": {"gloss": "Y"}, "a": {"gloss": "Z"}}')
    with pytest.raises(InputError, match="key 'a': clip 'a' is already listed in key 'a'"):
        read_label_table(tmp_path / "t.json")


@pytest.mark.parametrize(
    ("split", "names"),
    [
        ("train", ["train", "Train", "TRAINING", " train "]),
        ("valid", ["val", "VAL", "validation", "Validation", "DEV", "Dev", "valid", "development\n"]),
        ("test", ["test", "TEST", " test ", "Testing"]),
    ],
)
def test_the_usual_names_of_a_split(tmp_path, split, names):
    assert {split_name(name) for name in names} == {split}
    records = [{"clip": str(number), "split": name} for number, name in enumerate(names)]
    (tmp_path / "t.json").write_text(json.dumps(records))
    assert {row.split for row in read_label_table(tmp_path / "t.json")} == {split}


@pytest.mark.parametrize(
    ("name", "kept"), [("fold 3", "fold 3"), ("0", "0"), (" A ", "A"), ("", None), (" ", None), (None, None)]
)
def test_what_is_no_name_of_a_split_is_kept(name, kept):
    assert split_name(name) == kept


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", "gloss\na\n", "t.csv: the table needs column 'clip'; its first line has gloss"),
        ("t.csv", "", "its first line has no columns"),
        ("t.csv", "clip,gloss\n", "the label table has no row"),
        ("t.csv", "clip,gloss,gloss\na,b,c\n", "line 1: found column 'gloss' twice"),
        ("t.csv", "clip,gloss\na,x\na,y\n", "line 3: clip 'a' is already listed in line 2"),
        ("t.csv", "clip,gloss\na,x,y\n", "line 2: expected 2 fields, found 3"),
        ("t.csv", "clip,gloss\na,x\n\nb\n", "line 4: expected 2 fields, found 1"),
        ("t.csv", "clip,gloss\n,x\n", "line 2, column 'clip': expected the name of a clip"),
        ("t.csv", "clip,start\na,-1\n", "line 2, column 'start': expected a frame number from 0, found '-1'"),
        ("t.csv", "clip,end\na,soon\n", "line 2, column 'end': expected a frame number from 0, found 'soon'"),
        ("t.csv", "clip,start,end\na,5,5\n", "line 2, column 'end': expected a frame after the first, 5, found 5"),
        ("t.csv", "clip,dominant_hand\na,both\n", "column 'dominant_hand': expected left or right, found 'both'"),
        ("t.json", '"a"', "expected an object of objects"),
        ("t.json", '{"a": 3}', "key 'a': expected an object with a field for each column, found int"),
        ("t.json", '{"a": ', r"expected a label table \(.json, UTF-8\): .*line 1 column"),
        ("t.jsonl", '{"clip": "a"}\n{"clip"\n', "line 2: expected a JSON object"),
        ("t.jsonl", '{"gloss": "a"}\n', "line 1, column 'clip'"),
        ("t.xlsx", "", "the suffix of a label table must be one of .csv, .tsv, .json, .jsonl"),
    ],
)
def test_tables_that_cannot_be_used_say_where(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=message):
        read_label_table(tmp_path / name)


def test_a_table_that_is_not_there_or_no_text(tmp_path):
    with pytest.raises(InputError, match="the label table does not exist"):
        read_label_table(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_bytes(b"clip,gloss\na,\xff\xfe\n")
    with pytest.raises(InputError, match="UTF-8"):
        read_label_table(tmp_path / "t.csv")

import pytest

from signjax.data.tables.columns import holds_values, read_columns
from signjax.data.tables.label_table import read_label_table, read_label_tables
from signjax.errors import InputError

CITIZEN = "Participant ID,Video file,Gloss,ASL-LEX Code\nP52,15890366-APPLE.mp4,APPLE,B_02_040\n"


def read(tmp_path, text, columns="", suffix=".csv"):
    (tmp_path / f"t{suffix}").write_text(text)
    said = []
    return read_label_table(tmp_path / f"t{suffix}", columns, said.append), said


def test_columns_as_the_setting_says(tmp_path):
    text = "Who,Where,What,Gloss\nanna,a.mp4,HOUSE,x\n"
    (row,), (said,) = read(tmp_path, text, "clip=where, gloss=What,signer=Who,handshape=Gloss")
    assert (row.name, row.signer) == ("a.mp4", "anna")
    assert row.labels["gloss"] == "HOUSE" and row.labels["handshape"] == "x"
    assert "reading column 'Where' as 'clip' and 'What' as 'gloss'" in said and "its own 'gloss' not used" in said


def test_columns_by_their_usual_names(tmp_path):
    (row,), (said,) = read(tmp_path, CITIZEN)
    assert (row.name, row.signer, row.labels["gloss"]) == ("15890366-APPLE.mp4", "P52", "APPLE")
    assert said.endswith("t.csv: reading column 'Video file' as 'clip' and 'Participant ID' as 'signer'")
    assert row.labels["Participant ID"] == "P52"  # it may still be a head


def test_own_names_come_first(tmp_path):
    (row,), said = read(tmp_path, "video_id,clip,label,gloss,split,subset\n1,a,3,HOUSE,train,test\n")
    assert (row.name, row.labels["gloss"], row.split, said) == ("a", "HOUSE", "train", [])


def test_a_column_of_other_values_is_no_split(tmp_path):
    (row,), _ = read(tmp_path, "clip,gloss,subset\na,A,asl100\n")
    assert row.split is None and row.labels["subset"] == "asl100"
    (row,), _ = read(tmp_path, "clip,gloss,subset\na,A,dev\n")
    assert row.split == "valid"


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ("clip", "'clip' is not of the form WHAT=COLUMN; write for example"),
        ("clip=", "is not of the form"),
        ("=x", "is not of the form"),
        ("clip=Video file,Clip=Gloss", "it says twice which column is 'clip'"),
        (
            "clip=File",
            "'clip' is column 'File', but there is no such column; the columns are Participant ID, Video file",
        ),
    ],
)
def test_a_setting_that_cannot_be_used(tmp_path, columns, message):
    with pytest.raises(InputError, match=message):
        read(tmp_path, CITIZEN, columns)


def test_names_of_columns_may_hold_commas():
    assert read_columns("clip=name, first,gloss=Sign") == {"clip": "name, first", "gloss": "Sign"}
    assert read_columns("") == {}


def test_two_columns_that_may_be_the_clip(tmp_path):
    with pytest.raises(InputError, match=r"columns 'Video ID', 'video-id' may both be 'clip'; choose one with"):
        read(tmp_path, "Video ID,video-id,gloss\n1,2,A\n")
    (row,), _ = read(tmp_path, "Video ID,video-id,gloss\n1,2,A\n", "clip=video-id")
    assert row.name == "2"


def test_a_table_without_a_clip_says_how_to_name_one(tmp_path):
    with pytest.raises(InputError, match=r"needs column 'clip'; its first line has Take, gloss.*columns=\"clip=Take\""):
        read(tmp_path, "Take,gloss\na,A\n")


@pytest.mark.parametrize(
    ("first", "columns", "values"),
    [
        ("signer0_sample1,41", {}, True),
        ("a/v1.mp4,hello", {}, True),
        ("health1_rep1/glosses0000,EGO", {}, True),
        ("clip,7", {}, False),
        ("0,1", {}, False),  # names that pandas gave
        ("a,b", {}, False),
        ("a,b,7", {}, False),
        ("a,b,c", {"clip": "2", "gloss": "3"}, True),
        ("1,2,c", {"clip": "2"}, False),
        ("a,b,c", {"clip": "1", "gloss": "c"}, False),
    ],
)
def test_whether_the_first_line_holds_values(first, columns, values):
    assert holds_values(first.split(","), columns) == values


@pytest.mark.parametrize(("suffix", "delimiter"), [(".csv", ";"), (".txt", " "), (".txt", "\t"), (".txt", "|")])
def test_a_table_without_names_of_columns(tmp_path, suffix, delimiter):
    text = f"a/v1.mp4{delimiter}0\nb/v2.mp4{delimiter}1\n"
    rows, (said,) = read(tmp_path, text, suffix=suffix)
    assert [(row.name, row.labels["gloss"]) for row in rows] == [("a/v1.mp4", "0"), ("b/v2.mp4", "1")]
    assert (
        "the first line holds values, so columns are numbered; reading column '1' as 'clip' and '2' as 'gloss'" in said
    )
    rows, _ = read(tmp_path, "x;HOUSE;a\ny;TREE;b\n", "clip=3,gloss=2,signer=1")
    assert [(row.name, row.labels["gloss"], row.signer) for row in rows] == [("a", "HOUSE", "x"), ("b", "TREE", "y")]


def test_a_table_for_each_split(tmp_path):
    paths = [tmp_path / name for name in ("train_labels.csv", "corpus.DEV.csv", "MY-test.csv")]
    for number, path in enumerate(paths):
        path.write_text(f"clip,gloss\nc{number},A\n")
    said = []
    assert [row.split for row in read_label_tables(paths, say=said.append)] == ["train", "valid", "test"]
    assert "MY-test.csv is split 'test'" in said[-1]
    assert [row.split for row in read_label_tables(paths[:1])] == [None]  # one table says nothing of the others
    paths[1].write_text("clip,gloss,split\nc1,A,test\n")
    assert [row.split for row in read_label_tables(paths)] == [None, "test", None]


def test_a_clip_in_two_tables(tmp_path):
    for name, gloss in (("a", "A"), ("b", "B")):
        (tmp_path / f"{name}.csv").write_text(f"clip,gloss\nc,{gloss}\n")
    with pytest.raises(
        InputError, match=r"clip 'c' is in .*a.csv, line 2, and in .*b.csv, line 2. Each clip must be in one"
    ):
        read_label_tables([tmp_path / "a.csv", tmp_path / "b.csv"])

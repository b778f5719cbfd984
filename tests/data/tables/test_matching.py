"""Label tables and files as a source brings them together."""

from pathlib import Path

import numpy as np
import pytest

from signjax.data.clip import Item, Rejected, Request
from signjax.data.preparation.recipe import fingerprints
from signjax.data.sources import registry as source_registry
from signjax.errors import InputError
from tests.conftest import make_recipe


def files(folder, *names, frames=20):
    for name in names:
        path = folder / "clips" / f"{name}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, np.ones((frames, 4), np.float32))


def listed(folder, tables, columns="", source="arrays"):
    """The clips, the rejected clips by name, and the remarks."""
    if isinstance(tables, str):
        (folder / "t.csv").write_text(tables)
        tables = ["t.csv"]
    labels = ",".join(str(folder / table) for table in tables)
    listing = source_registry.listing(source, Request(folder / "clips", labels, columns=columns))
    clips = {item.name: item for item in listing.items if isinstance(item, Item)}
    return clips, {item.name: item for item in listing.items if isinstance(item, Rejected)}, listing.remarks


def glosses(clips):
    return {Path(item.file).name: item.labels["gloss"] for item in clips.values()}


def test_a_table_of_videos(tmp_path):
    files(tmp_path, "hello_1", "bye_1")
    clips, rejected, (said,) = listed(tmp_path, "clip,gloss\nD:\\rec\\hello_1.mp4,HELLO\nD:\\rec\\bye_1.MOV,BYE\n")
    assert glosses(clips) == {"hello_1.npy": "HELLO", "bye_1.npy": "BYE"} and not rejected
    assert list(clips) == ["bye_1", "hello_1"]
    assert (
        "2 names are matched to files of a different name, such as 'D:\\\\rec\\\\hello_1.mp4' to 'hello_1.npy'" in said
    )
    assert said.endswith("ignored: folders, the suffix")


def test_clips_of_one_number_are_named_with_their_folder(tmp_path):
    files(tmp_path, "hello/1", "bye/1")
    clips, _, _ = listed(tmp_path, "clip,gloss\nC:\\d\\hello\\1.mp4,HELLO\nC:\\d\\bye\\1.mp4,BYE\n")
    assert {name: item.labels["gloss"] for name, item in clips.items()} == {"bye/1": "BYE", "hello/1": "HELLO"}


def test_recordings_of_another_machine_are_cut(tmp_path):
    files(tmp_path, "monday")
    table = "clip,file,start,end,gloss\nm1,C:\\rec\\monday.mp4,0,8,RAIN\nm2,C:\\rec\\monday.mp4,8,20,WIND\n"
    clips, _, _ = listed(tmp_path, table)
    assert [(item.name, item.start, item.stop) for item in clips.values()] == [("m1", 0, 8), ("m2", 8, 20)]


def test_names_in_doubt_are_quarantined_with_the_reason(tmp_path):
    files(tmp_path, "a", "b")
    clips, rejected, remarks = listed(tmp_path, "clip,gloss\na.mp4,A\na.mov,B\nb.mp4,B\n")
    assert glosses(clips) == {"b.npy": "B"}
    assert {name: item.reason for name, item in rejected.items()} == {
        "a": "unlabelled", "a.mp4": "ambiguous_name", "a.mov": "ambiguous_name",
    }  # fmt: skip
    assert rejected["a.mov"].detail.endswith("line 3: a.mov: a.npy fits, but also 'a.mp4' of the table")
    assert remarks[-1].endswith(
        "2 names are ambiguous and left out, such as 'a.mp4': a.npy fits, but also 'a.mov' of the table"
    )


def test_two_rows_that_name_one_file_exactly(tmp_path):
    files(tmp_path, "a", "x/b")
    clips, rejected, _ = listed(tmp_path, "clip,gloss\na,A\na.npy,B\nx/b,B\nb,A\n")
    assert glosses(clips) == {"b.npy": "B"}  # the path says more than the name alone
    assert {name: item.reason for name, item in rejected.items()} == dict.fromkeys(
        ("a", "a.npy", "b"), "ambiguous_name"
    )
    assert rejected["a"].detail.endswith("line 2: 'a' means a.npy, but so does 'a.npy'; name each file in one row")
    clips, rejected, _ = listed(tmp_path, "file,clip,gloss\na,1,A\na.npy,2,B\nx/b,3,B\nx/b,4,A\n")
    assert {name: item.labels["gloss"] for name, item in clips.items()} == {
        "3": "B",
        "4": "A",
    }  # both rows mean that file
    assert {name: item.reason for name, item in rejected.items()} == dict.fromkeys("12", "ambiguous_name")


def test_equal_rows_are_one(tmp_path):
    files(tmp_path, "a", "b")
    clips, rejected, remarks = listed(tmp_path, "sep=;\n;clip;gloss\n0;a;A\n1;b;B\n2;a;A\n;;\n;;\n")
    assert glosses(clips) == {"a.npy": "A", "b.npy": "B"} and not rejected
    assert remarks[0].endswith("1 row is equal to an earlier one, which is read once")


def test_when_nothing_matches_both_sides_and_a_rule_are_shown(tmp_path):
    files(tmp_path, "HELLO_1", "BYE_1", "X", "Y")
    with pytest.raises(InputError) as caught:
        listed(tmp_path, "clip,gloss\nhello_1,A\nbye_1,B\nz,B\nu,C\n")
    assert "none of its 4 clips (first: 'hello_1', 'bye_1', 'z') has a file in" in str(caught.value)
    assert "(first: BYE_1.npy, HELLO_1.npy, X.npy). If upper and lower case were ignored, 2 of them" in str(
        caught.value
    )
    with pytest.raises(
        InputError, match=r"Column 'recording' names files; choose it with .*columns=\"clip=recording\""
    ):
        listed(tmp_path, "name,recording,gloss\nh,X.mp4,A\nb,Y.mp4,B\n")
    with pytest.raises(InputError, match=r"'p/X.mp4' is ambiguous: X.npy fits, but also 'q/X.mp4' of the table"):
        listed(tmp_path, "clip,gloss\np/X.mp4,A\nq/X.mp4,B\n")
    with pytest.raises(InputError, match=r"if another column does, name it with .* \(label columns: gloss\)"):
        listed(tmp_path, "clip,gloss\nqqq,A\n")


def test_a_table_for_each_split_as_a_list_and_as_a_folder(tmp_path):
    files(tmp_path, "a", "b")
    (tmp_path / "tables").mkdir()
    for name, clip in (("train", "a"), ("test", "b")):
        (tmp_path / "tables" / f"{name}.csv").write_text(f"Participant ID,Video file,Gloss\nP1,{clip}.mp4,G\n")
    (tmp_path / "tables" / "README.txt").write_text("What is in these tables")
    (tmp_path / "tables" / "._train.csv").write_bytes(b"\0\5\x16\7")
    for tables in (["tables/train.csv", "tables/test.csv"], ["tables"]):
        clips, rejected, _ = listed(tmp_path, tables)
        assert {name: item.split for name, item in clips.items()} == {"a": "train", "b": "test"} and not rejected


def test_seconds_need_a_frame_rate_only_if_recordings_are_cut(tmp_path):
    files(tmp_path, "talk-5-front")
    text = "VIDEO_NAME\tSENTENCE_NAME\tSTART\tEND\tSENTENCE{}\ntalk-5-front\ttalk_1-5-front\t0.1\t0.5\tHi{}\n"
    with pytest.raises(InputError, match="is to be cut out of talk-5-front, but the table gives its times in seconds"):
        listed(tmp_path, text.format("", ""))
    clips, _, _ = listed(tmp_path, text.format("\tfps", "\t20"))
    assert [(item.name, item.start, item.stop) for item in clips.values()] == [("talk_1-5-front", 2, 10)]
    files(tmp_path / "cut", "talk_1-5-front")
    clips, _, _ = listed(tmp_path / "cut", text.format("", ""))
    assert [(item.name, item.start, item.stop) for item in clips.values()] == [("talk_1-5-front", 0, None)]


def test_a_table_that_adds_to_a_source_with_labels(tmp_path):
    for name in ("hello/0", "hello/1", "bye/0"):
        path = tmp_path / "clips" / f"{name}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, np.ones((5, 126), np.float32))
    table = "Video,Signer ID\nMP\\hello\\0.mp4,anna\nMP\\hello\\1.mp4,ben\nMP\\bye\\0.mp4,cem\n0.mp4,dan\n"
    clips, rejected, _ = listed(tmp_path, table, source="mediapipe")
    assert {name: (item.labels["gloss"], item.signer) for name, item in clips.items()} == {
        "hello/0": ("hello", "anna"), "hello/1": ("hello", "ben"), "bye/0": ("bye", "cem"),
    }  # fmt: skip
    assert rejected["0.mp4"].reason == "ambiguous_name"
    with pytest.raises(InputError, match=r"config.data.columns is 'clip=Video', but there is no label table"):
        source_registry.listing("mediapipe", Request(tmp_path / "clips", columns="clip=Video"))


def test_a_list_of_classes_is_no_label_table(tmp_path):
    files(tmp_path, "a")
    (tmp_path / "labels.txt").write_text("hello\nbye\n")
    with pytest.raises(InputError, match="there is no label table; looked for"):
        source_registry.listing("arrays", Request(tmp_path / "clips"))


def test_a_file_that_is_left_out_for_its_name_is_named_in_the_remarks(tmp_path):
    files(tmp_path, "language/00335", "word/00335")
    clips, rejected, (said,) = listed(tmp_path, "clip,gloss\n00335,A\n")
    assert list(clips) == ["00335"] and rejected["00335"].reason == "duplicate_name"
    assert "language/00335.npy is used, and not word/00335.npy). Write their paths" in said


def test_the_list_of_classes_beside_a_table_belongs_to_it(tmp_path):
    files(tmp_path, "00335")
    (tmp_path / "nslt.json").write_text('{"00335": {"subset": "train", "action": [1, 1, 55]}}')
    recipe = make_recipe(source="arrays", path=str(tmp_path / "clips"), labels=str(tmp_path / "nslt.json"))
    before = fingerprints(recipe)
    (tmp_path / "wlasl_class_list.txt").write_text("1\tdrink\n")
    assert before[0] != fingerprints(recipe)[0] and before[1] != fingerprints(recipe)[1]

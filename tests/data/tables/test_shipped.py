"""Tables with the fields of the public data sets; the values are made up."""

import json

import pytest

from signjax.data.tables.label_table import read_label_table
from signjax.errors import InputError


def read(path, content):
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    said = []
    return read_label_table(path, say=said.append), " ".join(said)


def test_wlasl(tmp_path):
    common = {
        "bbox": [0, 0, 9, 9],
        "fps": 25,
        "frame_end": -1,
        "frame_start": 1,
        "instance_id": 0,
        "source": "s",
        "url": "u",
    }
    entries = [
        {
            "gloss": "book",
            "instances": [
                {**common, "signer_id": 118, "split": "train", "video_id": "69241"},
                {**common, "signer_id": 90, "split": "val", "video_id": "00335", "frame_start": 40, "frame_end": 90},
            ],
        },
        {"gloss": "drink", "instances": [{**common, "signer_id": 118, "split": "test", "video_id": "05237"}]},
    ]
    rows, said = read(tmp_path / "WLASL_v0.3.json", entries)
    found = [(row.name, row.labels["gloss"], row.signer, row.split, row.start, row.stop) for row in rows]
    assert found == [
        ("69241", "book", "118", "train", 0, None),
        ("00335", "book", "90", "valid", 0, None),
        ("05237", "drink", "118", "test", 0, None),
    ]
    assert "each clip named by 'video_id' is a whole file" in said
    assert rows[1].where.endswith("entry 1, instance 2")


@pytest.mark.parametrize("classes", [True, False])
def test_wlasl_subsets(tmp_path, classes):
    if classes:
        (tmp_path / "wlasl_class_list.txt").write_text("0\tbook\n1\tthank you\n")
    content = {"05237": {"subset": "train", "action": [1, 1, 55]}, "69422": {"subset": "val", "action": [0, 1, 75]}}
    rows, said = read(tmp_path / "nslt_100.json", content)
    assert [(row.name, row.split, row.start, row.stop) for row in rows] == [
        ("05237", "train", 0, None), ("69422", "valid", 0, None),
    ]  # fmt: skip
    assert [row.labels["gloss"] for row in rows] == (["thank you", "book"] if classes else ["1", "0"])
    assert ("put wlasl_class_list.txt beside the table" in said) == (not classes)


def ms_asl(**fields):
    return {
        "org_text": "match [light]", "clean_text": "match", "start_time": 0.0, "signer_id": 4, "start": 0, "end": 83,
        "file": "match light", "label": 830, "height": 360.0, "fps": 30.0, "end_time": 2.767, "text": "match",
        "url": "https://www.youtube.com/watch?v=C37R_Ix8-qs", "box": [0.05, 0.2, 0.98, 0.69], "width": 640.0, **fields,
    }  # fmt: skip


def test_ms_asl(tmp_path):
    other = ms_asl(clean_text="fall", label=3, start=83, end=120, signer_id=5, url="https://youtu.be/C37R_Ix8-qs?t=3")
    rows, said = read(tmp_path / "MSASL_train.json", [ms_asl(), other, ms_asl(clean_text="fire")])
    assert [(row.name, row.file, row.start, row.stop, row.labels["gloss"], row.signer) for row in rows] == [
        ("C37R_Ix8-qs_0_83", "C37R_Ix8-qs", 0, 83, "match", "4"),
        ("C37R_Ix8-qs_83_120", "C37R_Ix8-qs", 83, 120, "fall", "5"),
        ("C37R_Ix8-qs_0_83_2", "C37R_Ix8-qs", 0, 83, "fire", "4"),
    ]
    assert "YouTube identifier" in said and rows[0].labels["title"] == "match light"


def test_ms_asl_with_a_column_for_the_files_of_clips(tmp_path):
    (row,), _ = read(tmp_path / "MSASL_val.json", [ms_asl(clip="00017")])
    assert (row.name, row.file, row.labels["gloss"]) == ("00017", "match light", "match")


SENTENCES = {
    "VIDEO_ID": "-7E2sU6zP4", "VIDEO_NAME": "-7E2sU6zP4-5-rgb_front", "SENTENCE_ID": "-7E2sU6zP4_10",
    "SENTENCE_NAME": "-7E2sU6zP4_10-5-rgb_front", "START_REALIGNED": "0.5", "END_REALIGNED": "1.06",
    "SENTENCE": "And I call them decorative elements, \u201cof course\u201d.",
}  # fmt: skip


def how2sign(**fields):
    columns = {**SENTENCES, **fields}
    return "\t".join(columns) + "\n" + "\t".join(columns.values()) + "\n"


def test_how2sign(tmp_path):
    (row,), _ = read(tmp_path / "how2sign_realigned_train.csv", how2sign())
    assert (row.name, row.file) == ("-7E2sU6zP4_10-5-rgb_front", "-7E2sU6zP4-5-rgb_front")
    assert (row.start, row.stop, row.timed) == (0, None, True)
    assert row.labels["gloss"] == SENTENCES["SENTENCE"] and "\0seconds" not in row.labels
    (row,), _ = read(tmp_path / "how2sign_realigned_train.csv", how2sign(fps="24"))
    assert (row.start, row.stop, row.timed) == (12, 25, False)
    (row,), _ = read(tmp_path / "how2sign_train.csv", how2sign(fps="10").replace("_REALIGNED", ""))
    assert (row.start, row.stop) == (5, 11)


def test_quotation_marks_in_sentences(tmp_path):
    for sentence in ('"Now," he said.', 'the 5" screen', '"No partner'):
        (row,), _ = read(tmp_path / "how2sign_train.csv", how2sign(SENTENCE=sentence))
        assert row.labels["gloss"] == sentence
    (row,), _ = read(tmp_path / "how2sign_train.csv", how2sign(SENTENCE='"He said ""hi"" to us"'))
    assert row.labels["gloss"] == 'He said "hi" to us'
    with pytest.raises(InputError, match="no partner"):
        read(tmp_path / "how2sign_train.csv", how2sign(SENTENCE='"No\tpartner'))


def test_autsl(tmp_path):
    rows, _ = read(tmp_path / "train_labels.csv", "signer0_sample1,41\nsigner14_sample2,104\n")
    assert [(row.name, row.labels["gloss"], row.signer) for row in rows] == [
        ("signer0_sample1", "41", "signer0"), ("signer14_sample2", "104", "signer14"),
    ]  # fmt: skip


def test_phoenix(tmp_path):
    text = (
        "name|video|start|end|speaker|orth|translation\n"
        "11August_2010_tagesschau-1|11August_2010_tagesschau-1/1/*.png|-1|-1|Signer08|JETZT WETTER|und nun das wetter\n"
    )
    (row,), _ = read(tmp_path / "PHOENIX-2014-T.train.corpus.csv", text)
    assert (row.name, row.signer, row.labels["gloss"]) == ("11August_2010_tagesschau-1", "Signer08", "JETZT WETTER")
    assert (row.start, row.stop, row.labels["translation"]) == (0, None, "und nun das wetter")
    (row,), _ = read(
        tmp_path / "train.corpus.csv", "id|folder|signer|annotation\n01April-0|01April-0/1/*.png|Signer04|ABER\n"
    )
    assert (row.name, row.signer, row.labels["gloss"]) == ("01April-0", "Signer04", "ABER")


@pytest.mark.parametrize(
    "content",
    [
        {"train": [{"video": "a.mp4", "label": "A"}], "val": [{"video": "b.mp4", "label": "B"}]},
        {"A": ["a.mp4"], "B": ["b.mp4"]},
        {"A": [{"path": "a.mp4"}], "B": [{"path": "b.mp4"}]},
        {"data": [{"filename": "a.mp4", "sign": "A"}, {"filename": "b.mp4", "sign": "B"}]},
        {"a.mp4": "A", "b.mp4": "B"},
    ],
)
def test_json_objects_of_lists_and_texts(tmp_path, content):
    rows, _ = read(tmp_path / "t.json", content)
    assert [(row.name, row.labels["gloss"]) for row in rows] == [("a.mp4", "A"), ("b.mp4", "B")]
    assert [row.split for row in rows] == (["train", "valid"] if "train" in content else [None, None])


def test_json_lists_of_something_else(tmp_path):
    coco = {"videos": [{"file_name": "a.mp4"}], "categories": [{"id": 3, "name": "A"}]}
    with pytest.raises(InputError, match="key 'videos': expected an object with a field for each column, found list"):
        read(tmp_path / "t.json", coco)
    with pytest.raises(InputError, match="entry 2: expected an object with a field for each column, found int"):
        read(tmp_path / "t.json", {"A": ["a.mp4", 3]})


def test_a_table_that_only_looks_like_a_subset_of_wlasl(tmp_path):
    (row,), _ = read(tmp_path / "t.json", [{"clip": "a", "subset": "x", "action": "wave"}])
    assert row.labels == {"subset": "x", "action": "wave"}

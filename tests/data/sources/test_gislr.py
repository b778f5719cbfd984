import sys
from pathlib import Path

import numpy as np
import pytest

from signjax.data.clip import Rejected, Request
from signjax.data.sources import gislr
from signjax.data.sources import registry as source_registry
from signjax.errors import InputError

TYPES = {"face": 468, "left_hand": 21, "pose": 33, "right_hand": 21}


def write_parquet(path: Path, numbers: list[int], *, shuffled: bool = False, cut: int = 0) -> np.ndarray:
    """A file in the competition's format; (T, 543, 3) in the order of its rows, without the left hand."""
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed: pip install pyarrow")
    from pyarrow import parquet

    points = np.random.default_rng(len(numbers)).uniform(0, 1, (len(numbers), 543, 3)).astype(np.float32)
    points[:, 468:489] = np.nan
    kinds = np.concatenate([np.full(count, kind) for kind, count in TYPES.items()])
    indices = np.concatenate([np.arange(count) for count in TYPES.values()])
    frame = np.repeat(numbers, 543).astype(np.int16)
    kind, index = np.tile(kinds, len(numbers)), np.tile(indices, len(numbers)).astype(np.int16)
    columns = {
        "frame": frame,
        "row_id": [f"{f}-{k}-{i}" for f, k, i in zip(frame, kind, index, strict=True)],
        "type": kind,
        "landmark_index": index,
        **{axis: points[..., i].reshape(-1).astype(np.float64) for i, axis in enumerate("xyz")},
    }
    table = pyarrow.table(columns)
    if shuffled:
        table = table.take(np.random.default_rng(0).permutation(len(table)))
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(table.slice(0, len(table) - cut), path)
    return points


def tree(folder: Path, *extra: str) -> np.ndarray:
    files = folder / "train_landmark_files"
    points = write_parquet(files / "26734" / "1000035562.parquet", [20, 21, 22, 23])
    write_parquet(files / "28656" / "1000106739.parquet", [0, 1], shuffled=True)
    (folder / "train.csv").write_text(
        "path,participant_id,sequence_id,sign\n"
        "train_landmark_files/26734/1000035562.parquet,26734,1000035562,blow\n"
        "train_landmark_files/28656/1000106739.parquet,28656,1000106739,wait\n" + "".join(line + "\n" for line in extra)
    )
    return points


def read(path: Path, **fields: object) -> list[object]:
    return list(source_registry.read("gislr", Request(path, **fields)))


def test_the_tree_of_the_competition(tmp_path):
    points = tree(tmp_path)
    first, second = read(tmp_path)
    np.testing.assert_array_equal(first.frames, points.reshape(4, 1629))
    assert first.frames.dtype == np.float32
    assert (first.name, first.signer, dict(first.labels)) == ("26734/1000035562", "26734", {"gloss": "blow"})
    assert (second.name, second.signer, len(second.frames)) == ("28656/1000106739", "28656", 2)
    layout = source_registry.layout_of("gislr", Request(tmp_path), 1629).layout
    assert np.isnan(first.frames[:, layout.channels_of("left_hand")]).all()
    assert not np.isnan(first.frames[:, layout.channels_of("pose")]).any()


def test_rows_of_any_order(tmp_path):
    points = write_parquet(tmp_path / "1" / "2.parquet", [3, 4, 5], shuffled=True)
    (clip,) = read(tmp_path, labelled=False)
    np.testing.assert_array_equal(clip.frames, points.reshape(3, 1629))
    assert (clip.name, clip.labels) == ("2", {})


def test_frames_that_are_left_out_are_nan(tmp_path):
    points = write_parquet(tmp_path / "1" / "2.parquet", [3, 4, 7])
    (clip,) = read(tmp_path, labelled=False)
    assert np.isnan(clip.frames).all(1).tolist() == [False, False, True, True, False]
    np.testing.assert_array_equal(clip.frames[[0, 1, 4]], points.reshape(3, 1629))


def test_a_choice_of_parts(tmp_path):
    points = tree(tmp_path)
    clip = read(tmp_path, layout="pose_hands_xy")[0]
    expected = np.concatenate(
        [points[:, start : start + n, :2].reshape(4, -1) for start, n in ((489, 33), (468, 21), (522, 21))], 1
    )
    np.testing.assert_array_equal(clip.frames, expected)
    with pytest.raises(InputError, match=r"layout=smplx needs part root .* the source has face \(468 x xyz\)"):
        read(tmp_path, layout="smplx")


def test_a_table_says_more(tmp_path):
    tree(tmp_path)
    (tmp_path / "more.csv").write_text("clip,dominant_hand\n26734/1000035562,left\n")
    assert [clip.dominant_hand for clip in read(tmp_path, labels=str(tmp_path / "more.csv"))] == ["left", None]


def test_nothing_is_lost_without_a_reason(tmp_path):
    tree(tmp_path, "train_landmark_files/1/1.parquet,1,1,wait", "train_landmark_files/1/2.parquet,1,2,wait",
         "train_landmark_files/1/3.parquet,1,3,wait", "train_landmark_files/1/4.parquet,1,4,wait")  # fmt: skip
    folder = tmp_path / "train_landmark_files" / "1"
    write_parquet(folder / "1.parquet", [0, 1], cut=1)
    write_parquet(folder / "2.parquet", [0, 0])
    (folder / "3.parquet").write_bytes(b"PAR1 not really")
    write_parquet(folder / "5.parquet", [0, 1])
    reasons = {item.name: item.reason for item in read(tmp_path) if isinstance(item, Rejected)}
    assert reasons == {
        "1/1": "wrong_width",
        "1/2": "wrong_width",
        "1/3": "unreadable",
        "1/4": "missing_file",
        "5": "unlabelled",
    }


def test_folders_that_cannot_be_used(tmp_path):
    with pytest.raises(InputError, match="the folder does not exist"):
        gislr.source_files(Request(tmp_path / "absent"))
    with pytest.raises(InputError, match=r"has no \.parquet files"):
        gislr.source_files(Request(tmp_path))
    write_parquet(tmp_path / "1" / "2.parquet", [0])
    with pytest.raises(InputError, match=r"train\.csv: the file does not exist"):
        read(tmp_path)
    (tmp_path / "train.csv").write_text("path,sign\na,b\n")
    with pytest.raises(
        InputError, match="the table needs columns 'participant_id', 'sequence_id'; its first line has path, sign"
    ):
        read(tmp_path)


def test_a_missing_package_is_named_with_the_command_that_installs_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    (tmp_path / "a.parquet").touch()
    with pytest.raises(InputError, match=r"source gislr needs a package .*: pip install \"pyarrow>="):
        read(tmp_path, labelled=False)


def test_its_table_is_read_strictly(tmp_path):
    tree(tmp_path, 'a.parquet,1,1,"wait', "b.parquet,,2,wait", "c.parquet,26734,1000035562,blow", "d.parquet,1,3")
    with pytest.raises(InputError) as caught:
        read(tmp_path)
    for said in (
        "line 4: the quotation mark that begins a field has no partner",
        "line 5, column 'participant_id': expected a value, found nothing",
        "line 6: clip '26734/1000035562' is already listed in line 2",
        "line 7: expected 4 fields, found 3",
    ):
        assert said in str(caught.value)


@pytest.mark.parametrize(
    ("column", "values"), [("x", ["left"] * 543), ("frame", ["1"] * 543), ("landmark_index", [None] * 543)]
)
def test_columns_of_another_kind_say_why(tmp_path, column, values):
    write_parquet(tmp_path / "1" / "2.PARQUET", [0])
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    table = parquet.read_table(tmp_path / "1" / "2.PARQUET")
    table = table.set_column(table.column_names.index(column), column, pyarrow.array(values, pyarrow.string()))
    parquet.write_table(table, tmp_path / "1" / "2.PARQUET")
    (found,) = read(tmp_path, labelled=False)
    assert (found.reason, found.detail) == ("wrong_width", f"expected columns of numbers, found {column} object")

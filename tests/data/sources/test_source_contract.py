"""The contract that every source must fulfil, in every file format."""

import json
import os
import unicodedata
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signjax.data.clip import Clip, ClipInfo, Rejected, Request
from signjax.data.csv_table import read_table
from signjax.data.preparation.prepare import prepare
from signjax.data.preparation.recipe import fingerprints
from signjax.data.sources import registry as source_registry
from signjax.data.tables.names import canonical
from signjax.errors import InputError
from tests.conftest import make_recipe, silent
from tests.data.sources.source_forms import FORMS, labelled

EVERY_FORM = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
ODD_NAMES = (os.fsdecode(b"cl\xffip"), "a\nb", "t\tb", 'q"u,o', "=1+1", "it's", unicodedata.normalize("NFD", "ağaç"))


@EVERY_FORM
def test_clips_without_frames_are_each_rejected_once(tmp_path, form):
    request = labelled(form, tmp_path, {"a": 6, "b": 0, "c": 5, "d": 0})
    found = {item.name.removeprefix(form.prefix): item for item in source_registry.read(form.source, request)}
    assert sorted(found) == ["a", "b", "c", "d"]
    assert (len(found["a"].frames), len(found["c"].frames)) == (6, 5)
    # The package that reads .pose files does not open those without frames.
    reason = "unreadable" if form.source == "pose" else "empty"
    assert (found["b"].reason, found["d"].reason) == (reason, reason)


@EVERY_FORM
def test_a_part_of_a_file_without_frames_is_rejected(tmp_path, form):
    rows = [
        {"clip": "x", "file": "b", "start": "2", "end": "4", "gloss": "G"},
        {"clip": "y", "file": "a", "gloss": "G"},
    ]
    found = list(source_registry.read(form.source, labelled(form, tmp_path, {"a": 6, "b": 0}, rows)))
    assert [item.reason for item in found if item.name == "x"] in (["empty"], ["unreadable"], ["bad_segment"])
    assert [len(item.frames) for item in found if item.name == "y"] == [6]


@EVERY_FORM
def test_names_that_are_no_words(tmp_path, form):
    clips = {name: 4 + number for number, name in enumerate(ODD_NAMES)}
    request = labelled(form, tmp_path, clips)
    if form.source == "gislr":
        request = Request(request.path, labelled=False)  # its table is CSV, in which no name can hold a line break
    found = {item.name: item for item in source_registry.read(form.source, request)}
    prefix = "" if form.source == "gislr" else form.prefix
    assert {name: len(item.frames) for name, item in found.items()} == {
        prefix + canonical(name): count for name, count in clips.items()
    }
    fingerprints(make_recipe(source=form.source, path=str(request.path), labels=request.labels))
    assert all(item.name.encode() for item in found.values())


@EVERY_FORM
def test_a_part_of_a_file_knows_how_long_the_file_is(tmp_path, form):
    rows = [
        {"clip": "part", "file": "a", "start": "1", "end": "3"},
        {"clip": "rest", "file": "a", "start": "2", "end": "-1"},
        {"clip": "all", "file": "b"},
    ]
    request = labelled(form, tmp_path, {"a": 6, "b": 5}, rows)
    found = {item.name: item for item in source_registry.read(form.source, request)}
    assert {name: (len(item.frames), item.file_frames) for name, item in found.items()} == {
        "part": (2, 6),
        "rest": (4, 6),
        "all": (5, None),
    }
    whole = found["part"].frames.shape[1]
    np.testing.assert_array_equal(found["part"].frames[1], found["rest"].frames[0])
    assert whole == found["all"].frames.shape[1]


@EVERY_FORM
def test_a_column_file_that_names_something_else(tmp_path, form):
    rows = [
        {"clip": form.prefix + name, "file": "0", "title": "x", "start": "9", "end": "83", "gloss": "G"}
        for name in "ab"
    ]
    request = labelled(form, tmp_path, {"a": 6, "b": 5}, rows)
    text = (tmp_path / "table.json").read_text().replace(f'"file": "{form.prefix}0"', '"file": "ASL 1, lesson"')
    (tmp_path / "table.json").write_text(text)
    listing = source_registry.listing(form.source, request)
    assert [dict(item.labels)["file"] for item in listing.items] == ["ASL 1, lesson"] * 2
    assert [len(source_registry.read_item(form.source, item).frames) for item in listing.items] == [6, 5]
    (remark,) = listing.remarks
    assert "no value of column 'file' (first: 'ASL 1, lesson') names" in remark
    assert "'start' and 'end', set in 2 rows, are ignored" in remark


NAMES = st.sampled_from(["a", "b", "c", "gone", "lost"])
ROWS = st.lists(
    st.fixed_dictionaries(
        {"clip": st.sampled_from(["a", "b", "c", "gone", "x", "y", "z"])},
        optional={"file": NAMES, "start": st.integers(0, 3).map(str), "end": st.integers(4, 9).map(str)},
    ),
    max_size=6,
    unique_by=lambda row: row["clip"],
)


@pytest.mark.parametrize("name", [name for name in FORMS if name not in ("gislr", "frame files", "sequence files")])
@settings(max_examples=40, deadline=None)
@given(rows=ROWS)
def test_every_row_and_every_file_is_accounted_for(tmp_path_factory, name, rows):
    form, clips = FORMS[name], {"a": 6, "b": 0, "c": 5}
    request = labelled(form, tmp_path_factory.mktemp("t"), clips, [{**row, "gloss": "G"} for row in rows])
    stated = [row["file"] for row in rows if "file" in row]
    by_clip = not set(stated) & set(clips) and any(row["clip"] in clips for row in rows)
    meant = [row["clip"] if by_clip else row.get("file", row["clip"]) for row in rows]
    if not set(meant) & set(clips):
        with pytest.raises(InputError, match=r"none of its|has no row"):
            source_registry.list_items(form.source, request)
        return
    items = source_registry.list_items(form.source, request)
    assert len(items) == len(rows) + len(set(clips) - set(meant))
    read = [item if isinstance(item, Rejected) else source_registry.read_item(form.source, item) for item in items]
    assert [item.name for item in read] == [item.name for item in items]
    lost = [row["clip"] for row, key in zip(rows, meant, strict=True) if key not in clips]
    assert sorted(item.name for item in read if isinstance(item, Rejected) and item.reason == "missing_file") == sorted(
        lost
    )
    assert {row["clip"] for row in rows} <= {item.name for item in read}


def test_an_error_of_a_source_says_which_clip_it_was_reading(monkeypatch):
    def fail(_: object) -> Clip:
        raise ZeroDivisionError("a fault")

    monkeypatch.setitem(source_registry.SOURCES, "arrays", SimpleNamespace(read_item=fail))
    with pytest.raises(ZeroDivisionError, match="a fault") as caught:
        source_registry.read_item("arrays", source_registry.Item(ClipInfo("a", "folder/a.npy")))
    assert caught.value.__notes__ == ["while reading clip 'a' of folder/a.npy"]


@pytest.mark.parametrize("name", ["npy", "pickles", "pose"])
def test_names_match_whatever_unicode_form_they_have(tmp_path, name):
    form, composed = FORMS[name], "ağaç"
    decomposed = unicodedata.normalize("NFD", composed)
    for folder, on_disk, in_table in (("1", composed, decomposed), ("2", decomposed, composed)):
        rows = [{"clip": in_table, "gloss": in_table, "signer": in_table, "group": in_table, in_table: in_table}]
        request = labelled(form, tmp_path / folder, {on_disk: 5}, rows)
        (item,) = source_registry.list_items(form.source, request)
        assert (item.name, item.signer, item.group) == (composed,) * 3
        assert dict(item.labels) == {"gloss": composed, composed: composed}
        assert len(source_registry.read_item(form.source, item).frames) == 5


def test_two_files_whose_names_become_equal_are_both_listed(tmp_path):
    composed = "ağaç"
    clips = {composed: 5, unicodedata.normalize("NFD", composed): 6}
    request = labelled(FORMS["npy"], tmp_path, clips, [{"clip": composed, "gloss": "G"}])
    first, second = source_registry.list_items("arrays", request)
    assert (first.name, second.name, second.reason) == (composed, composed, "duplicate_name")
    unlabelled = source_registry.list_items("arrays", Request(request.path, labelled=False))
    assert [item.name for item in unlabelled] == [composed, f"{composed} (2)"]  # two files are two clips


def test_odd_names_come_through_preparation(tmp_path):
    rng = np.random.default_rng(0)
    twins = ["ağaç", unicodedata.normalize("NFD", "ağaç")]
    names = [*(f"clip {number}" for number in range(18)), *ODD_NAMES[:5], *twins]
    (tmp_path / "source").mkdir()
    for name in names:
        np.save(tmp_path / "source" / f"{name}.npy", rng.normal(size=(9, 4)))
    rows = [{"clip": f"{name}.npy", "gloss": "AB"[number % 2]} for number, name in enumerate(names[:-1])]
    (tmp_path / "source" / "labels.json").write_text(json.dumps(rows))
    recipe = make_recipe(source="arrays", path=str(tmp_path / "source"), split="stratified")
    dataset = prepare(recipe, tmp_path / "dataset", silent)
    assert sorted(clip["clip"] for clip in dataset.clips) == sorted(canonical(name) for name in names[:-1])
    (lost,) = read_table(tmp_path / "dataset" / "quarantine.csv")
    assert (lost["clip"], lost["reason"]) == ("ağaç", "duplicate_name")

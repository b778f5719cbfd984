"""What lies around in folders of clips."""

import gzip
import io
import pickle

import numpy as np
import pytest

from signjax.data.clip import Clip, Rejected, Request
from signjax.data.sources import registry as source_registry
from signjax.data.sources.shared.leftovers import files_below, is_leftover, what_it_is
from signjax.errors import InputError
from tests.data.sources.source_forms import FORMS, frames, labelled

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
PAGE = b"\xef\xbb\xbf\n<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>"
APPLE = b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        " + bytes(90)
LEFT = (
    "._a.npy", ".DS_Store", "Thumbs.db", "desktop.ini", "__MACOSX/._a.npy", "__MACOSX/x/a.npy", ".ipynb_checkpoints/a.npy",
    "@eaDir/a.npy", "a.npy~", "a.npy.crdownload",
)  # fmt: skip
# Format -> where leftovers lie that look like clips.
SUFFIX = {
    "pickles": ".pkl",
    "openhands": ".pkl",
    "npy": ".npy",
    "npz": ".npz",
    "pose": ".pose",
    "frame files": ".npy",
    "sequence files": ".npy",
}


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def test_names_of_leftovers():
    assert [name for name in LEFT if not any(map(is_leftover, name.split("/")))] == []
    assert not any(map(is_leftover, ("a.npy", "_a.npy", "MACOSX", "thumbs", "a.b.npy", "TMP", "part")))


def test_files_are_found_in_any_case_without_leftovers(tmp_path):
    for name in (*LEFT, "b/A.NPY", "a.npy", "a.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(APPLE)
    assert files_below(tmp_path, (".npy",)) == [tmp_path / "a.npy", tmp_path / "b" / "A.NPY"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "an empty file (0 bytes)"),
        (POINTER, "a Git LFS pointer instead of the file; fetch the file with `git lfs pull`"),
        (b"/annex/objects/SHA256E-s1--a.npy\n", "`git annex get`"),
        (PAGE, "a web page, perhaps from a failed download"),
        (b"<?xml version='1.0'?>\n<Error><Code>AccessDenied</Code></Error>", "the answer of a server"),
        (b'{"error": "gated"}', "the answer of a server"),
        (APPLE, "macOS keeps attributes"),
        (bytes(5000), "a file of 5,000 bytes that begins with zeros only"),
        (gzip.compress(b"x", mtime=0), "a gzip file; unpack it first"),
        (b"\x00\x00\x00\x18ftypmp42", "a video"),
        (pickle.dumps({"a": 1}), "a pickle"),
        (b"an ordinary text", None),
    ],
)
def test_a_file_is_named_for_what_it_is(tmp_path, content, said):
    (tmp_path / "a.npy").write_bytes(content)
    found = what_it_is(tmp_path / "a.npy")
    assert found == said or (said is not None and said in found)


@pytest.mark.parametrize("form", SUFFIX)
def test_leftovers_are_no_clips(tmp_path, form):
    request = labelled(FORMS[form], tmp_path, {"a": 6, "b": 5})
    suffix = SUFFIX[form]
    folders = {tmp_path / "source", *(file.parent for file in (tmp_path / "source").rglob(f"*{suffix}"))}
    for folder in folders:
        for name in (f"._a{suffix}", f"__MACOSX/._a{suffix}", "__MACOSX/G/a/._0.npy", f".ipynb_checkpoints/a{suffix}"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(APPLE)
    found = list(source_registry.read(FORMS[form].source, request))
    assert [(type(clip), len(clip.frames)) for clip in found] == [(Clip, 6), (Clip, 5)]


@pytest.mark.parametrize("form", SUFFIX)
def test_suffixes_in_upper_case_count(tmp_path, form):
    request = labelled(FORMS[form], tmp_path, {"a": 6})
    for file in [*(tmp_path / "source").rglob(f"*{SUFFIX[form]}")]:
        file.rename(file.with_suffix(SUFFIX[form].upper()))
    (clip,) = source_registry.read(FORMS[form].source, request)
    assert len(clip.frames) == 6


@pytest.mark.parametrize("form", SUFFIX)
@pytest.mark.parametrize(
    ("content", "said"), [(POINTER, "a Git LFS pointer"), (PAGE, "a web page"), (b"", "an empty file (0 bytes)")]
)
def test_a_file_of_another_kind_is_quarantined_under_its_own_name(tmp_path, form, content, said):
    request = labelled(FORMS[form], tmp_path, {"a": 6, "b": 5})
    (file,) = (
        (tmp_path / "source").rglob(f"*b{SUFFIX[form]}") if form != "frame files" else [tmp_path / "source/G/b/3.npy"]
    )
    file.write_bytes(content)
    good, bad = source_registry.read(FORMS[form].source, request)
    assert isinstance(good, Clip)
    assert (type(bad), bad.reason) == (Rejected, "unreadable")
    assert said in bad.detail


@pytest.mark.parametrize("form", ["npy", "frame files", "sequence files"])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (npy(frames(6))[:-8], "it is cut short: its header describes 3,152 bytes, it has 3,144"),
        (npy(frames(6))[:20], "its header is damaged or cut short"),
        (pickle.dumps(frames(6), 4), "it is a pickle; give it the suffix .pkl"),
        (npy(np.array([None, {1}], object)), "holds Python objects"),
        (b"PK\x03\x04 and more", "it is a zip archive"),
        (b"an ordinary text", "the file does not begin as a .npy file does"),
    ],
)
def test_what_is_wrong_with_an_array(tmp_path, form, content, said):
    request = labelled(FORMS[form], tmp_path, {"a": 6, "b": 5})
    file = next(file for file in (tmp_path / "source").rglob("*.npy") if "b" in (file.stem, file.parent.name))
    file.write_bytes(content)
    bad = next(item for item in source_registry.read(FORMS[form].source, request) if isinstance(item, Rejected))
    assert said in bad.detail
    assert "allow_pickle" not in bad.detail


def test_an_archive_packed_by_macos_and_one_that_is_cut_short(tmp_path):
    import zipfile

    np.savez(tmp_path / "a.npz", frames=frames(6))
    with zipfile.ZipFile(tmp_path / "a.npz", "a") as archive:
        archive.writestr("__MACOSX/._frames.npy", APPLE)
    (tmp_path / "b.npz").write_bytes((tmp_path / "a.npz").read_bytes()[:-30])
    good, bad = source_registry.read("arrays", Request(tmp_path, labelled=False))
    assert len(good.frames) == 6
    assert "the archive is damaged or cut short (File is not a zip file); copy or download it again" in bad.detail
    np.savez(tmp_path / "c.npz", frames(6))
    (tmp_path / "c.npz").write_bytes(POINTER)
    with pytest.raises(InputError, match=r"c\.npz: expected NumPy arrays .*: it is a Git LFS pointer"):
        list(source_registry.read("arrays", Request(tmp_path / "c.npz", labelled=False)))


def test_a_folder_of_keys_in_upper_case(tmp_path):
    np.save(tmp_path / "x.npy", frames(6).reshape(2, 3, -1))
    (tmp_path / "x.npy").rename(tmp_path / "features.NPY")
    assert [len(clip.frames) for clip in source_registry.read("arrays", Request(tmp_path, labelled=False))] == [3, 3]

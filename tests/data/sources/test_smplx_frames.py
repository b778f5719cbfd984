"""Parameters of single frames, in one file or in a file each."""

import numpy as np
import pytest

from signjax.data.clip import Request
from signjax.data.sources import registry as source_registry
from signjax.pickles.conversion.convert import convert
from tests.data.sources.smplx_files import T, channels, one_frame, only, parameters, read, save, smpler_x


@pytest.mark.parametrize("wrapped", ["list", "numbers", "names", "people"])
def test_a_dict_per_frame_in_one_file(tmp_path, wrapped):
    made = parameters(12)
    frames = [one_frame(made, index) for index in range(12)]
    content = {
        "list": frames,
        "numbers": dict(enumerate(frames)),
        "names": {f"img/{index}.jpg": frame for index, frame in enumerate(frames)},
        "people": [[frame, frames[0]] for frame in frames],
    }[wrapped]
    save(tmp_path / "a.pkl", content)
    np.testing.assert_array_equal(only(tmp_path).frames, channels(made))
    if wrapped != "people":
        assert convert(tmp_path, tmp_path / "arrays", recursive=False) == 0
        np.testing.assert_array_equal(only(tmp_path / "arrays").frames, channels(made))


def test_frames_without_a_person_are_not_seen(tmp_path):
    made = parameters()
    save(tmp_path / "a.pkl", [None if index in (2, 3) else one_frame(made, index) for index in range(T)])
    clip = only(tmp_path)
    assert clip.valid.all(1).tolist() == [True, True, False, False, True, True, True]
    np.testing.assert_array_equal(clip.frames[4:], channels(made)[4:])


@pytest.mark.parametrize("below", ["", "smplx/", "results/"])
def test_a_file_per_frame_in_a_folder_per_clip(tmp_path, below):
    clips = {"word/hello_0": parameters(11, 1), "word/hello_1": parameters(5, 2)}
    for clip, made in clips.items():
        for index in range(len(made["transl"])):
            name = (
                f"{index:05d}/000.pkl"
                if below == "results/"
                else f"{index + 3}_0.npz"
                if below
                else f"{clip[5:]}_{index}_3D.pkl"
            )
            save(tmp_path / clip / (below + name), smpler_x(made, index))
    (tmp_path / "labels.csv").write_text("clip,gloss\nhello_0,HELLO\nword/hello_1,HELLO\n")
    found = {clip.name: clip for clip in read(tmp_path, labelled=True)}
    assert list(found) == ["hello_0", "word/hello_1"]
    for clip, made in zip(found.values(), clips.values(), strict=True):
        np.testing.assert_array_equal(clip.frames, channels(made))
    files = source_registry.named("smplx").source_files(Request(tmp_path))
    assert len(files) == 11 + 5 + 1


def test_frame_files_of_the_person_in_most_frames_with_a_gap(tmp_path):
    made = parameters()
    for index in range(T):
        if index != 4:
            save(tmp_path / f"{index:05d}_0.npz", smpler_x(made, index))
    save(tmp_path / "00002_1.npz", smpler_x(parameters(seed=9), 2))
    clip = only(tmp_path)
    assert clip.name == tmp_path.name
    np.testing.assert_array_equal(np.delete(clip.frames, 4, 0), np.delete(channels(made), 4, 0))
    assert clip.valid.all(1).tolist() == [index != 4 for index in range(T)]


def test_other_files_beside_the_frames_are_files_of_their_own(tmp_path):
    made = parameters()
    for index in range(T):
        save(tmp_path / "clip" / f"{index:05d}.pkl", one_frame(made, index))
        save(tmp_path / "clip" / f"camera_{index:05d}.pkl", {"focal": 1.0})
    clip, *others = read(tmp_path)
    np.testing.assert_array_equal(clip.frames, channels(made))
    assert {item.reason for item in others} == {"missing_key"} and len(others) == T


def test_a_damaged_frame_names_its_file(tmp_path):
    made = parameters()
    for index in range(T):
        save(tmp_path / "clip" / f"{index}.pkl", one_frame(made, index))
    (tmp_path / "clip" / "3.pkl").write_bytes(b"nothing")
    (found,) = read(tmp_path)
    assert (found.reason, "3.pkl" in found.detail) == ("unreadable", True)
    save(tmp_path / "clip" / "3.pkl", {"text": 1})
    (found,) = read(tmp_path)
    assert (found.reason, found.detail) == (
        "missing_key",
        "3.pkl: it has no parameters of a body, unlike the other frames",
    )
    save(tmp_path / "clip" / "3.pkl", {key: value for key, value in one_frame(made, 3).items() if key != "body_pose"})
    (found,) = read(tmp_path)
    assert found.detail == "frame 3: 'body_pose' is missing; in frame 0 it has shape (1, 63)"

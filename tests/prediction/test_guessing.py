import pickle

import numpy as np
import pytest

from signjax.data.clip import Request
from signjax.data.layout import registry as layout_registry
from signjax.data.sources import mediapipe
from signjax.errors import InputError
from signjax.prediction.source import check_alike, guess_source, guessed_line, requested_layout


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return folder


def guessed(path, own="synthetic"):
    return guess_source(path, own).source


@pytest.mark.parametrize(
    ("names", "source"),
    [
        (("a.pose",), "pose"),
        (("a/b/c.PKL", "d.pt"), "signavatars"),
        (("train_landmark_files/1/2.parquet",), "gislr"),
        (("a.npz",), "arrays"),
        (("a.pose", "b.pose", "notes.npy"), "pose"),
        (("._a.pkl", "__MACOSX/b.pkl", ".hidden/c.pkl", "a.pose"), "pose"),
    ],
)
def test_the_files_tell_the_source(names, source, tmp_path):
    assert guessed(touch(tmp_path, *names)) == source


def test_a_single_file_tells_the_source(tmp_path):
    assert guessed(touch(tmp_path, "a.pose", "b.npz") / "a.pose") == "pose"


def test_the_source_of_the_model_wins_wherever_it_reads_such_files(tmp_path):
    folder = touch(tmp_path, "a.npy", "b.npy", "c.pose")
    assert guessed(folder, "mediapipe") == "mediapipe"
    assert guessed(folder, "arrays") == "arrays"
    assert guessed(folder, "pose") == "pose"


def test_arrays_as_wide_as_landmarks_are_landmarks_and_others_are_arrays(tmp_path):
    (tmp_path / "other").mkdir()
    np.save(tmp_path / "0.npy", np.zeros(258))
    np.save(tmp_path / "other" / "0.npy", np.zeros((5, 17)))
    assert guessed(tmp_path / "0.npy") == "mediapipe"
    assert guessed(tmp_path / "other") == "arrays"


def test_converted_pickles_are_told_from_packed_arrays_by_their_names(tmp_path):
    np.savez(tmp_path / "a.npz", smplx=np.zeros((4, 182)))
    assert guessed(tmp_path / "a.npz", "signavatars") == "signavatars"
    np.savez(tmp_path / "a.npz", frames=np.zeros((4, 182)))
    assert guessed(tmp_path / "a.npz", "signavatars") == "arrays"


def test_what_a_guess_is_based_on_and_what_it_leaves_out_is_told(tmp_path):
    touch(tmp_path, "a.pose", "b.pose", "c.npz")
    assert guess_source(tmp_path, "pose").because == "2 .pose files; 1 .npz file is not read"


def test_where_nothing_can_be_read_the_message_names_what_is_there_and_what_should_be(tmp_path):
    with pytest.raises(InputError, match=r"found 'a\.txt'.*trained on source pose, which reads \.pose"):
        guess_source(touch(tmp_path, "a.txt"), "pose")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="found no files"):
        guess_source(tmp_path / "empty", "pose")
    with pytest.raises(InputError, match=r"config\.data\.path: .*absent does not exist"):
        guess_source(tmp_path / "absent", "pose")


def test_packed_arrays_are_not_taken_for_landmarks_whose_channels_have_another_order(tmp_path):
    with pytest.raises(InputError, match=r"trained on source mediapipe.*Save each clip as a \.npy file"):
        guess_source(touch(tmp_path, "a.npz"), "mediapipe")


def test_another_source_is_asked_for_the_layout_of_the_model(tmp_path):
    holistic = layout_registry.BUILT_IN["holistic"]
    assert requested_layout("mediapipe", "gislr", "auto", holistic) == "holistic"
    assert requested_layout("mediapipe", "mediapipe", "auto", mediapipe.LAYOUTS[258]) == "pose_hands_258"
    assert requested_layout("mediapipe", "mediapipe", "auto", mediapipe.LAYOUTS[99]) == "auto"
    assert requested_layout("signavatars", "synthetic", "auto", layout_registry.BUILT_IN["smplx"]) == "auto"
    assert requested_layout("gislr", "gislr", "pose_hands", layout_registry.BUILT_IN["pose_hands"]) == "pose_hands"
    other = mediapipe.LAYOUTS[1629]  # as many channels as holistic, in another order
    assert requested_layout("gislr", "mediapipe", "auto", other) == "auto"
    with pytest.raises(InputError, match=r"layout pose_face_hands of source mediapipe.*layout holistic.*order differ"):
        check_alike("gislr", "mediapipe", Request(tmp_path, labelled=False), other)


def test_without_a_model_the_content_of_pickles_decides(tmp_path):
    clip = {"keypoint": np.random.default_rng(0).normal(size=(1, 9, 27, 2)), "frame_dir": "a", "label": 0}
    (tmp_path / "clips.pkl").write_bytes(pickle.dumps({"annotations": [clip], "split": {"train": ["a"]}}))
    guess = guess_source(tmp_path)
    assert guess.source == "skeletons" and guessed_line(guess).startswith(
        "source: skeletons, guessed from keypoints in 1 .pkl"
    )
    (tmp_path / "clips.pkl").write_bytes(pickle.dumps({"smplx": np.zeros((9, 182), np.float32)}))
    assert guess_source(tmp_path).source == "signavatars"

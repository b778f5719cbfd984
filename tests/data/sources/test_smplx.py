"""Parameters under their own names, in the files that tools write: the value of each channel."""

from collections import defaultdict

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from signjax.data.clip import Clip, Request
from signjax.data.sources import registry as source_registry
from signjax.pickles.conversion.convert import convert
from signjax.pickles.write import CudaTensor, write_plain
from tests.data.sources.smplx_files import JOINTS, PARTS, T, channels, one_frame, only, parameters, read, save, smpl


def seen(clip: Clip) -> list[str]:
    """The parts that are seen in every frame; the others must be seen in none, and be 0."""
    assert (clip.valid.all(0) == clip.valid.any(0)).all()
    return [part for part, there in zip(PARTS, clip.valid[0], strict=True) if there]


def test_a_dict_of_arrays(tmp_path):
    made = parameters()
    save(tmp_path / "hello.pkl", made)
    (tmp_path / "labels.csv").write_text("clip,gloss,signer\nhello,HELLO,anna\n")
    clip = only(tmp_path, labelled=True)
    np.testing.assert_array_equal(clip.frames, channels(made))
    assert (clip.name, clip.signer, dict(clip.labels)) == ("hello", "anna", {"gloss": "HELLO"})
    assert seen(clip) == list(PARTS)


def test_shape_and_position_only_if_the_layout_asks_for_them(tmp_path):
    made = parameters()
    save(tmp_path / "a.npz", made)
    clip = only(tmp_path, layout="smplx_with_signer")
    np.testing.assert_array_equal(clip.frames[:, 169:179], np.tile(made["betas"], (T, 1)))
    np.testing.assert_array_equal(clip.frames[:, 179:], made["transl"])
    clip = only(tmp_path, layout="smplx_unsmoothed")
    np.testing.assert_array_equal(clip.frames, channels(made)[:, :156])


def six_columns(matrices: np.ndarray) -> np.ndarray:
    return np.concatenate([matrices[..., 0], matrices[..., 1]], axis=-1)


FORMS = {
    "vectors": lambda turns: turns.as_rotvec(),
    "matrices": lambda turns: turns.as_matrix(),
    "columns": lambda turns: six_columns(turns.as_matrix()),
    "interleaved, as in SPIN": lambda turns: turns.as_matrix()[..., :2].reshape(-1, 6),
    "rows, as in PyTorch3D": lambda turns: turns.as_matrix()[:, :2].reshape(-1, 6),
}
AXES = {
    "a row per frame": lambda values, joints: values.reshape(T, -1),
    "joints": lambda values, joints: values.reshape(T, joints, *values.shape[1:]),
    "a batch of one": lambda values, joints: values.reshape(1, T, joints, *values.shape[1:]),
    "frames of one row": lambda values, joints: values.reshape(T, 1, -1),
}


@pytest.mark.parametrize("axes", AXES.values(), ids=AXES)
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_rotations_are_told_by_their_width(tmp_path, form, axes):
    made = parameters()
    stored = dict(made)
    for name, joints in JOINTS.items():
        stored[name] = axes(form(Rotation.from_rotvec(made[name].reshape(-1, 3))), joints)
    save(tmp_path / "a.pkl", stored)
    np.testing.assert_allclose(only(tmp_path).frames, channels(made), atol=1e-5)


def test_three_frames_of_one_joint_are_not_a_matrix(tmp_path):
    made = parameters(3)
    save(tmp_path / "a.pkl", made)
    np.testing.assert_array_equal(only(tmp_path).frames, channels(made))


def test_a_jaw_and_an_expression_that_never_change_and_more_coefficients(tmp_path):
    made = parameters()
    save(tmp_path / "a.pkl", made | {"jaw_pose": made["jaw_pose"][:1], "expression": np.arange(50.0)})
    clip = only(tmp_path)
    np.testing.assert_array_equal(clip.frames[:, 156:159], np.tile(made["jaw_pose"][:1], (T, 1)))
    np.testing.assert_array_equal(clip.frames[:, 159:], np.tile(np.arange(10.0), (T, 1)))


def test_amass(tmp_path):
    made = parameters()
    told = {"trans": made["transl"], "betas": made["betas"], "gender": "female", "mocap_framerate": 120.0}
    hands = np.concatenate([made["left_hand_pose"], made["right_hand_pose"]], 1)
    body = np.concatenate([made["global_orient"], made["body_pose"]], 1)
    eyes = np.concatenate([made["leye_pose"], made["reye_pose"]], 1)
    save(tmp_path / "h" / "a_poses.npz", told | {"poses": np.concatenate([body, hands], 1), "dmpls": np.zeros((T, 8))})
    parts = {
        "root_orient": body[:, :3],
        "pose_body": body[:, 3:],
        "pose_hand": hands,
        "pose_jaw": made["jaw_pose"],
        "pose_eye": eyes,
    }
    poses = np.concatenate([body, made["jaw_pose"], eyes, hands], 1)
    save(tmp_path / "x" / "a_stageii.npz", told | {"poses": poses, "mocap_frame_rate": 30} | parts)
    save(tmp_path / "beat" / "a.npz", told | {"poses": poses, "expressions": made["expression"]})
    save(tmp_path / "parts" / "a.npz", told | parts)
    for folder, parts_seen in (("h", PARTS[:4]), ("x", PARTS[:5]), ("parts", PARTS[:5]), ("beat", PARTS)):
        clip = only(tmp_path / folder)
        wanted = channels(made) * np.repeat([part in parts_seen for part in PARTS], [3, 63, 45, 45, 3, 10])
        np.testing.assert_array_equal(clip.frames, wanted)
        assert seen(clip) == list(parts_seen), folder


@pytest.mark.parametrize("suffix", [".npy", ".pkl", ".npz"])
def test_motion_x(tmp_path, suffix):
    made = parameters()
    face = np.random.default_rng(3).normal(size=(T, 40 + 100)).astype(np.float32)
    names = (*JOINTS, "expression")
    motion = np.concatenate([*(made[name] for name in names), face, made["transl"], np.tile(made["betas"], (T, 1))], 1)
    assert motion.shape == (T, 322)
    save(tmp_path / f"a{suffix}", {"motion": motion} if suffix == ".npz" else motion)
    clip = only(tmp_path, layout="smplx_with_signer")
    np.testing.assert_array_equal(clip.frames[:, :169], channels(made))
    np.testing.assert_array_equal(clip.frames[:, 169:], motion[:, [*range(312, 322), *range(309, 312)]])


def test_wham(tmp_path):
    made, others = parameters(), parameters(3, 5)
    results = defaultdict(dict)
    results[0] = {
        "pose": smpl(made)[:3],
        "pose_world": smpl(made)[:3],
        "trans": others["transl"],
        "frame_ids": np.arange(3),
    }
    results[1] = {
        "pose": smpl(made), "pose_world": smpl(made) + 1, "trans": made["transl"], "betas": np.zeros((T, 10)),
        "verts": np.zeros((T, 6890, 3), np.float32), "frame_ids": np.array([4, 5, 6, 7, 9, 10, 11]),
    }  # fmt: skip
    save(tmp_path / "clips" / "wham_output.pkl", results)
    clip = only(tmp_path / "clips")
    there = np.array([0, 1, 2, 3, 5, 6, 7])
    np.testing.assert_array_equal(clip.frames[there, :66], smpl(made)[:, :66])
    assert not clip.frames[there, 66:].any()
    assert clip.valid.tolist() == [[index != 4] * 2 + [False] * 4 for index in range(8)]
    assert only(tmp_path / "clips" / "wham_output.pkl").name == "wham_output"
    assert convert(tmp_path / "clips", tmp_path / "arrays", recursive=True) == 0
    np.testing.assert_array_equal(only(tmp_path / "arrays").frames, clip.frames)
    (remark,) = source_registry.listing("smplx", Request(tmp_path / "clips", labelled=False)).remarks
    assert "wham_output.pkl: it has no left_hand, right_hand, jaw, expression, so these parts of layout smplx" in remark


def test_a_result_in_the_folder_of_its_video_is_named_after_that(tmp_path):
    for clip in ("hello_0", "hello_1"):
        save(tmp_path / clip / "wham_output.pkl", {0: {"pose": smpl(parameters()), "frame_ids": np.arange(T)}})
        save(tmp_path / clip / "tracking_results.pth", {"id": np.arange(3)})
    (tmp_path / "labels.csv").write_text("clip,gloss\nhello_0,HELLO\nhello_1/wham_output.pkl,HELLO\n")
    assert sorted(item.name for item in read(tmp_path, labelled=True) if isinstance(item, Clip)) == [
        "hello_0",
        "hello_1",
    ]
    assert convert(tmp_path, tmp_path / "arrays", recursive=True) == 0
    found = read(tmp_path / "arrays", labelled=True, labels=str(tmp_path / "labels.csv"))
    assert sorted(item.name for item in found if isinstance(item, Clip)) == ["hello_0", "hello_1"]


def test_glamr(tmp_path):
    made = parameters()
    person = {
        "smpl_pose": CudaTensor(smpl(made)[:, 3:]),
        "smpl_orient_cam": CudaTensor(made["global_orient"]),
        "smpl_orient_world": CudaTensor(made["global_orient"] + 1),
        "root_trans_world": CudaTensor(made["transl"]),
        "smpl_beta": CudaTensor(np.zeros((T, 10), np.float32)),
        "exist_frames": np.arange(T) > 1,
        "frames": np.arange(T),
    }
    bystander = person | {"smpl_pose": CudaTensor(np.zeros((T, 69), np.float32)), "exist_frames": np.arange(T) == 3}
    write_plain(
        tmp_path / "a.pkl",
        {"person_data": {0: bystander, 1: person}, "cam_pose": np.zeros((T, 4, 4)), "meta": {"seq_len": T}},
    )
    clip = only(tmp_path)
    np.testing.assert_array_equal(clip.frames[:, :66], smpl(made)[:, :66])
    assert clip.valid[:, 1].tolist() == [False] * 2 + [True] * 5
    assert only(tmp_path / "a.pkl").name == "a"


def test_4d_humans(tmp_path):
    made = parameters(12)
    content = {
        f"out/{index:06d}.jpg": {"smpl": [one_frame(made, index)] if index != 5 else [], "tid": [1], "time": index}
        for index in range(12)
    }
    save(tmp_path / "a.pkl", content)
    for path in (tmp_path, tmp_path / "a.pkl"):
        clip = only(path)
        np.testing.assert_array_equal(np.delete(clip.frames, 5, 0), np.delete(channels(made), 5, 0))
        assert clip.valid.all(1).tolist() == [index != 5 for index in range(12)]


def test_the_same_body_twice_is_taken_in_the_frame_of_the_camera(tmp_path):
    made = parameters()
    body = {name: made[name] for name in ("global_orient", "body_pose", "betas", "transl")}
    other = body | {"global_orient": made["global_orient"] + 1}
    save(
        tmp_path / "a.pkl", {"smpl_params_global": other, "smpl_params_incam": body, "net_outputs": {"x": np.zeros(3)}}
    )
    np.testing.assert_array_equal(only(tmp_path).frames[:, :66], channels(made)[:, :66])


def test_names_of_networks(tmp_path):
    made = parameters()
    names = {
        "global_orient": "root_pose", "body_pose": "body_pose", "left_hand_pose": "lhand_pose", "right_hand_pose": "rhand_pose",
        "jaw_pose": "jaw_pose", "expression": "expr", "betas": "shape",
    }  # fmt: skip
    save(
        tmp_path / "a.pkl", {"smplx": {f"smplx_{name}": made[own][None] for own, name in names.items()}, "width": 1280}
    )
    np.testing.assert_array_equal(only(tmp_path).frames, channels(made))


def test_many_clips_in_one_file(tmp_path):
    clips = {"hello": parameters(5, 1), "bye": parameters(6, 2)}
    save(tmp_path / "all.pkl", clips)
    found = read(tmp_path / "all.pkl")
    assert [clip.name for clip in found] == ["bye", "hello"]
    np.testing.assert_array_equal(found[1].frames, channels(clips["hello"]))
    (rejected,) = read(tmp_path)
    assert rejected.reason == "several_clips"


def test_clips_with_numbers_of_frames_are_not_people(tmp_path):
    clips = {name: parameters(5, seed) | {"frame_ids": np.arange(5)} for seed, name in enumerate(("hello", "bye"))}
    save(tmp_path / "all.pkl", clips)
    assert [clip.name for clip in read(tmp_path / "all.pkl")] == ["bye", "hello"]
    save(tmp_path / "lists.pkl", {name: [one_frame(made, index) for index in range(5)] for name, made in clips.items()})
    found = read(tmp_path / "lists.pkl")
    np.testing.assert_array_equal(found[0].frames, channels(clips["bye"]))


def test_masks_and_frame_numbers_of_signavatars_count_here_too(tmp_path):
    made = parameters()
    save(
        tmp_path / "a.pkl",
        made | {"left_valid": np.arange(T) > 2, "total_valid_index": np.array([0, 1, 2, 3, 4, 6, 7])},
    )
    clip = only(tmp_path)
    assert clip.valid[:, 2].tolist() == [False, False, False, True, True, False, True, True]


def test_a_whole_pose_beside_codes_and_components_is_taken(tmp_path):
    made = parameters()
    eyes = np.zeros((T, 6), np.float32)
    body = np.concatenate([made["global_orient"], made["body_pose"], made["jaw_pose"], eyes], 1)
    whole = np.concatenate([body, made["left_hand_pose"], made["right_hand_pose"]], 1)
    codes = {"body_pose": np.zeros((T, 32)), "left_hand_pose": np.zeros((T, 12)), "right_hand_pose": np.zeros((T, 12))}
    save(tmp_path / "a.pkl", made | codes | {"full_pose": whole})
    np.testing.assert_array_equal(only(tmp_path).frames, channels(made))


def test_what_is_masked_was_not_found(tmp_path):
    made = parameters()
    hand = np.ma.array(made["left_hand_pose"])
    hand[2] = np.ma.masked
    save(tmp_path / "clip.pkl", made | {"left_hand_pose": hand})
    clip = only(tmp_path)
    expected = channels(made)
    expected[2, 66:111] = np.nan
    np.testing.assert_allclose(clip.frames, expected, rtol=1e-6)

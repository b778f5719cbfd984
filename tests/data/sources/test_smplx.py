"""Parameters under their own names, in the files that tools write: the value of each channel, and what is refused how."""

import pickle
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from signjax.data.clip import Clip, Request
from signjax.data.layout.smplx import BODY_JOINTS
from signjax.data.sources import registry as source_registry
from signjax.errors import InputError
from signjax.pickles.conversion.convert import convert
from signjax.pickles.write import CudaTensor, write_plain

T = 7
PARTS = ("root", "body", "left_hand", "right_hand", "jaw", "expression")
JOINTS = {"global_orient": 1, "body_pose": 21, "left_hand_pose": 15, "right_hand_pose": 15, "jaw_pose": 1}


def parameters(frames: int = T, seed: int = 0) -> dict[str, np.ndarray]:
    """A clip of a signer with bent elbows, as the package smplx takes it: rotation vectors (T, 3 J)."""
    rng = np.random.default_rng(seed)
    made = {name: rng.normal(0, 0.3, (frames, 3 * joints)) for name, joints in JOINTS.items()}
    body = made["body_pose"].reshape(frames, 21, 3)
    body[:, BODY_JOINTS.index("left_elbow"), 1] -= 1.5
    body[:, BODY_JOINTS.index("right_elbow"), 1] += 1.5
    eyes = {name: rng.normal(0, 0.3, (frames, 3)) for name in ("leye_pose", "reye_pose")}
    others = {
        "expression": rng.normal(size=(frames, 10)),
        "betas": rng.normal(size=10),
        "transl": rng.normal(size=(frames, 3)),
    }
    return {name: values.astype(np.float32) for name, values in (made | eyes | others).items()}


def channels(made: dict[str, np.ndarray]) -> np.ndarray:
    """(T, 169): what layout smplx must hold."""
    return np.concatenate([made[name] for name in (*JOINTS, "expression")], axis=1)


def save(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".npz":
        np.savez(path, **content)
    elif path.suffix == ".npy":
        np.save(path, content)
    else:
        path.write_bytes(pickle.dumps(content))


def read(path: Path, **fields: object) -> list[object]:
    return list(source_registry.read("smplx", Request(path, **({"labelled": False} | fields))))


def only(path: Path, **fields: object) -> Clip:
    (clip,) = read(path, **fields)
    assert isinstance(clip, Clip), clip
    return clip


def refused(folder: Path, content: object, suffix: str = ".pkl") -> tuple[str, str]:
    save(folder / f"clip{suffix}", content)
    listing = source_registry.listing("smplx", Request(folder, labelled=False))
    (found,) = (source_registry.read_item("smplx", item) for item in listing.items)
    # What a body that can be read does not have is said; this one cannot be.
    assert found.reason == "empty" or not any("it has no left_hand" in remark for remark in listing.remarks)
    return found.reason, found.detail


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


def one_frame(made: dict[str, np.ndarray], index: int) -> dict[str, np.ndarray]:
    return {name: values if name == "betas" else values[index : index + 1] for name, values in made.items()}


def smpler_x(made: dict[str, np.ndarray], index: int) -> dict[str, np.ndarray]:
    """One frame as SMPLer-X writes it: joints in rows, nothing else with an axis."""
    frame = one_frame(made, index)
    shapes = {name: (-1, 3) if name.endswith(("pose", "orient")) else (-1,) for name in frame}
    return {name: values.reshape(shapes[name]) for name, values in frame.items()}


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


@pytest.mark.parametrize("names", [("hello_{}.npz", "bye_{}.npz"), ("clip01_{}.npz", "clip07_{}.npz")])
def test_frames_of_several_clips_in_one_folder_are_refused(tmp_path, names):
    for name in names:
        for index in (0, 50, 100):
            save(tmp_path / name.format(index), smpler_x(parameters(1), 0))
    with pytest.raises(
        InputError, match=r"single frames of several clips, such as .* put the frames of each clip into a"
    ):
        read(tmp_path)


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


def smpl(made: dict[str, np.ndarray]) -> np.ndarray:
    """(T, 72): the pose of SMPL, whose last two joints are rigid hands."""
    return np.concatenate([made["global_orient"], made["body_pose"], np.full((T, 6), 9, np.float32)], 1)


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


@pytest.mark.parametrize("numbers", [6, 12, 44])
def test_hands_as_principal_components_are_refused_by_name(tmp_path, numbers):
    reason, detail = refused(tmp_path, parameters() | {"left_hand_pose": np.zeros((T, numbers))})
    assert reason == "wrong_width"
    assert detail.startswith(
        f"'left_hand_pose' ({T}, {numbers}) has {numbers} numbers per hand and frame: principal components (PCA)"
    )
    assert "left_hand_pose @ model.left_hand_components" in detail


def test_six_components_of_fifteen_frames_are_not_fifteen_joints(tmp_path):
    assert "principal components" in refused(tmp_path, parameters(15) | {"right_hand_pose": np.zeros((15, 6))})[1]


def test_a_whole_pose_beside_codes_and_components_is_taken(tmp_path):
    made = parameters()
    eyes = np.zeros((T, 6), np.float32)
    body = np.concatenate([made["global_orient"], made["body_pose"], made["jaw_pose"], eyes], 1)
    whole = np.concatenate([body, made["left_hand_pose"], made["right_hand_pose"]], 1)
    codes = {"body_pose": np.zeros((T, 32)), "left_hand_pose": np.zeros((T, 12)), "right_hand_pose": np.zeros((T, 12))}
    save(tmp_path / "a.pkl", made | codes | {"full_pose": whole})
    np.testing.assert_array_equal(only(tmp_path).frames, channels(made))


def test_a_code_of_vposer_is_refused_by_name(tmp_path):
    assert (
        "'body_pose' (7, 32) is a code of VPoser"
        in refused(tmp_path, parameters() | {"body_pose": np.zeros((T, 32))})[1]
    )


@pytest.mark.parametrize(
    "content",
    [
        {"global_orient": np.zeros((T, 1, 3, 3)), "hand_pose": np.zeros((T, 15, 3, 3)), "betas": np.zeros((T, 10))},
        {
            "pred_mano_params": {"global_orient": np.zeros((T, 1, 3, 3)), "hand_pose": np.zeros((T, 15, 3, 3))},
            "right": np.ones(T),
        },
        {"left_hand_pose": np.zeros((T, 45)), "right_hand_pose": np.zeros((T, 45))},
        {"pose": np.zeros((T, 48)), "shape": np.zeros(10)},
    ],
)
def test_hands_alone_are_refused_with_what_to_do(tmp_path, content):
    reason, detail = refused(tmp_path, content)
    assert reason == "missing_key" and "hands without a body" in detail and "--config.data.layout=hands" in detail


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        (
            {"global_orient": np.zeros((5, 3))},
            "'body_pose' (7, 63) and 'global_orient' (5, 3) do not have the same number of frames",
        ),
        ({"jaw_pose": np.zeros((5, 3))}, "'jaw_pose' (5, 3) has 5 frames, the body has 7; both need one row per frame"),
        (
            {"body_pose": np.zeros((T, 21, 4))},
            "'body_pose' must be rotations of 21 to 55 joints in each frame, as rotation vectors",
        ),
        (
            {"body_pose": np.zeros((T, 126)) + 3},
            "'body_pose' has the width of the columns of matrices, but its values are not those",
        ),
        ({"body_pose": [[1.0], [1.0, 2.0]]}, "it is values of different lengths"),
        ({"body_pose": np.full((T, 63), "x")}, "'body_pose' must be numbers; it is <U1 (7, 63)"),
        (
            {"expression": np.zeros((3, 10))},
            "'expression' must be numbers of shape (7, n), or (n,) if they are the same in all frames",
        ),
    ],
)
def test_values_that_cannot_be_meant(tmp_path, changes, detail):
    reason, found = refused(tmp_path, parameters() | changes)
    assert reason == "wrong_width" and detail in found, found


@pytest.mark.parametrize(
    "content", [{"betas": np.zeros(16), "gender": "male"}, {"pose": np.zeros((T, 17, 3))}, [1, 2], np.zeros((4, 5))]
)
def test_what_is_no_body_says_what_was_expected(tmp_path, content):
    reason, detail = refused(tmp_path, content)
    assert reason == "missing_key"
    assert detail.startswith(
        "expected a dict with 'smplx' or SMPL-X under its own names (global_orient, body_pose, ...), found "
    )


def test_a_clip_without_frames_is_empty(tmp_path):
    assert refused(tmp_path, {"body_pose": np.zeros((0, 63)), "global_orient": np.zeros((0, 3))})[0] == "empty"

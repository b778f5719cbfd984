"""Parameters that cannot become clips, and what the user reads."""

from pathlib import Path

import numpy as np
import pytest

from signjax.data.clip import Request
from signjax.data.sources import registry as source_registry
from signjax.errors import InputError
from tests.data.sources.smplx_files import T, parameters, read, save, smpler_x


def refused(folder: Path, content: object, suffix: str = ".pkl") -> tuple[str, str]:
    save(folder / f"clip{suffix}", content)
    listing = source_registry.listing("smplx", Request(folder, labelled=False))
    (found,) = (source_registry.read_item("smplx", item) for item in listing.items)
    # What a body that can be read does not have is said; this one cannot be.
    assert found.reason == "empty" or not any("it has no left_hand" in remark for remark in listing.remarks)
    return found.reason, found.detail


@pytest.mark.parametrize("names", [("hello_{}.npz", "bye_{}.npz"), ("clip01_{}.npz", "clip07_{}.npz")])
def test_frames_of_several_clips_in_one_folder_are_refused(tmp_path, names):
    for name in names:
        for index in (0, 50, 100):
            save(tmp_path / name.format(index), smpler_x(parameters(1), 0))
    with pytest.raises(
        InputError, match=r"single frames of several clips, such as .* put the frames of each clip into a"
    ):
        read(tmp_path)


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


def test_keypoints_are_sent_to_their_own_source(tmp_path):
    reason, detail = refused(tmp_path, {"keypoint": np.zeros((1, 9, 27, 2)), "label": 0})
    assert reason == "missing_key"
    assert detail.endswith("found keypoint, label; keypoints are read by --config.data.source=skeletons")

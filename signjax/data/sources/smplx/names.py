"""The names under which parameters are stored: those of the `smplx` package and of AMASS, and those of common fitters."""

from collections.abc import Iterable, Mapping
from typing import Any

_PREFIXES = ("", "smplx_", "smpl_", "pred_", "pred_smplx_")


def _variants(*names: str) -> tuple[str, ...]:
    return tuple(prefix + name for name in names for prefix in _PREFIXES)


# Names that other tools use for other things: they count only with the width of a pose.
WHOLE_POSES = _variants("fullpose", "full_pose", "poses", "pose", "rotvec", "pose_world")
# What a parameter is -> its names, the preferred one first. If a file has the orientation both in the camera's frame and in the
# world's, the camera's is used: it exists for every fitter.
NAMES = {
    "root": _variants("global_orient", "root_orient", "root_pose", "global_pose", "orient_cam", "orient_world"),
    "whole": WHOLE_POSES,
    "body": _variants("body_pose_axis", "body_pose", "pose_body"),
    "left_hand": _variants("left_hand_pose", "lhand_pose", "pose_lhand"),
    "right_hand": _variants("right_hand_pose", "rhand_pose", "pose_rhand"),
    "hands": _variants("pose_hand", "hand_pose", "hands_pose"),
    "jaw": _variants("jaw_pose", "pose_jaw"),
    "expression": _variants("expression", "expressions", "expr", "face_expr", "exp"),
    "shape": (*_variants("betas", "beta"), "smplx_shape", "smpl_shape", "pred_shape"),
    "camera": _variants("transl", "trans", "cam_trans", "root_trans_cam", "root_trans_world", "translation"),
}  # fmt: skip
# The numbers of the frames in their video, and in which of them the person was seen.
FRAME_NUMBERS = ("frame_ids", "frame_id")
SEEN = ("exist_frames",)
# The names that trackers give to every result, each in the folder of its video: WHAM, VIBE and its successors, GVHMR.
SAME_FOR_ALL = ("wham_output", "vibe_output", "tcmr_output", "pare_output", "hmr4d_results")


def parameters(content: Mapping[Any, Any]) -> dict[str, str]:
    """The parameters that a dict has: what each is -> its key."""
    return {what: name for what, names in NAMES.items() if (name := first(content, names)) is not None}


def first(content: Mapping[Any, Any], names: Iterable[str]) -> str | None:
    """The first of the names that the content has a value for."""
    return next((name for name in names if content.get(name) is not None), None)

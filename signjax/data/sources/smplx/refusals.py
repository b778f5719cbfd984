"""Fits that cannot become clips, and what to do about each."""

import math
from collections.abc import Iterable

from signjax.data.sources.smplx.unusable import UnusableBodyError

_HAND_NUMBERS = 45
_LATENT = (32, 64)  # the size of VPoser's code in SMPLify-X and in others
_MANO_POSES = (48, 51)  # orientation and 15 joints, with or without the position


def is_mano(shape: tuple[int, ...] | None) -> bool:
    """Whether an array of this shape has the width of a whole MANO pose."""
    return bool(shape) and shape is not None and shape[-1] in _MANO_POSES


def hands_alone(names: Iterable[str]) -> UnusableBodyError:
    """For MANO, as HaMeR and WiLoR write it."""
    return UnusableBodyError(
        "missing_key",
        f"the file has hands without a body ({', '.join(names)}), so nothing says where the hands are; save the 21 points of "
        "each hand in the camera's frame (HaMeR: pred_keypoints_3d + pred_cam_t) as an array (T, 126), left hand first, one .npy "
        "file per clip, and read them with --config.data.source=arrays --config.data.layout=hands",
    )


def principal_components(name: str, shape: tuple[int, ...], frames: int, hands: int) -> UnusableBodyError | None:
    """For hands as principal components; None if the values are not that.

    Args:
      name: the name of the values.
      shape: their shape.
      frames: number of frames of the body.
      hands: number of hands that the values describe.
    """
    size = math.prod(shape)
    each, rest = divmod(size, frames * hands) if frames else (0, 1)
    if rest or not 0 < each < _HAND_NUMBERS:
        return None
    return UnusableBodyError(
        "wrong_width",
        f"'{name}' {shape} has {each} numbers per hand and frame: principal components (PCA), whose meaning is in the model's "
        "file, not in this one; save rotation vectors of the 15 joints instead (T, 45): in the package smplx, left_hand_pose @ "
        "model.left_hand_components and right_hand_pose @ model.right_hand_components",
    )


def latent_body(name: str, shape: tuple[int, ...] | None) -> UnusableBodyError | None:
    """For a body as the code of VPoser; None if the values are not that."""
    if not shape or shape[-1] not in _LATENT:
        return None
    return UnusableBodyError(
        "wrong_width",
        f"'{name}' {shape} is a code of VPoser, whose meaning is in the network, not in this file; save the decoded pose instead "
        "(T, 63): vposer.decode(body_pose)['pose_body'], or SMPLify-X with use_vposer=False",
    )

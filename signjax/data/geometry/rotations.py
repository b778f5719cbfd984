"""Rotations as vectors, matrices and six numbers.

A rotation vector is the axis times the angle in radians. The six numbers are the first two columns of the matrix, one after the
other, which have no discontinuities: Zhou et al. (2019), On the Continuity of Rotation Representations in Neural Networks.

All functions work on arrays of any leading shape, compute in float64 and return the precision of their input, at least float32.
"""

import numpy as np

# Below this length a column has no reliable direction.
_NO_LENGTH = 1e-8


def _precision(array: np.ndarray) -> np.dtype:
    return np.result_type(array.dtype, np.float32)


def axis_angle_to_matrix(vectors: np.ndarray) -> np.ndarray:
    """(..., 3) radians -> (..., 3, 3). Rodrigues' formula, exact at and near 0."""
    x, y, z = np.ascontiguousarray(np.moveaxis(vectors, -1, 0), np.float64)
    half = 0.5 * np.sqrt(x * x + y * y + z * z)
    sine = np.sin(half)
    ratio = np.divide(sine, half, out=np.ones_like(half), where=half > 0)
    first = ratio * np.cos(half)  # sin(angle) / angle
    second = 0.5 * ratio * ratio  # (1 - cos(angle)) / angle^2
    cosine = 1.0 - 2.0 * sine * sine
    # The axes of the matrix come first, so that writes are contiguous.
    matrix = np.empty((3, 3, *half.shape), _precision(vectors))
    for i, value in enumerate((x, y, z)):
        matrix[i, i] = cosine + second * value * value
    for i, j, a, b, c in ((0, 1, x, y, z), (2, 0, z, x, y), (1, 2, y, z, x)):
        product, turn = second * a * b, first * c
        matrix[i, j] = product - turn
        matrix[j, i] = product + turn
    return np.moveaxis(matrix, (0, 1), (-2, -1))


def matrix_to_axis_angle(matrices: np.ndarray) -> np.ndarray:
    """(..., 3, 3) -> (..., 3), of an angle from 0 to pi. Exact at and near 0 and pi, where the sign of the axis is free.

    Source: through the quaternion, from its largest component (Shepperd 1978).
    """
    m = matrices.astype(np.float64)
    xx, yy, zz = m[..., 0, 0], m[..., 1, 1], m[..., 2, 2]
    # Row k of this is 4 q_k q, for the quaternion q = (w, x, y, z): its row with the largest q_k is well conditioned.
    four = np.empty((*m.shape[:-2], 4, 4))
    four[..., 0, 0], four[..., 1, 1] = 1 + xx + yy + zz, 1 + xx - yy - zz
    four[..., 2, 2], four[..., 3, 3] = 1 - xx + yy - zz, 1 - xx - yy + zz
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        four[..., 1 + i, 1 + j] = four[..., 1 + j, 1 + i] = m[..., i, j] + m[..., j, i]
        four[..., 0, 1 + k] = four[..., 1 + k, 0] = m[..., j, i] - m[..., i, j]
    largest = np.argmax(np.diagonal(four, axis1=-2, axis2=-1), axis=-1)
    quaternion = np.take_along_axis(four, largest[..., None, None], axis=-2)[..., 0, :]
    quaternion /= np.linalg.norm(quaternion, axis=-1, keepdims=True)
    quaternion *= np.where(quaternion[..., :1] < 0, -1.0, 1.0)
    w, axis = quaternion[..., :1], quaternion[..., 1:]
    sine = np.linalg.norm(axis, axis=-1, keepdims=True)
    # At 0 the factor tends to 2 / w; there the quotient of two vanishing numbers would be noise.
    factor = np.where(sine > _NO_LENGTH, 2 * np.arctan2(sine, w) / np.maximum(sine, _NO_LENGTH), 2.0)
    return (factor * axis).astype(_precision(matrices))


def matrix_to_6d(matrices: np.ndarray) -> np.ndarray:
    """(..., 3, 3) -> (..., 6): the first column, then the second."""
    columns = np.swapaxes(matrices[..., :2], -1, -2)
    return columns.reshape(*matrices.shape[:-2], 6).astype(_precision(matrices))


def matrix_from_6d(numbers: np.ndarray) -> np.ndarray:
    """(..., 6) -> (..., 3, 3), by Gram-Schmidt; any six numbers give a rotation, six zeros the identity."""
    columns = numbers.astype(np.float64).reshape(*numbers.shape[:-1], 2, 3)
    x = _unit(columns[..., 0, :], np.array([1.0, 0.0, 0.0]))
    # If the second column is parallel to the first, the coordinate axis least aligned with the first replaces it.
    least = np.eye(3)[np.argmin(np.abs(x), axis=-1)]
    y = columns[..., 1, :]
    y = _unit(y - _dot(x, y) * x, _unit(least - _dot(x, least) * x, least))
    return np.stack([x, y, np.cross(x, y)], axis=-1).astype(_precision(numbers))


def axis_angle_to_6d(vectors: np.ndarray) -> np.ndarray:
    """(..., 3) radians -> (..., 6)."""
    return matrix_to_6d(axis_angle_to_matrix(vectors))


def axis_angle_from_6d(numbers: np.ndarray) -> np.ndarray:
    """(..., 6) -> (..., 3) radians."""
    return matrix_to_axis_angle(matrix_from_6d(numbers))


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a * b).sum(-1, keepdims=True)


def _unit(vectors: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.where(length > _NO_LENGTH, vectors / np.maximum(length, _NO_LENGTH), otherwise)

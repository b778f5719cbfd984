import numpy as np
import pytest

from signjax.data.geometry import rotations

ANGLES = [0.0, 1e-12, 1e-7, 1e-3, 0.5, 2.0, 3.0, np.pi - 1e-4, np.pi - 1e-9, np.pi]


def axes(count: int = 50) -> np.ndarray:
    drawn = np.random.default_rng(0).normal(size=(count, 3))
    drawn = np.concatenate([drawn, np.eye(3), -np.eye(3), [[1, 1, 0], [0, -1, 1]]])
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


@pytest.mark.parametrize("angle", ANGLES)
def test_a_matrix_turns_by_the_angle_about_the_axis(angle):
    vectors = axes() * angle
    matrices = rotations.axis_angle_to_matrix(vectors)
    np.testing.assert_allclose(
        matrices @ np.swapaxes(matrices, 1, 2), np.broadcast_to(np.eye(3), matrices.shape), atol=1e-14
    )
    np.testing.assert_allclose(np.linalg.det(matrices), 1.0)
    np.testing.assert_allclose((matrices @ axes()[..., None])[..., 0], axes(), atol=1e-14)
    np.testing.assert_allclose(np.trace(matrices, axis1=1, axis2=2), 1 + 2 * np.cos(angle), atol=1e-14)


def test_a_positive_angle_about_z_turns_x_to_y():
    matrix = rotations.axis_angle_to_matrix(np.array([0.0, 0.0, np.pi / 2]))
    np.testing.assert_allclose(matrix @ [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], atol=1e-15)


@pytest.mark.parametrize("angle", ANGLES)
def test_the_vector_comes_back_from_its_matrix(angle):
    vectors = axes() * angle
    back = rotations.matrix_to_axis_angle(rotations.axis_angle_to_matrix(vectors))
    if angle > np.pi - 1e-6:  # either sign of the axis is right
        back *= np.sign((back * vectors).sum(1, keepdims=True))
    np.testing.assert_allclose(back, vectors, rtol=1e-6, atol=1e-13)


def test_angles_above_pi_come_back_as_the_same_rotation():
    vectors = axes() * np.linspace(np.pi, 15.0, len(axes()))[:, None]
    matrices = rotations.axis_angle_to_matrix(vectors)
    back = rotations.matrix_to_axis_angle(matrices)
    assert (np.linalg.norm(back, axis=1) <= np.pi + 1e-12).all()
    np.testing.assert_allclose(rotations.axis_angle_to_matrix(back), matrices, atol=1e-12)


def test_six_numbers_are_the_first_two_columns_and_come_back():
    vectors = np.random.default_rng(1).normal(0, 1.5, (4, 5, 3))
    matrices = rotations.axis_angle_to_matrix(vectors)
    numbers = rotations.axis_angle_to_6d(vectors)
    np.testing.assert_allclose(numbers[..., :3], matrices[..., 0])
    np.testing.assert_allclose(numbers[..., 3:], matrices[..., 1])
    np.testing.assert_allclose(rotations.matrix_from_6d(numbers), matrices, atol=1e-14)
    short = rotations.matrix_to_axis_angle(matrices)
    np.testing.assert_allclose(rotations.axis_angle_from_6d(numbers), short, atol=1e-12)


def test_any_six_numbers_give_a_rotation_and_zeros_give_none():
    numbers = np.random.default_rng(2).normal(0, 3, (100, 6))
    numbers[0] = 0
    numbers[1, 3:] = 0
    numbers[2, 3:] = 2 * numbers[2, :3]
    numbers[3] = [0, 1, 0, 0, 0, 0]
    matrices = rotations.matrix_from_6d(numbers)
    np.testing.assert_allclose(
        matrices @ np.swapaxes(matrices, 1, 2), np.broadcast_to(np.eye(3), matrices.shape), atol=1e-12
    )
    np.testing.assert_allclose(np.linalg.det(matrices), 1.0)
    np.testing.assert_array_equal(matrices[0], np.eye(3))


def test_float32_stays_float32():
    vectors = np.random.default_rng(4).uniform(-1.5, 1.5, (7, 3)).astype(np.float32)
    numbers = rotations.axis_angle_to_6d(vectors)
    back = rotations.axis_angle_from_6d(numbers)
    assert (numbers.dtype, back.dtype) == (np.float32, np.float32)
    np.testing.assert_allclose(back, vectors, atol=2e-6)

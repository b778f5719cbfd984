import numpy as np
import pytest

from signjax.random_convolution.kernels import count_exceeding, draw_convolutions
from signjax.random_convolution.one_clip import count_exceeding_in_one, put_together


@pytest.mark.parametrize(("channels", "length", "count"), [(1, 9, 84), (2, 30, 840), (40, 57, 2_000), (7, 128, 1_680)])
def test_the_features_of_one_clip_are_those_of_many(channels, length, count):
    random = np.random.default_rng(length)
    clips = random.normal(size=(channels, length, 6)).astype(np.float32)
    clips[:, : length // 2, 0] = 0  # ties with biases that are 0
    clips[:, :, 1] = -0.0
    convolutions = draw_convolutions(clips, count, random)
    expected, together = count_exceeding(clips, convolutions), put_together(convolutions)
    assert len(together.groups) < len(convolutions) / 3
    for clip in range(6):
        alone = count_exceeding_in_one(np.ascontiguousarray(clips[:, :, clip].T), together)
        np.testing.assert_array_equal(alone, expected[:, clip])

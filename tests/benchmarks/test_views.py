"""Which takes a split by view learns from."""

import numpy as np
import pytest

from benchmarks.views import split_by_take


def test_takes_are_learned_from_or_tested():
    found = split_by_take(np.array(["a_ana_1", "a_ana_4", "b_ana_12", "b_ben_2"]), [1, 2])
    assert found.tolist() == ["train", "test", "test", "train"]
    with pytest.raises(SystemExit, match=r"1 names.*'c_ben'"):
        split_by_take(np.array(["a_1", "c_ben"]), [1])

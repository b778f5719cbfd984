"""Files that real torch wrote with the tag `cuda:0`, compared with what torch itself read from them.

The folder is not part of the project; `SIGNJAX_DATA` names the folder that holds `torch_cuda/`.
"""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from signjax.pickles import PickleError, load

FOLDER = Path(os.environ.get("SIGNJAX_DATA", "")) / "torch_cuda"
pytestmark = pytest.mark.skipif(
    "SIGNJAX_DATA" not in os.environ or not FOLDER.is_dir(),
    reason="SIGNJAX_DATA names no folder with torch_cuda/ in it",
)


def assert_matches(found: Any, wanted: Any) -> None:
    if isinstance(wanted, dict) and "__tensor__" in wanted:
        assert isinstance(found, np.ndarray)
        assert f"torch.{found.dtype.name}" == wanted["dtype"]
        assert list(found.shape) == wanted["shape"]
        if found.size:
            assert list(found.strides) == [step * found.itemsize for step in wanted["stride"]]
        values = wanted["values"] if "values" in wanted else wanted["first8"]
        values = [complex(value) if isinstance(value, str) else value for value in values]
        np.testing.assert_array_equal(found.reshape(-1)[: len(values)].astype(np.asarray(values).dtype), values)
        if "sum_float64" in wanted:
            np.testing.assert_allclose(found.sum(dtype=np.float64), wanted["sum_float64"], rtol=1e-12)
    elif isinstance(wanted, dict):
        assert list(found) == [key for key, _ in wanted["items"]]
        for key, value in wanted["items"]:
            assert_matches(found[key], value)
    else:
        assert found == wanted


def test_torch_saves_match_what_torch_read() -> None:
    expected = json.loads((FOLDER / "expected_torch.json").read_text())
    compared = 0
    for name, truth in expected.items():
        if "torch_load_weights_only" in truth:
            assert_matches(load(FOLDER / name), truth["torch_load_weights_only"])
            compared += 1
    assert compared >= 6


@pytest.mark.parametrize("numpy", ["np1", "np2"])
def test_plain_pickles_match_the_truth(numpy: str) -> None:
    truth = np.load(FOLDER / f"signavatars_like_{numpy}_expected.npz")
    names = [f"signavatars_like_{numpy}_proto{protocol}.pkl" for protocol in (2, 3, 4)]
    for name in [*names, f"all_tensors_plain_pickle_{numpy}.pkl"]:
        found = load(FOLDER / name)
        assert set(found) == set(truth.files)
        for key in truth.files:
            np.testing.assert_array_equal(found[key], truth[key])
            assert np.asarray(found[key]).dtype == truth[key].dtype


def test_a_plain_pickle_holds_the_same_as_the_legacy_file() -> None:
    legacy, plain = load(FOLDER / "dtypes_legacy.pt"), load(FOLDER / "dtypes_plain_pickle.pkl")
    assert list(legacy) == list(plain)
    for key in legacy:
        assert legacy[key].dtype == plain[key].dtype
        np.testing.assert_array_equal(legacy[key], plain[key])


def test_inexact_quantised_tensors_are_refused_by_name() -> None:
    with pytest.raises(PickleError, match="quantised tensor whose scale"):
        load(FOLDER / "sparse_quantized_zip.pt")

"""Whatever Python, NumPy and torch write is read back."""

import math
import pickle
from pathlib import Path
from typing import Any

import hypothesis.extra.numpy as numpy_strategies
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signjax.pickles import reader
from signjax.pickles.limits import Limits
from signjax.pickles.strided_view import View

WHOLE = st.integers(-(2**70), 2**70)
SCALARS = st.one_of(st.none(), st.booleans(), WHOLE, st.floats(), st.text(), st.binary(), st.complex_numbers())
KEYS = st.one_of(
    st.text(),
    st.integers(-(2**63), 2**63 - 1),
    st.none(),
    st.binary(max_size=20),
    st.tuples(st.text(), st.integers(0, 9)),
)
TREES = st.recursive(
    st.one_of(SCALARS, st.frozensets(st.text()), st.sets(st.integers(0, 99)), st.binary().map(bytearray)),
    lambda children: st.one_of(
        st.lists(children, max_size=5),
        st.tuples(children),
        st.tuples(children, children),
        st.dictionaries(KEYS, children, max_size=5),
    ),
    max_leaves=15,
)
DTYPES = st.one_of(
    numpy_strategies.boolean_dtypes(), numpy_strategies.integer_dtypes(), numpy_strategies.unsigned_integer_dtypes(),
    numpy_strategies.floating_dtypes(), numpy_strategies.complex_number_dtypes(), numpy_strategies.datetime64_dtypes(),
    numpy_strategies.timedelta64_dtypes(), numpy_strategies.byte_string_dtypes(), numpy_strategies.unicode_string_dtypes(),
    numpy_strategies.array_dtypes(max_size=3),
)  # fmt: skip
ARRAYS = numpy_strategies.arrays(DTYPES, numpy_strategies.array_shapes(min_dims=0, min_side=0, max_side=4))
PROTOCOLS = st.integers(0, 5)
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def read(content: bytes) -> Any:
    return reader.parse(memoryview(content), Limits(), View.array, verify=True)


def same(one: Any, other: Any) -> bool:
    """Recursively equal in value and type; NaN equals itself."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, complex):
        one, other = (one.real, one.imag), (other.real, other.imag)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, np.ndarray):
        return (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())
    if isinstance(one, float) and math.isnan(one):
        return math.isnan(other)
    return bool(one == other)


@QUICK
@given(TREES, PROTOCOLS)
def test_plain_python(tree: Any, protocol: int) -> None:
    assert same(read(pickle.dumps(tree, protocol)), tree)


@QUICK
@given(st.lists(ARRAYS, max_size=3), PROTOCOLS, st.booleans())
def test_numpy(arrays: list[Any], protocol: int, fortran: bool) -> None:
    if fortran:
        arrays = [np.asfortranarray(array) for array in arrays]
    assert same(read(pickle.dumps(arrays, protocol)), arrays)


@QUICK
@given(numpy_strategies.arrays(np.int64, numpy_strategies.array_shapes(max_dims=3)), st.data())
def test_torch_views(tmp_path_factory: pytest.TempPathFactory, array: Any, data: st.DataObject) -> None:
    torch = pytest.importorskip("torch")
    tensor = torch.as_tensor(array)
    for _ in range(data.draw(st.integers(0, 3))):
        axis = data.draw(st.integers(0, tensor.ndim - 1)) if tensor.ndim else None
        if axis is None:
            break
        match data.draw(st.sampled_from(("transpose", "narrow", "step", "select", "expand"))):
            case "transpose":
                tensor = tensor.transpose(0, axis)
            case "narrow":
                start = data.draw(st.integers(0, tensor.shape[axis]))
                tensor = tensor.narrow(axis, start, data.draw(st.integers(0, tensor.shape[axis] - start)))
            case "step" if tensor.shape[axis]:
                tensor = tensor[(slice(None),) * axis + (slice(None, None, 2),)]
            case "select" if tensor.shape[axis]:
                tensor = tensor.select(axis, data.draw(st.integers(0, tensor.shape[axis] - 1)))
            case "expand":
                tensor = tensor.unsqueeze(axis).expand(*tensor.shape[:axis], 3, *tensor.shape[axis:])
    path: Path = tmp_path_factory.mktemp("views") / "file.pt"
    for is_zip in (True, False):
        torch.save(tensor, path, _use_new_zipfile_serialization=is_zip)
        assert same(np.ascontiguousarray(read(path.read_bytes())), np.ascontiguousarray(tensor.numpy()))
    assert same(np.ascontiguousarray(read(pickle.dumps(tensor))), np.ascontiguousarray(tensor.numpy()))

"""Annotated shapes are checked in every test, and dtypes are not promoted silently; see `conftest.py`."""

from pathlib import Path
from typing import get_type_hints

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from conftest import CHECKED
from jaxtyping import TypeCheckError, jaxtyped

from signjax.data.batching.collate import collate
from signjax.data.batching.excerpts import whole_clips
from signjax.layers.batch_norm import MaskedBatchNorm
from signjax.layers.linear import Projection
from signjax.layers.pooling import mean_pool
from signjax.training.input.batch_stream import make_index_batch

PACKAGE = Path(__file__).parents[1] / "signjax"


def test_every_module_that_annotates_shapes_is_checked():
    files = [path for path in PACKAGE.rglob("*.py") if "from jaxtyping import" in path.read_text(encoding="utf-8")]
    modules = {".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in files}
    assert "signjax.layers.pooling" in modules
    assert {name for name in modules if not name.startswith(tuple(CHECKED))} == set()


def test_a_wrong_shape_fails_where_it_enters():
    x, mask = jnp.ones((2, 5, 3)), jnp.ones((2, 5), bool)
    assert mean_pool(x, mask).shape == (2, 3)
    with pytest.raises(TypeCheckError, match=r"parameters of signjax\.layers\.pooling\.mean_pool"):
        mean_pool(x, mask[:, :4])
    with pytest.raises(TypeCheckError, match="parameter 'x'"):
        Projection(4).init(jax.random.key(0), x[0])
    with pytest.raises(TypeCheckError, match="parameter 'mask'"):  # an integer mask
        MaskedBatchNorm().init(jax.random.key(0), x, jnp.ones((2, 5), jnp.int32), training=False)


def test_a_batch_has_the_shapes_of_its_annotations(dataset):
    clips = np.array([3, 0])
    shown = whole_clips(dataset.lengths[clips], 16)
    for batch in (collate(dataset, clips, 4, 16, shown), make_index_batch(clips, shown, 4)):
        with jaxtyped("context"):
            for name, annotation in get_type_hints(type(batch)).items():
                assert isinstance(getattr(batch, name), annotation), name


def test_two_precisions_are_not_mixed_without_a_cast():
    with pytest.raises(ValueError, match="jax_numpy_dtype_promotion=strict"):
        jnp.ones(2, jnp.bfloat16) + jnp.ones(2, jnp.float32)

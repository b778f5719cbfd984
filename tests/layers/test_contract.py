"""The contract of every layer: its shapes, its precision, a finite gradient, and that padding changes nothing.

`test_padding.py` also tests gradients and the values in the padding.
"""

import importlib
import pkgutil
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import signjax.layers
from signjax.layers.attention import SelfAttention
from signjax.layers.batch_norm import MaskedBatchNorm
from signjax.layers.convolution import Convolution, ResidualBlock
from signjax.layers.dropout import Dropout
from signjax.layers.linear import Projection
from signjax.layers.pooling import Pool
from signjax.layers.recurrent.bidirectional import Recurrence

LENGTHS, FEATURES = (13, 7, 16), 6


class Case(NamedTuple):
    """A layer, how it is called (module, x, mask, row), and its number of output features, which are per clip if it pools."""

    module: nn.Module
    call: Callable[..., jax.Array]
    features: int
    pools: bool = False


def masked(module, x, mask, row):
    return module(x, mask)


def evaluated(module, x, mask, row):
    return module(x, mask, training=False)


def by_row(module, x, mask, row):
    return module(x, mask, row, training=False)


CASES = {
    "projection": Case(Projection(5), lambda module, x, mask, row: module(x), 5),
    "convolution": Case(Convolution(5, 7), lambda module, x, mask, row: jnp.where(mask[:, :, None], module(x), 0), 5),
    "dropout": Case(Dropout(0.5), lambda module, x, mask, row: module(x, row, training=False), FEATURES),
    "batch norm": Case(MaskedBatchNorm(), evaluated, FEATURES),
    "residual block": Case(ResidualBlock(5, 7, 0.1), by_row, 5),
    "attention": Case(SelfAttention(2), masked, FEATURES),
    "lstm": Case(Recurrence(4, "lstm"), masked, 8),
    "gru": Case(Recurrence(4, "gru"), masked, 8),
    "pool": Case(Pool(), masked, 3 * FEATURES, pools=True),
}


def batch(frames: int, dtype) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs of three clips, zero on padding, with mask and rows."""
    x = np.zeros((len(LENGTHS), frames, FEATURES), np.float32)
    for row, length in enumerate(LENGTHS):
        x[row, :length] = np.random.default_rng(row).normal(size=(length, FEATURES))
    mask = np.arange(frames)[None] < np.array(LENGTHS)[:, None]
    return x.astype(dtype), mask, np.arange(len(LENGTHS), dtype=np.int32)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
@pytest.mark.parametrize("name", CASES)
def test_a_layer_keeps_its_contract(name, dtype):
    module, call, features, pools = CASES[name]
    if dtype == jnp.bfloat16 and "dtype" in {field.name for field in module.__dataclass_fields__.values()}:
        module = module.clone(dtype=jnp.dtype(dtype))
    x, mask, row = batch(16, dtype)
    variables = jax.jit(partial(module.init, method=call))(jax.random.key(0), x, mask, row)

    @jax.jit
    def run(params, x, mask, row):
        found = module.apply({**variables, "params": params}, x, mask, row, method=call)
        return jnp.square(found.astype(jnp.float32)).sum(), found

    params = variables.get("params", {})
    gradient, found = jax.device_get(jax.jit(jax.grad(run, argnums=(0, 1), has_aux=True))(params, x, mask, row))
    assert found.shape == ((3, features) if pools else (3, 16, features))
    assert found.dtype == (jnp.float32 if pools else dtype)  # pooling adds up many frames
    assert {leaf.dtype for leaf in jax.tree.leaves(variables)} <= {jnp.dtype(jnp.float32)}
    assert all(np.isfinite(leaf.astype(np.float32)).all() for leaf in jax.tree.leaves((found, gradient)))
    assert all(np.any(leaf != 0) for leaf in jax.tree.leaves(gradient))
    longer = run(params, *batch(29, dtype))[1]
    expected, tolerance = np.asarray(found, np.float32), 1e-5 if dtype == jnp.float32 else 2e-2
    for clip, length in enumerate(LENGTHS):
        real = clip if pools else (clip, slice(length))
        np.testing.assert_allclose(np.asarray(longer, np.float32)[real], expected[real], rtol=tolerance, atol=tolerance)


def test_every_layer_has_a_case():
    names = [found.name for found in pkgutil.walk_packages(signjax.layers.__path__, "signjax.layers.")]
    modules = [importlib.import_module(name) for name in names]
    layers = {
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, nn.Module) and value.__module__ == module.__name__
    }
    assert layers == {type(case.module) for case in CASES.values()}

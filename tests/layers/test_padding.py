"""Padding changes nothing: for every layer, a clip gives the same result whatever it is padded to and batched with."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from signjax.data.cleaning.clean import Cleaning
from signjax.data.layout.parts import Layout, Part
from signjax.layers.attention import SelfAttention
from signjax.layers.batch_norm import MaskedBatchNorm
from signjax.layers.convolution import ResidualBlock, halve_mask, halve_time
from signjax.layers.pooling import Pool
from signjax.layers.recurrent.bidirectional import Recurrence
from signjax.model.bone_scale import BoneScale
from signjax.model.hybrid import Hybrid
from signjax.model.input_spec import InputSpec
from signjax.model.inputs import model_inputs
from signjax.plans.hybrid import HybridSettings

LENGTHS = (13, 7, 16)


def batch(frames: int, features: int = 6, seed: int = 0):
    """Three clips of fixed content, padded with zeros to `frames`."""
    rng = np.random.default_rng(seed)
    x = np.zeros((len(LENGTHS), frames, features), np.float32)
    for row, length in enumerate(LENGTHS):
        x[row, :length] = rng.normal(size=(length, features))
    mask = np.arange(frames)[None] < np.array(LENGTHS)[:, None]
    return x, mask


LAYERS = {
    "convolution": lambda x, mask: (ResidualBlock(5, 7, 0.0), (x, mask, jnp.arange(len(x))), {"training": False}),
    "norm": lambda x, mask: (MaskedBatchNorm(), (x, mask), {"training": False}),
    "attention": lambda x, mask: (SelfAttention(2), (x, mask), {}),
    "lstm": lambda x, mask: (Recurrence(4, "lstm"), (x, mask), {}),
    "gru": lambda x, mask: (Recurrence(4, "gru"), (x, mask), {}),
}


@partial(jax.jit, static_argnums=0)  # as one program: eager operations would each compile their own
def initialised(name: str, x, mask):
    """The layer's variables, none of them exactly zero or one."""
    module, args, kwargs = LAYERS[name](x, mask)
    variables = module.init({"params": jax.random.key(0), "dropout": jax.random.key(1)}, *args, **kwargs)
    return jax.tree.map(lambda value: value + 0.1, variables)


@partial(jax.jit, static_argnums=0)
def applied(name: str, variables, x, mask):
    """The layer's output."""
    module, args, kwargs = LAYERS[name](x, mask)
    return module.apply(variables, *args, **kwargs, rngs={"dropout": jax.random.key(1)})


@pytest.mark.parametrize("name", LAYERS)
def test_a_frame_does_not_see_padding_or_batch_mates(name):
    x, mask = batch(16)
    variables = initialised(name, x, mask)
    expected = np.asarray(applied(name, variables, x, mask))
    longer_x, longer_mask = batch(29)
    longer = np.asarray(applied(name, variables, longer_x, longer_mask))
    np.testing.assert_allclose(longer[:, :16], expected, rtol=1e-5, atol=1e-5)
    assert not np.any(longer[~longer_mask])  # zeros on padding
    alone = applied(name, variables, x[1:2], mask[1:2])
    np.testing.assert_allclose(alone, expected[1:2], rtol=1e-5, atol=1e-5)


@partial(jax.jit, static_argnums=0)
def gradients(name: str, variables, x, mask, weights):
    def loss(params, x):
        return (applied(name, {**variables, "params": params}, x, mask) * weights).sum()

    return jax.grad(loss, argnums=(0, 1))(variables["params"], x)


def differentiated(*args):
    """Gradients of (output * weights).sum() for the parameters and for `x`, as NumPy arrays."""
    return jax.device_get(gradients(*args))


def close(found, expected) -> None:
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5), found, expected)


@pytest.mark.parametrize("name", LAYERS)
def test_a_gradient_does_not_see_padding_or_batch_mates(name):
    x, mask = batch(16)
    variables = initialised(name, x, mask)
    weights = np.random.default_rng(1).normal(size=(3, 29, applied(name, variables, x, mask).shape[-1]))
    weights = weights.astype(np.float32)
    params, inputs = differentiated(name, variables, x, mask, weights[:, :16])
    longer_params, longer_inputs = differentiated(name, variables, *batch(29), weights)
    close((longer_params, longer_inputs[:, :16]), (params, inputs))
    # A convolution's own inputs are promised to be zero on padding: whatever makes them so also stops their gradient.
    assert name == "convolution" or not longer_inputs[:, 16:].any()
    # What one clip contributes, in the batch and alone.
    one = weights * (np.arange(3) == 1)[:, None, None]
    params, inputs = differentiated(name, variables, x, mask, one[:, :16])
    assert not inputs[[0, 2]].any()
    close(differentiated(name, variables, x[1:2], mask[1:2], one[1:2, :16]), (params, inputs[1:2]))


@pytest.mark.parametrize("name", ["lstm", "gru", "attention", "norm"])
def test_what_stands_in_padding_reaches_nothing(name):
    """Neither outputs nor gradients change; only the convolutions rely on zeros in the padding."""
    x, mask = batch(29)
    variables = initialised(name, x, mask)
    dirty = np.where(mask[:, :, None], x, np.float32(1e3))
    expected = applied(name, variables, x, mask)
    np.testing.assert_array_equal(applied(name, variables, dirty, mask), expected)
    weights = np.random.default_rng(1).normal(size=expected.shape).astype(np.float32)
    close(*(differentiated(name, variables, inputs, mask, weights) for inputs in (x, dirty)))


def test_pooling_does_not_see_padding():
    x, mask = batch(16)
    variables = jax.jit(Pool().init)(jax.random.key(0), x, mask)
    pool = jax.jit(Pool().apply)
    np.testing.assert_allclose(pool(variables, *batch(29)), pool(variables, x, mask), atol=1e-6)


def test_halving_time_averages_the_real_frames_of_a_pair():
    x = jnp.arange(1.0, 6.0)[None, :, None]
    mask = jnp.array([[True, True, True, False, False]])
    np.testing.assert_allclose(halve_time(x, mask)[0, :, 0], [1.5, 3.0, 0.0])
    assert halve_mask(mask).tolist() == [[True, True, False]]


def test_a_clip_without_frames_gives_finite_results():
    x, _ = batch(16)
    mask = np.zeros((3, 16), bool)
    pooled, attended = (
        np.asarray(jax.jit(layer.init_with_output)(jax.random.key(0), x, mask)[0])
        for layer in (Pool(), SelfAttention(2))
    )
    assert not pooled.any()
    assert np.isfinite(attended).all()


def small_model() -> Hybrid:
    return Hybrid({"gloss": 4, "hand": 2}, HybridSettings((8, 12), (5, 3), depth=1, units=6, heads=2, dropout=0.4))


LAYOUT = Layout(
    "two_hands", tuple(Part(name, 1, "xyz", name) for name in ("left", "right")), False, ((("left", 0), ("right", 0)),)
)
SPEC = InputSpec(
    dataset="",
    layout=LAYOUT,
    source_layout=LAYOUT,
    heads={},
    mean=np.full(6, 0.3, np.float32),
    std=np.full(6, 2.0, np.float32),
    within=np.full(6, 1.0, np.float32),
    speed=np.full(6, 0.5, np.float32),
    low=np.full(6, -np.inf, np.float32),
    high=np.full(6, np.inf, np.float32),
    bones=BoneScale(0.4, 0.2),
    cleaning=Cleaning(),
    no_sign=False,
    buckets=(16,),
)


def inputs(frames: int):
    x, _ = batch(frames)
    valid = np.ones((3, frames, 2), bool)
    valid[0, 3:5, 1] = False
    return model_inputs(jnp.asarray(x), jnp.array(LENGTHS), jnp.asarray(valid), SPEC)


@jax.jit
def initialised_model():
    return small_model().init(jax.random.key(0), *inputs(16), jnp.arange(3), training=False)


def test_logits_and_their_gradient_do_not_see_padding():
    model, row = small_model(), jnp.arange(3)
    variables = initialised_model()
    # Fresh running statistics would hide a mask that is forgotten: shift them.
    variables = jax.tree.map(lambda value: value + 0.1, variables)

    def total(params, frames):
        logits = model.apply({**variables, "params": params}, *inputs(frames), row, training=False)
        return (logits["gloss"] ** 2).sum() + logits["hand"].sum(), logits

    differentiate = jax.jit(jax.grad(total, has_aux=True), static_argnums=1)
    gradient, logits = differentiate(variables["params"], 16)
    longer_gradient, longer_logits = differentiate(variables["params"], 40)
    for head in ("gloss", "hand"):
        np.testing.assert_allclose(longer_logits[head], logits[head], rtol=1e-4, atol=1e-5)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-3, atol=2e-4), longer_gradient, gradient)


def test_training_does_not_see_padding_either():
    """With dropout and batch statistics, both of which use only real frames."""
    model, row = small_model(), jnp.arange(3)
    variables = initialised_model()

    @partial(jax.jit, static_argnums=0)
    def run(frames):
        return model.apply(
            variables,
            *inputs(frames),
            row,
            training=True,
            rngs={"dropout": jax.random.key(1)},
            mutable=["batch_stats"],
        )

    logits, updated = run(16)
    longer_logits, longer_updated = run(40)
    np.testing.assert_allclose(longer_logits["gloss"], logits["gloss"], rtol=1e-4, atol=1e-5)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5), longer_updated, updated)
    evaluated = jax.jit(lambda: model.apply(variables, *inputs(16), row, training=False))()
    assert not np.allclose(logits["gloss"], evaluated["gloss"])


def test_what_was_not_seen_is_the_mean_and_does_not_move():
    x, _ = inputs(16)
    values, movement, form, velocity, bone, bone_movement, bone_velocity, seen = np.split(
        np.asarray(x[0]), [6, 12, 18, 24, 27, 30, 33], axis=1
    )
    assert not any(given[3:5, 3:].any() for given in (values, movement, form)) and not velocity[3:6, 3:].any()
    assert not any(given[3:5].any() for given in (bone, bone_movement)) and not bone_velocity[3:6].any()
    assert seen[:, 1].tolist() == [1, 1, 1, 0, 0, *[1] * 8, 0, 0, 0]
    moved = (values[4, 0] - values[3, 0]) * SPEC.std[0]
    assert abs(velocity[4, 0] * SPEC.speed[0] - moved) < 1e-5 < abs(moved)

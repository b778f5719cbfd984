"""Networks that are explained here are not trained: made ones show whether what counts is found, the hybrid whether it adds up."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from signjax.data.clip import Clip, ClipInfo
from signjax.errors import InputError
from signjax.explanation.explainer import METHODS, Explainer
from signjax.explanation.mistakes import explain_mistakes
from signjax.model.factory import make_model
from signjax.model.input_spec import make_input_spec
from signjax.plans.hybrid import HybridSettings
from signjax.training.state import make_initializer

SIZES = HybridSettings(filters=(8,), kernels=(5,), units=4, heads=2, depth=1)


class Planted:
    """Its first class is scored by the positions of one part in some frames and by nothing else."""

    def __init__(self, spec, part: str, frames: slice):
        self.classes, self._channels, self._frames = spec.classes, spec.layout.channels_of(part), frames

    def init(self, rngs, x, mask, row, *, training):
        raise NotImplementedError

    def apply(self, variables, x, mask, row, *, training, rngs=None, mutable=False):
        seen = x[:, self._frames, self._channels]
        score = variables["params"]["scale"] * jnp.tanh(jnp.square(seen).mean((1, 2)))
        logits = {head: jnp.zeros((len(x), count)).at[:, 0].set(score) for head, count in self.classes.items()}
        return (logits, {}) if mutable else logits


@pytest.fixture(scope="module")
def spec(dataset):
    return make_input_spec(dataset, (64,))


@pytest.fixture(scope="module")
def clip(dataset):
    """A clip in which the left hand is never seen, and the body not in some frames."""
    valid = np.ones(dataset.validity(0).shape, bool)
    valid[:, dataset.layout.part_names.index("left_hand")] = False
    valid[3:6, dataset.layout.part_names.index("body")] = False
    return Clip(ClipInfo("one"), dataset.frames(0), valid)


@pytest.fixture(scope="module")
def network(spec):
    """The hybrid with random variables, which are quicker to draw than to compile an initializer for."""
    model, rng = make_model(SIZES, spec), np.random.default_rng(0)
    shapes = jax.eval_shape(make_initializer(model, spec.features, spec.frames), 0)
    return model, jax.tree.map(lambda like: jnp.asarray(np.abs(rng.normal(0.1, 0.3, like.shape)), like.dtype), shapes)


@pytest.fixture(scope="module")
def planted(spec):
    """Explains a network that looks at the body in the first two frames."""
    model = Planted(spec, "body", slice(0, 2))
    return Explainer(model, spec, {"params": {"scale": jnp.ones(())}})


@pytest.fixture(scope="module")
def explained(spec, clip, network):
    explainer = Explainer(network[0], spec, network[1])
    classes = spec.heads["gloss"]
    return {method: explainer.explain(clip, "gloss", classes[1], method=method, first_frame=7) for method in METHODS}


def test_what_a_network_looks_at_is_found(spec, clip):
    right = spec.layout.part_names.index("right_hand")
    explainer = Explainer(Planted(spec, "right_hand", slice(4, 8)), spec, {"params": {"scale": jnp.ones(())}})
    for method in METHODS:
        one = explainer.explain(clip, "gloss", spec.heads["gloss"][0], method=method)
        at = np.argwhere(one.by_part)
        assert {tuple(where) for where in at} == {(frame, right) for frame in range(4, 8)}, method
        assert one.window[0] >= 4 and one.window[1] <= 7 and one.attention is None
        assert one.shares["right hand"] == pytest.approx(1)


def test_integrated_gradients_add_up_for_the_hybrid(explained):
    one = explained["integrated_gradients"]
    assert abs(one.gap) < 0.01 * np.abs(one.importance).sum()
    assert one.by_part.sum() == pytest.approx(one.importance.sum(), rel=1e-4)
    assert sum(values.sum() for values in one.regions.values()) == pytest.approx(one.importance.sum(), rel=1e-4)
    assert abs(one.gap) < abs(explained["gradient_times_input"].gap)


def test_what_was_not_seen_counts_nothing_and_padding_has_no_place(explained, clip):
    for one in explained.values():
        assert one.importance.shape == clip.frames.shape and len(one.times) == len(clip.frames) < 64
        assert (one.by_part[~clip.valid] == 0).all() and (one.by_part[clip.valid] != 0).all()
        assert one.times[0] == 7 and one.times[-1] == 7 + len(clip.frames) - 1


def test_attention_is_of_the_real_frames(explained):
    for one in explained.values():
        assert one.attention.shape == (len(one.frames),)
        assert one.attention.min() >= 0 and one.attention.sum() == pytest.approx(1)


def test_the_hybrid_keeps_its_attention_only_where_it_is_asked_to(network, spec):
    model, variables = network
    assert set(variables) == {"params", "batch_stats"}
    x, mask, row = jnp.zeros((1, 64, spec.features)), jnp.arange(64)[None] < 40, jnp.zeros(1, jnp.int32)

    def apply(mutable):
        return jax.eval_shape(lambda: model.apply(variables, x, mask, row, training=False, mutable=mutable))

    assert set(apply(False)) == set(spec.heads)
    (weights,) = jax.tree.leaves(apply(["intermediates"])[1])
    assert weights.shape == (1, 64, 64)


def test_the_mean_over_members_is_explained(spec, clip, planted):
    of, both = spec.heads["gloss"][0], {"params": {"scale": jnp.array([1.0, 3.0])}}
    together = Explainer(planted.model, spec, both, members=2).explain(clip, "gloss", of)
    alone = planted.explain(clip, "gloss", of)
    np.testing.assert_allclose(together.importance, 2 * alone.importance, rtol=1e-5)
    assert together.score == pytest.approx(2 * alone.score)


def test_long_clips_are_explained_at_the_frames_that_the_model_saw(dataset, spec, planted):
    long = Clip(ClipInfo("long"), np.tile(dataset.frames(0), (5, 1)), np.tile(dataset.validity(0), (5, 1)))
    one = planted.explain(long, "gloss", spec.heads["gloss"][0])
    assert len(one.times) == 64 and one.times[-1] == len(long.frames) - 1
    np.testing.assert_array_equal(one.frames, long.frames[one.times])


def test_two_classes_are_compared_and_names_are_checked(spec, clip, dataset, planted):
    classes = spec.heads["gloss"]
    one, other = (planted.explain(clip, "gloss", *names) for names in (classes[:2], classes[1::-1]))
    np.testing.assert_allclose(one.importance, -other.importance)
    assert f"For {classes[0]} rather than {classes[1]}: body " in one.sentence
    with pytest.raises(InputError, match=r"no head 'hands'; it has 'gloss'"):
        planted.explain(clip, "hands", classes[0])
    with pytest.raises(InputError, match=r"no class 'HELLO'; its classes are"):
        planted.explain(clip, "gloss", classes[0], "HELLO")
    names = [row["clip"] for row in dataset.clips]
    mistakes = [(names[4], classes[1], classes[0], 0.9), (names[5], classes[0], classes[0], 0.5)]
    (mistake,) = explain_mistakes(planted.explain, dataset, "gloss", mistakes)
    assert (mistake.clip, mistake.of, mistake.against) == (names[4], classes[0], classes[1])
    assert mistake.times[0] == int(dataset.clips[4]["trimmed_start"])

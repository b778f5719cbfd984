"""The network as a pure function."""

import jax
import numpy as np
from untrained_run import random_like

from signjax.export.network import TrainedModel
from signjax.export.samples import sample_clips
from signjax.export.verify import reference
from signjax.model.factory import make_model
from signjax.model.input_spec import make_input_spec
from signjax.plans.hybrid import HybridSettings
from signjax.training.state import make_initializer


def test_members_answer_with_the_mean_of_their_log_probabilities(dataset):
    settings = HybridSettings(filters=(4,), kernels=(3,), units=2, heads=1, depth=1)
    spec = make_input_spec(dataset, (6,))
    initialize = make_initializer(make_model(settings, spec), spec.features, spec.frames, 2)
    variables = jax.tree_util.tree_map_with_path(random_like, jax.eval_shape(initialize, 0))
    clips = sample_clips(spec)
    (together,) = reference(TrainedModel(settings, spec, variables, 2), clips)
    alone = []
    for member in range(2):
        own = jax.tree.map(lambda leaf, member=member: leaf[member], variables)
        (logits,) = reference(TrainedModel(settings, spec, own), clips)
        alone.append(logits - np.log(np.exp(logits).sum(-1, keepdims=True)))
    assert np.abs(alone[0] - alone[1]).max() > 0.01
    np.testing.assert_allclose(together, np.mean(alone, axis=0), atol=1e-5)

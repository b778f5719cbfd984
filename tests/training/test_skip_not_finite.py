"""Steps whose values are not finite, left out and counted."""

import jax.numpy as jnp
import numpy as np
import pytest

from signjax.data.batching.batch import Batch
from signjax.errors import InputError
from signjax.training.records.epoch_metrics import SKIPPED, EpochMetrics, NotFiniteError
from signjax.training.state import TrainState
from signjax.training.step import skip_not_finite


def step(state: TrainState, batch: Batch, member=None):
    """Adds the first value of the batch to the weight."""
    value = batch.frames[0, 0, 0]
    new = state.replace(step=state.step + 1, params=state.params + value, average={"params": state.params + value})
    return new, {"loss": value, "gradient_norm": value, "update_norm": value, "learning_rate": jnp.float32(0.1)}


def state_at(weight: float) -> TrainState:
    return TrainState(jnp.int32(0), jnp.float32(weight), {}, (), {"params": jnp.float32(weight)})


def batch_of(value: float) -> Batch:
    return Batch(np.full((1, 1, 1), value, np.float32), *[None] * 5)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_such_a_step_changes_nothing_but_the_counter(bad):
    guarded = skip_not_finite(step)
    state, metrics = guarded(state_at(1.0), batch_of(2.0))
    assert (float(state.params), int(state.step), float(metrics[SKIPPED])) == (3.0, 1, 0.0)
    state, metrics = guarded(state, batch_of(bad))
    assert (float(state.params), int(state.step), float(metrics[SKIPPED])) == (3.0, 2, 1.0)
    assert float(state.average["params"]) == 3.0


def added(metrics: EpochMetrics, loss: list[float], skipped: list[float] | None = None) -> EpochMetrics:
    values = {"loss": jnp.array(loss), "learning_rate": jnp.arange(len(loss), dtype=jnp.float32)}
    metrics.add(values | ({SKIPPED: jnp.array(skipped)} if skipped else {}), len(loss))
    return metrics


def test_means_leave_skipped_steps_out_and_tell_their_share():
    means = added(EpochMetrics(0), [1.0, np.nan, 3.0, 5.0], [0.0, 1.0, 0.0, 0.0]).means()
    assert means == {"loss": 3.0, "learning_rate": 3.0, SKIPPED: 0.25}


def test_an_epoch_of_skipped_steps_ends_the_run():
    with pytest.raises(InputError, match="not finite in all 2 steps from step 6 on"):
        added(EpochMetrics(6), [np.nan, np.nan], [1.0, 1.0]).means()


def test_means_do_not_depend_on_where_an_epoch_was_interrupted():
    loss = np.random.default_rng(0).normal(size=20).astype(np.float32).tolist()
    whole = added(EpochMetrics(0), loss)
    for at in range(1, 20):
        begun = added(EpochMetrics(0), loss[:at]).saved()
        parts = added(EpochMetrics(0, begun), loss[at:])
        assert parts.means()["loss"] == whole.means()["loss"] and parts.steps == 20


def test_without_skipping_the_first_such_step_is_named():
    with pytest.raises(NotFiniteError) as error:
        added(EpochMetrics(10), [1.0, 2.0, np.inf])
    assert error.value.step == 12 and error.value.metrics["loss"] == np.inf

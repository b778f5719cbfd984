"""A resumed run equals an uninterrupted one, bit for bit."""

import json
import os
import shutil
import signal
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from conftest import silent, some_devices

from signjax.data.batching.batch import Batch
from signjax.errors import InputError
from signjax.runtime.signals import Interrupted
from signjax.training import parallel
from signjax.training.input.batch_stream import Dispatch
from signjax.training.loop import LoopSettings, saved_outcome, train
from signjax.training.multi_step import make_multi_step
from signjax.training.records.restored import load_selected_average
from signjax.training.records.selection import Validation, better
from signjax.training.state import TrainState


def fresh_state() -> TrainState:
    return TrainState(
        step=jnp.zeros((), jnp.int32),
        params={"w": jnp.ones((3,))},
        batch_stats={},
        opt_state=(jnp.zeros(3),),
        average={"params": {"w": jnp.ones((3,))}, "batch_stats": {}},
    )


def step(state: TrainState, batch) -> tuple[TrainState, dict[str, jax.Array]]:
    """Gradient descent with momentum on a moving target: depends on everything that a checkpoint must hold."""
    target = jax.lax.pmean(batch.frames.mean(0), parallel.AXIS)
    momentum = 0.9 * state.opt_state[0] + state.params["w"] - target
    params = {"w": state.params["w"] - 0.1 * momentum}
    now = {"params": params, "batch_stats": {}}
    average = jax.tree.map(lambda a, b: 0.8 * a + 0.2 * b, state.average, now)
    loss = ((params["w"] - target) ** 2).sum()
    new = state.replace(step=state.step + 1, params=params, opt_state=(momentum,), average=average)
    return new, {"loss": loss, "learning_rate": jnp.float32(0.1)}


def batch_at(at: int) -> Batch:
    """A batch with nothing but frames, of one feature vector a clip."""
    return Batch(np.random.default_rng(at).normal(size=(4, 3)).astype(np.float32), *[None] * 5)


class Judge:
    """Scores epochs from a list, and counts its calls."""

    def __init__(self, top1: list[float]):
        self.top1, self.seen = top1, []

    def __call__(self, variables) -> Validation:
        weights = np.asarray(variables["params"]["w"])
        self.seen.append(weights)
        top1 = self.top1[len(self.seen) - 1]
        return Validation(top1, float(weights.sum()), {"gloss": {"clips": 4, "top1": top1, "loss": 0.0}})


def run(
    workdir: Path,
    judge: Judge | None,
    epochs: int,
    patience: int = 100,
    batch_at=batch_at,
    digest: str = "d",
    steps: int = 1,
    checkpoint_epochs: int = 1,
    checkpoint_minutes: float = 1e6,
    devices: str = "2 x cpu",
    say=silent,
    before_dispatch=lambda step: None,
):
    """Trains with two devices; three steps per epoch, `steps` per dispatch. `before_dispatch` is given the step."""
    program = parallel.map_train_step(make_multi_step(step, frames=1, parts=1, steps=steps), some_devices(2))

    def dispatches_of(epoch: int, done: int):
        for first in range(done, 3, steps):
            count = min(steps, 3 - first)
            made = [batch_at((epoch - 1) * 3 + first + i) for i in range(count)]
            yield Dispatch(1, parallel.shard_steps(made, 2, steps), count)

    def dispatch(state: TrainState, work: Dispatch):
        before_dispatch(int(state.step))
        return program(state, None, work.batches, work.steps)

    return train(
        make_state=fresh_state,
        shapes=fresh_state(),
        place=lambda state: parallel.replicate(state, some_devices(2)),
        dispatch=dispatch,
        dispatches_of=dispatches_of,
        clips_of=lambda step: [f"clip {step}"],
        steps_per_epoch=3,
        batch_size=4,
        validate=judge,
        settings=LoopSettings(
            epochs=epochs, patience=patience, checkpoint_epochs=checkpoint_epochs, checkpoint_minutes=checkpoint_minutes
        ),
        workdir=workdir,
        dataset_digest=digest,
        devices=devices,
        say=say,
    )


def records(workdir: Path) -> list[dict]:
    lines = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
    for line in lines:
        del line["clips_per_second"]
    return lines


def weights(outcome) -> np.ndarray:
    return np.asarray(outcome.variables["params"]["w"])


RISING = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]


def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path):
    whole = run(tmp_path / "whole", Judge(RISING), 6)
    run(tmp_path / "parts", Judge(RISING), 2)
    parts = run(tmp_path / "parts", Judge(RISING[2:]), 6)
    np.testing.assert_array_equal(weights(parts), weights(whole))
    assert records(tmp_path / "parts") == records(tmp_path / "whole")
    assert [record["epoch"] for record in records(tmp_path / "parts")] == [1, 2, 3, 4, 5, 6]
    assert (parts.epochs, parts.steps, parts.stopped_by) == (6, 18, "epochs")


def test_several_steps_a_dispatch_are_the_same_steps(tmp_path):
    one = run(tmp_path / "one", Judge(RISING), 6)
    two = run(tmp_path / "two", Judge(RISING), 6, steps=2)  # 3 steps an epoch: a whole dispatch and half of one
    np.testing.assert_allclose(weights(two), weights(one), rtol=1e-6)
    for first, second in zip(records(tmp_path / "one"), records(tmp_path / "two"), strict=True):
        assert first["train"]["loss"] == pytest.approx(second["train"]["loss"], rel=1e-5)


def test_a_run_that_dies_within_an_epoch_starts_that_epoch_again(tmp_path):
    whole = run(tmp_path / "whole", Judge(RISING), 6)

    def power_cut(at: int) -> Batch:
        if at == 10:
            raise OSError("power cut")
        return batch_at(at)

    with pytest.raises(OSError, match="power cut"):
        run(tmp_path / "cut", Judge(RISING), 6, batch_at=power_cut)
    # As a killed process may leave it: a line that is half written.
    with (tmp_path / "cut" / "metrics.jsonl").open("a") as file:
        file.write('{"epoch": 4, "st')
    resumed = run(tmp_path / "cut", Judge(RISING[3:]), 6)
    np.testing.assert_array_equal(weights(resumed), weights(whole))
    assert records(tmp_path / "cut") == records(tmp_path / "whole")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("steps", [1, 2])
@pytest.mark.parametrize("at", [0, 4, 5, 17])
def test_a_request_to_stop_leaves_a_checkpoint_of_its_step(tmp_path, at, steps, number):
    """Wherever in an epoch it comes; nothing shows afterwards that there was one."""
    whole = run(tmp_path / "whole", Judge(RISING), 6, steps=steps)
    asked = []

    def ask(step: int) -> None:
        if step + steps > at and not asked:
            asked.append(step)
            os.kill(os.getpid(), number)

    judge = Judge(RISING)
    with pytest.raises(Interrupted, match=f"stopped by {number.name} in epoch") as stopped:
        run(tmp_path / "parts", judge, 6, steps=steps, checkpoint_epochs=100, before_dispatch=ask)
    assert stopped.value.status == 128 + number
    made = max(int(path.name) for path in (tmp_path / "parts" / "checkpoints").iterdir())
    assert made > asked[0] and f"after step {made}, whose checkpoint is complete" in str(stopped.value)
    assert signal.getsignal(number) is not None and len(judge.seen) == (made - 1) // 3
    resumed = run(tmp_path / "parts", Judge(RISING[len(judge.seen) :]), 6, steps=steps)
    np.testing.assert_array_equal(weights(resumed), weights(whole))
    assert records(tmp_path / "parts") == records(tmp_path / "whole")


def test_a_request_during_the_last_validation_is_not_lost(tmp_path):
    class Asking(Judge):
        def __call__(self, variables) -> Validation:
            if len(self.seen) == 1:
                os.kill(os.getpid(), signal.SIGTERM)
            return super().__call__(variables)

    with pytest.raises(Interrupted, match="in epoch 2, after step 6, whose checkpoint is complete"):
        run(tmp_path, Asking(RISING), 2)
    assert run(tmp_path, Judge([]), 2).stopped_by == "epochs"


def test_the_model_of_a_run_that_was_stopped_in_its_first_epoch_can_be_read(tmp_path):
    with pytest.raises(Interrupted):
        run(tmp_path, Judge(RISING), 2, before_dispatch=lambda step: os.kill(os.getpid(), signal.SIGTERM))
    average = load_selected_average(tmp_path / "checkpoints", fresh_state().average, "d")
    assert average["params"]["w"].shape == (3,)
    saved = saved_outcome(
        tmp_path, fresh_state(), LoopSettings(epochs=2, patience=100, checkpoint_epochs=1), "d", silent
    )
    assert (saved.epochs, saved.steps, saved.stopped_by) == (0, 1, "unfinished")


def test_checkpoints_by_time_change_nothing(tmp_path):
    whole = run(tmp_path / "whole", Judge(RISING), 6)
    timed = run(tmp_path / "timed", Judge(RISING), 6, checkpoint_minutes=0, checkpoint_epochs=100)
    np.testing.assert_array_equal(weights(timed), weights(whole))
    assert records(tmp_path / "timed") == records(tmp_path / "whole")

    def power_cut(step: int) -> None:
        if step == 11:
            raise OSError("power cut")

    with pytest.raises(OSError, match="power cut"):
        run(tmp_path / "cut", Judge(RISING), 6, checkpoint_minutes=0, checkpoint_epochs=100, before_dispatch=power_cut)
    said: list[str] = []
    resumed = run(tmp_path / "cut", Judge(RISING[3:]), 6, say=said.append)
    assert said[0] == "resume: from epoch 3, step 11"
    np.testing.assert_array_equal(weights(resumed), weights(whole))
    assert records(tmp_path / "cut") == records(tmp_path / "whole")


def damage(checkpoint: Path) -> None:
    """Flips a bit in the largest file of a checkpoint, which holds the arrays."""
    file = max((path for path in checkpoint.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def test_a_damaged_checkpoint_costs_what_came_after_the_one_before(tmp_path):
    whole = run(tmp_path / "whole", Judge(RISING), 6)
    run(tmp_path / "parts", Judge(RISING), 4)
    damage(tmp_path / "parts" / "checkpoints" / "12")
    said: list[str] = []
    resumed = run(tmp_path / "parts", Judge(RISING[3:]), 6, say=said.append)
    assert "checkpoints/12: the checkpoint is damaged" in said[0] and "the one before it, of step 9, is used" in said[0]
    np.testing.assert_array_equal(weights(resumed), weights(whole))
    assert records(tmp_path / "parts") == records(tmp_path / "whole")
    assert {path.name for path in (tmp_path / "parts" / "checkpoints").iterdir()} == {"15", "18"}


def test_without_any_good_checkpoint_the_run_stops(tmp_path):
    run(tmp_path, Judge(RISING), 4)
    for step in ("9", "12"):
        damage(tmp_path / "checkpoints" / step)
    with pytest.raises(
        InputError, match=r"checkpoints/12: .*checkpoints/9: .*No other is left: choose a new --workdir"
    ):
        run(tmp_path, Judge(RISING), 6)


def test_a_lost_best_checkpoint_is_told_and_chosen_anew(tmp_path):
    run(tmp_path, Judge([0.9, 0.1, 0.2, 0.3]), 4)
    shutil.rmtree(tmp_path / "checkpoints" / "3")
    said: list[str] = []
    judge = Judge([0.5, 0.4])
    outcome = run(tmp_path, judge, 6, say=said.append)
    assert "checkpoints/3: the checkpoint is missing; it was the best, of epoch 1, and is lost" in "\n".join(said)
    assert outcome.selected_epoch == outcome.best_epoch == 5
    np.testing.assert_array_equal(weights(outcome), judge.seen[0])


def test_training_stops_when_nothing_improves_and_the_best_epoch_is_kept(tmp_path):
    judge = Judge([0.1, 0.5, 0.4, 0.4, 0.3, 0.9])
    outcome = run(tmp_path, judge, epochs=6, patience=3)
    assert (outcome.epochs, outcome.selected_epoch, outcome.best_epoch, outcome.stopped_by) == (5, 2, 2, "patience")
    np.testing.assert_array_equal(weights(outcome), judge.seen[1])
    steps = sorted(int(path.name) for path in (tmp_path / "checkpoints").iterdir() if path.name.isdigit())
    assert steps == [6, 12, 15]  # the best and the latest two


def test_without_patience_the_last_average_is_the_model(tmp_path):
    judge = Judge([0.1, 0.5, 0.4, 0.4, 0.3, 0.2])
    outcome = run(tmp_path, judge, epochs=6, patience=0, checkpoint_epochs=4)
    assert (outcome.selected_epoch, outcome.best_epoch, outcome.stopped_by) == (6, 2, "epochs")
    np.testing.assert_array_equal(weights(outcome), judge.seen[-1])
    average = load_selected_average(tmp_path / "checkpoints", fresh_state().average, "d")
    np.testing.assert_array_equal(average["params"]["w"], judge.seen[-1])
    assert {path.name for path in (tmp_path / "checkpoints").iterdir() if path.name.isdigit()} == {"12", "18"}


def test_training_without_validation(tmp_path):
    outcome = run(tmp_path, None, epochs=2, patience=0)
    assert (outcome.selected_epoch, outcome.best_epoch) == (2, None)
    assert all("valid" not in record for record in records(tmp_path))
    again = run(tmp_path, None, epochs=2, patience=0)
    np.testing.assert_array_equal(weights(again), weights(outcome))


def test_a_longer_schedule_is_told(tmp_path):
    said: list[str] = []
    run(tmp_path, Judge(RISING), epochs=2)
    run(tmp_path, Judge(RISING), epochs=2, say=said.append)
    assert not [line for line in said if line.startswith("schedule")]
    run(tmp_path, Judge(RISING), epochs=4, say=said.append)
    assert [line for line in said if line.startswith("schedule: 4 epochs, where the run began with 2")]


def test_other_devices_are_told(tmp_path):
    said: list[str] = []
    run(tmp_path, Judge(RISING), epochs=2, say=said.append)
    run(tmp_path, Judge(RISING), epochs=4, devices="1 x GPU", say=said.append)
    assert [line for line in said if line.startswith("devices: 1 x GPU, where the run had 2 x cpu")]


def test_the_best_epoch_is_remembered_over_a_restart(tmp_path):
    first = Judge([0.1, 0.5, 0.4])
    run(tmp_path, first, epochs=3)
    outcome = run(tmp_path, Judge([0.4, 0.3]), epochs=5)
    assert outcome.selected_epoch == outcome.best_epoch == 2
    np.testing.assert_array_equal(weights(outcome), first.seen[1])


def test_a_finished_run_trains_no_further(tmp_path):
    before = run(tmp_path, Judge(RISING), 3)
    again = run(tmp_path, Judge([]), 3)
    assert again.steps == before.steps and again.first_step_seconds is None
    np.testing.assert_array_equal(weights(again), weights(before))
    saved = saved_outcome(
        tmp_path, fresh_state(), LoopSettings(epochs=3, patience=100, checkpoint_epochs=1), "d", silent
    )
    assert (saved.epochs, saved.stopped_by) == (3, "epochs")
    assert (
        saved_outcome(
            tmp_path, fresh_state(), LoopSettings(epochs=9, patience=100, checkpoint_epochs=1), "d", silent
        ).stopped_by
        == "unfinished"
    )


def test_the_averages_of_the_best_epoch_are_read_without_the_rest_of_the_state(tmp_path):
    outcome = run(tmp_path, Judge([0.1, 0.5, 0.4]), 3)
    found = load_selected_average(tmp_path / "checkpoints", fresh_state().average, "d")
    np.testing.assert_array_equal(found["params"]["w"], weights(outcome))
    with pytest.raises(InputError, match="other data"):
        load_selected_average(tmp_path / "checkpoints", fresh_state().average, "another")
    with pytest.raises(InputError, match="train first"):
        load_selected_average(tmp_path / "absent", fresh_state().average, "d")


def test_other_data_are_refused(tmp_path):
    run(tmp_path, Judge(RISING), 1)
    with pytest.raises(InputError, match="trained on other data"):
        run(tmp_path, Judge(RISING), 2, digest="another")


def test_a_run_that_diverges_stops_and_names_the_step(tmp_path):
    def poisoned(at: int) -> Batch:
        batch = batch_at(at)
        if at >= 4:
            batch.frames[0, 0] = np.nan
        return batch

    with pytest.raises(InputError, match=r"loss not finite in step 4 \(epoch 2\), whose batch is 'clip 4'"):
        run(tmp_path, Judge(RISING), 6, batch_at=poisoned)
    kept = json.loads((tmp_path / "diverged.json").read_text())
    assert (kept["step"], kept["epoch"], kept["clips"], kept["metrics"]["loss"]) == (4, 2, ["clip 4"], "nan")
    # The checkpoint is of a step before, so the run goes on once the cause is gone.
    resumed = run(tmp_path, Judge(RISING[1:]), 6)
    np.testing.assert_array_equal(weights(resumed), weights(run(tmp_path / "whole", Judge(RISING), 6)))


def test_no_checkpoint_says_what_to_do(tmp_path):
    with pytest.raises(InputError, match="has no checkpoint; train first"):
        saved_outcome(tmp_path, fresh_state(), LoopSettings(epochs=3, patience=100, checkpoint_epochs=1), "d", silent)


def test_ties_in_accuracy_are_decided_by_the_loss():
    best = {"top1": 0.9, "loss": 1.0}
    assert better(Validation(0.9, 0.98, {}), best)
    assert not better(Validation(0.9, 0.995, {}), best)  # too small a gain to wait for
    assert better(Validation(0.91, 5.0, {}), best)
    assert better(Validation(0.0, 5.0, {}), None)


def test_without_a_labelled_validation_clip_the_last_epoch_is_taken():
    unknown = Validation(float("nan"), float("nan"), {})
    assert better(unknown, None) and better(unknown, {"top1": float("nan"), "loss": float("nan")})

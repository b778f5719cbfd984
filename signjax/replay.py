"""Repeats the training step at which a run diverged, and shows where in it the values cease to be finite.

The step is reached from the last checkpoint before it: training is a function of that, the data and the seed.
"""

import json
import math
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from signjax.data.text_files import write_json
from signjax.errors import InputError
from signjax.evaluation.evaluate import answers_for
from signjax.training import parallel
from signjax.training.checkpoint import CHECKPOINTS, Checkpoints
from signjax.training.input.batch_stream import Dispatch
from signjax.training.input.epochs import Epochs
from signjax.training.multi_step import make_multi_step
from signjax.training.records.divergence import DIVERGED
from signjax.training.state import TrainState

if TYPE_CHECKING:
    from signjax.trainer import Trainer

Say = Callable[[str], None]

_SHOWN = 12  # rows of each table that are printed; the file has all


def diverged_training(folder: Path) -> Path:
    """The folder, in a run folder, of the training that diverged.

    Raises:
      InputError: none did.
    """
    for training in (folder / "refit", folder):
        if (training / DIVERGED).is_file():
            return training
    raise InputError(f"{folder}: no step of this run has diverged ({DIVERGED} is missing), so there is none to replay")


def replay(trainer: "Trainer", folder: Path, say: Say) -> None:
    """Repeats the step, prints its clips and gradients, and writes `replay.json`.

    Args:
      trainer: of the run, with one step a dispatch.
      folder: the run folder.
      say: prints a line.

    Raises:
      InputError: no step diverged, or no checkpoint is left before it.
    """
    training = diverged_training(folder)
    told = json.loads((training / DIVERGED).read_text(encoding="utf-8"))
    step = int(told["step"])
    with Checkpoints(training / CHECKPOINTS) as checkpoints:
        restored = checkpoints.restore_latest(trainer.shapes, say)
    host = restored[0] if restored else trainer.fresh_state()
    if int(host.step) > step:
        raise InputError(
            f"{training / CHECKPOINTS}: the newest checkpoint is of step {int(host.step)}, so the run has gone on since step "
            f"{step}, which diverged"
        )
    state = parallel.replicate(host, trainer.devices)
    clips = trainer.model_clips if training != folder else trainer.dataset.indices("train")
    epochs = trainer.epochs_of(clips)
    say(f"replay: steps {int(host.step)} to {step}, of which the last diverged")
    state, work = _reach(trainer, epochs, state, step)
    parts = len(trainer.dataset.layout.parts)
    # The gradient is where the optimizer's state would be.
    recorder = optax.GradientTransformation(
        lambda params: params,
        lambda gradient, _, params=None, **others: (jax.tree.map(jnp.zeros_like, gradient), gradient),
    )
    program = parallel.map_train_step(
        make_multi_step(trainer.step_with(trainer.plans, lambda _: recorder), work.frames, parts, 1), trainer.devices
    )
    before = jax.device_get(state)
    after, metrics = program(state.replace(opt_state=state.params), trainer.data, work.batches, work.steps)
    gradients = _rows(jax.device_get(after.opt_state), before.params)
    seen = _clip_rows(trainer, [str(name) for name in told["clips"]], before)
    found = {name: str(float(value[0])) for name, value in jax.device_get(metrics).items()}
    write_json(training / "replay.json", {"step": step, "metrics": found, "clips": seen, "gradients": gradients})
    say(f"loss {found['loss']}, gradient norm {found['gradient_norm']}")
    say("clips, with the largest value of the prepared frames and the loss without augmentation and dropout:")
    for row in seen[:_SHOWN]:
        say(f"  {row['clip']}: largest {row['largest']}, loss {row['loss']}")
    say("gradients, those that are not finite first, then by norm:")
    for row in gradients[:_SHOWN]:
        broken = f"{row['not_finite']} of {row['values']} not finite"
        say(f"  {row['parameter']}: norm {row['norm']}, {broken}; the parameter has {row['own']}")
    say(f"all of it: {training / 'replay.json'}")


def _reach(trainer: "Trainer", epochs: Epochs, state: TrainState, step: int) -> tuple[TrainState, Dispatch]:
    """The state before a step, and what the step is given."""
    first, done = divmod(int(state.step), epochs.steps_each)
    for epoch in count(first + 1):
        for work in epochs.dispatches(epoch, done):
            if int(state.step) == step:
                return state, work
            state, _ = trainer.dispatch(state, work)
        done = 0
    raise AssertionError  # epochs do not end


def _rows(gradients: Any, params: Any) -> list[dict[str, Any]]:
    """A row for each parameter, those first whose gradient is not finite, then by the norm of the gradient."""
    rows = []
    for (path, gradient), own in zip(
        jax.tree_util.tree_leaves_with_path(gradients), jax.tree.leaves(params), strict=True
    ):
        norm = float(np.linalg.norm(gradient))
        rows.append(
            {
                "parameter": jax.tree_util.keystr(path),
                "norm": f"{norm:.3g}",
                "not_finite": int((~np.isfinite(gradient)).sum()),
                "values": gradient.size,
                "own": f"{float(np.linalg.norm(own)):.3g}",
            }
        )
    return sorted(rows, key=lambda row: (-row["not_finite"], -_finite(float(row["norm"]))))


def _finite(value: float) -> float:
    return value if math.isfinite(value) else math.inf


def _clip_rows(trainer: "Trainer", names: list[str], before: Any) -> list[dict[str, Any]]:
    """A row for each clip of the batch, the highest loss first."""
    dataset = trainer.dataset
    index = {row["clip"]: at for at, row in enumerate(dataset.clips)}
    clips = np.array([index[name] for name in names])
    answer = trainer.predictor.answer_with({"params": before.params, "batch_stats": before.batch_stats})
    losses = answers_for(dataset, clips, answer, trainer.predictor.batch_size, trainer.buckets).losses
    total = np.sum(list(losses.values()), axis=0)
    rows = []
    for at, name in enumerate(names):
        frames = dataset.features[dataset.offsets[clips[at]] : dataset.offsets[clips[at] + 1]]
        rows.append({"clip": name, "largest": f"{float(np.abs(frames).max()):.3g}", "loss": f"{float(total[at]):.3g}"})
    return sorted(rows, key=lambda row: -_finite(float(row["loss"])))

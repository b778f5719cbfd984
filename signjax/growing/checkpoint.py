"""The checkpoint of a model whose arrays have changed."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import jax

from signjax.errors import InputError
from signjax.model.factory import make_model
from signjax.runtime.output import silent
from signjax.training import parallel
from signjax.training.checkpoint import Checkpoints
from signjax.training.optimizer import make_optimizer, with_frozen_body
from signjax.training.state import make_state_initializer

if TYPE_CHECKING:
    from signjax.prediction.recognizer import Recognizer


def replace_model(folder: Path, model: "Recognizer") -> None:
    """Replaces the checkpoints in a folder by one of the selected step, whose moving averages are the variables of the model.

    Raises:
      InputError: there is no checkpoint, or it is damaged.
    """
    plans = model.settings.training
    optimizer = with_frozen_body(make_optimizer(plans.optimizer), plans.loop, plans.optimizer)
    network = make_model(plans.model, model.spec, parallel.AXIS)
    fresh = make_state_initializer(network, optimizer, model.spec.features, model.spec.frames, plans.loop.members)
    shapes = jax.eval_shape(fresh, 0)
    with Checkpoints(folder) as checkpoints:
        found = checkpoints.restore_latest(shapes, silent, fall_back=False)
        if found is None:
            raise InputError(f"{folder}: the folder has no complete checkpoint; train first")
        state, progress = found
        selected = progress["selected_step"]
        if selected not in (None, int(state.step)):
            state, _ = checkpoints.restore(selected, shapes)
    shutil.rmtree(folder)
    with Checkpoints(folder) as checkpoints:
        new = state.replace(params=model.variables["params"], average=dict(model.variables))
        checkpoints.save(new, progress | {"selected_step": int(state.step)})

"""Begins a training with what another run, or an exported model, has learned: every array with the same name, shape and meaning.

The head of a class list that differs begins anew, as does whatever the other model has in another shape.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np

from signjax.errors import InputError, first_few
from signjax.model.input_spec import InputSpec, read_input_spec
from signjax.settings import run_config
from signjax.training.checkpoint import Checkpoints
from signjax.training.records.weights import key_name, read_weights
from signjax.training.state import TrainState

Say = Callable[[str], None]


@dataclass(frozen=True)
class Learned:
    """What a run has learned.

    Attributes:
      folder: of the run, or of an exported model.
      arrays: name -> array, of the averaged parameters and batch statistics of its model.
      spec: what that model expects.
    """

    folder: Path
    arrays: dict[str, np.ndarray]
    spec: InputSpec


def read_learned(folder: Path) -> Learned:
    """The model of a run, or an exported one.

    Raises:
      InputError: the folder has none, or it is damaged.
    """
    if run_config.is_exported(folder):
        weights = read_weights(folder / run_config.WEIGHTS_FILE)
        return Learned(folder, {key_name(name): array for name, array in weights.items()}, read_input_spec(folder))
    try:
        model = json.loads((folder / "run.json").read_text(encoding="utf-8"))["model"]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"config.train.init_from={folder}: not the folder of a trained run, nor of an exported model (run.json: {error})"
        ) from error
    path = folder / str(model)
    if not path.is_dir():
        raise InputError(f"config.train.init_from={folder}: it has no {model}, so its training has not come that far")
    with Checkpoints(path) as checkpoints:
        arrays = checkpoints.read_model()
    if arrays is None:
        raise InputError(f"config.train.init_from={folder}: {path} has no checkpoint")
    return Learned(folder, arrays, read_input_spec(folder))


def begin_with(state: TrainState, learned: Learned, heads: Mapping[str, tuple[str, ...]], say: Say) -> TrainState:
    """A fresh state, on the host, with what it shares with a learned model; says what was taken and what was not.

    Args:
      state: fresh.
      learned: from another run.
      heads: head -> its classes, of the model that begins.
      say: prints a line.

    Raises:
      InputError: they share nothing.
    """
    other_classes = [head for head, classes in heads.items() if learned.spec.heads.get(head) != tuple(classes)]
    variables = jax.device_get({"params": state.params, "batch_stats": state.batch_stats})
    taken, left = 0, []

    def choose(path: Any, fresh: np.ndarray) -> np.ndarray:
        nonlocal taken
        name = jax.tree_util.keystr(path)
        found = learned.arrays.get(name)
        if found is None or found.shape != fresh.shape or any(f"['head_{head}']" in name for head in other_classes):
            left.append(name)
            return fresh
        taken += 1
        return found.astype(fresh.dtype)

    chosen = jax.tree_util.tree_map_with_path(choose, variables)
    if not taken:
        raise InputError(
            f"config.train.init_from={learned.folder}: none of its arrays has the name and shape of one of this model; use the "
            "same model.* keys and layout, or leave it out"
        )
    say(f"init_from: {taken} of {taken + len(left)} arrays are those of {learned.folder}")
    if other_classes:
        say(f"init_from: other classes, so a new head: {first_few(other_classes)}")
    rest = [name for name in left if not any(f"['head_{head}']" in name for head in other_classes)]
    if rest:
        say(f"init_from: absent there or of another shape, so new: {', '.join(rest)}")
    return state.replace(**chosen, average=jax.tree.map(np.copy, chosen))

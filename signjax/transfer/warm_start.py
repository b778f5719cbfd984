"""Begins a training with what another run, or an exported model, has learned: every array with the same name, shape and meaning.

A class that both models name keeps its weights, wherever it stands in the list. New classes begin anew, as does whatever the other
model has in another shape.
"""

import json
from collections.abc import Callable, Mapping, Sequence
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

    Of a head, it takes the weights of each class that the other model knows by the same name.

    Args:
      state: fresh.
      learned: from another run.
      heads: head -> its classes, of the model that begins.
      say: prints a line.

    Raises:
      InputError: they share nothing.
    """
    variables = jax.device_get({"params": state.params, "batch_stats": state.batch_stats})
    whole, left, partly = 0, [], set()

    def choose(path: Any, fresh: np.ndarray) -> np.ndarray:
        nonlocal whole
        name = jax.tree_util.keystr(path)
        found, head = learned.arrays.get(name), _head_of(name, heads)
        classes, known = (heads[head], learned.spec.heads.get(head, ())) if head else ((), ())
        if found is None or (found.shape[:-1] if head else found.shape) != (fresh.shape[:-1] if head else fresh.shape):
            left.append(name)
            return fresh
        if classes == known:
            whole += 1
            return found.astype(fresh.dtype)
        shared = [label for label in classes if label in known]
        if not shared:
            left.append(name)
            return fresh
        partly.add(name)
        grown = fresh.copy()
        grown[..., [classes.index(label) for label in shared]] = found[..., [known.index(label) for label in shared]]
        return grown

    chosen = jax.tree_util.tree_map_with_path(choose, variables)
    if not whole:
        raise InputError(
            f"config.train.init_from={learned.folder}: none of its arrays has the name and shape of one of this model; use the "
            "same model.* keys and layout, or leave it out"
        )
    say(f"init_from: {whole} of {whole + len(left) + len(partly)} arrays are those of {learned.folder}")
    for head, classes in heads.items():
        if learned.spec.heads.get(head) != tuple(classes):
            say(f"init_from: {_of_classes(head, classes, learned.spec.heads.get(head, ()))}")
    rest = [name for name in left if _head_of(name, heads) is None]
    if rest:
        say(f"init_from: absent there or of another shape, so new: {', '.join(rest)}")
    return state.replace(**chosen, average=jax.tree.map(np.copy, chosen))


def _head_of(name: str, heads: Mapping[str, tuple[str, ...]]) -> str | None:
    """The head that an array belongs to, whose last axis is of classes; None for the body."""
    return next((head for head in heads if f"['head_{head}']" in name), None)


def _of_classes(head: str, classes: Sequence[str], known: Sequence[str]) -> str:
    """Which classes of a head keep their weights, which are new, and which are no longer asked for."""
    new = [name for name in classes if name not in known]
    gone = [name for name in known if name not in classes]
    if len(new) == len(classes):
        return f"other classes, so a new head: {head!r}"
    told = [f"{len(classes) - len(new)} of the {len(classes)} classes of head {head!r} keep their weights"]
    if new:
        told.append(f"{len(new)} are new: {first_few(new)}")
    if gone:
        told.append(f"{len(gone)} of that model are left out: {first_few(gone)}")
    return "; ".join(told)

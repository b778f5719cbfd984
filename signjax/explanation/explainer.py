"""Explains the answers of a trained network, one clip at a time.

Shapes: T frames, F channels, P parts, C classes, I inputs of a frame, K places on a path.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from signjax.data.batching.collate import collate
from signjax.data.batching.epoch_plan import assign_buckets
from signjax.data.batching.excerpts import frame_indices, whole_clips
from signjax.data.clip import Clip
from signjax.data.dataset import in_memory
from signjax.errors import InputError, first_few
from signjax.explanation.attribution import (
    Path,
    at_every_frame,
    attention_received,
    attribute,
    direction,
    gradient_path,
    integrated_path,
)
from signjax.explanation.explanation import Explanation
from signjax.model.factory import Model
from signjax.model.input_spec import InputSpec
from signjax.model.inputs import model_inputs, sum_over_inputs
from signjax.training.members import each_member

# Method -> the path along which gradients are taken.
METHODS = {"integrated_gradients": integrated_path, "gradient_times_input": gradient_path}


class _Found(NamedTuple):
    """What the program returns for a clip, padded to T frames.

    Attributes:
      importance: (T, F).
      scores: (K,), along the path.
      attention: (Q,) for each self-attention layer, with Q frames.
    """

    importance: Any
    scores: Any
    attention: list[Any]


class Explainer:
    """Explains the answers of a network; compiled once for each length that clips are padded to.

    Attributes:
      model, variables, members: the network, or several of them.
      spec: describes the network's inputs and outputs.
    """

    def __init__(self, model: Model, spec: InputSpec, variables: Any, members: int = 1):
        """Takes a network with its variables; with several members, these have an axis of them, and their mean is explained.

        The model must not expect devices to share a batch.
        """
        self.model, self.spec, self.variables, self.members = model, spec, variables, members
        self._program = jax.jit(partial(_explain, model, spec, members))

    def explain(
        self,
        clip: Clip,
        head: str,
        of: str,
        against: str | None = None,
        *,
        method: str = "integrated_gradients",
        first_frame: int = 0,
        note: str = "",
    ) -> Explanation:
        """What speaks for a class of a head in a cleaned clip.

        Args:
          clip: as cleaning returns it.
          head: the name of the head.
          of: the class.
          against: the class to compare with; None: all others, on average.
          method: one of `METHODS`.
          first_frame: the number of idle frames that cleaning cut off at the start of the clip.
          note: kept in the explanation.

        Raises:
          InputError: there is no such head or class.
        """
        spec = self.spec
        named = [name for name in (of, against) if name is not None]
        check_names(spec.heads, head, named)
        dataset = in_memory([clip], spec.layout, spec.heads, spec.statistics)
        padded = int(assign_buckets(dataset.lengths, spec.buckets)[0])
        taken = frame_indices(*(int(values[0]) for values in whole_clips(dataset.lengths, padded)))
        batch = collate(dataset, np.array([0]), 1, padded)
        numbers = [spec.heads[head].index(name) for name in named]
        ways = {
            name: direction(len(classes), numbers[0], numbers[1] if against is not None else None)
            if name == head
            else np.zeros(len(classes), np.float32)
            for name, classes in spec.heads.items()
        }
        found: _Found = jax.device_get(self._program(self.variables, batch[:3], ways, METHODS[method]()))
        count = len(taken)
        attention = [at_every_frame(values, count, padded) for values in found.attention]
        return Explanation(
            clip=clip.name,
            head=head,
            of=of,
            against=against,
            layout=spec.layout,
            frames=batch.frames[0, :count],
            valid=batch.valid[0, :count],
            times=first_frame + taken,
            importance=found.importance[:count],
            attention=np.mean(attention, axis=0) if attention else None,
            score=float(found.scores[-1]),
            nothing=float(found.scores[0]),
            note=note,
        )


def check_names(heads: Any, head: str, classes: list[str]) -> None:
    """Checks that there are a head and classes of these names.

    Raises:
      InputError: there are not; the message names what there is.
    """
    if head not in heads:
        raise InputError(f"explain: the model has no head {head!r}; it has {first_few(list(heads))}")
    unknown = [name for name in classes if name not in heads[head]]
    if unknown:
        raise InputError(
            f"explain: head {head!r} has no class {first_few(unknown)}; its classes are {first_few(list(heads[head]))}"
        )


def _explain(
    model: Model, spec: InputSpec, members: int, variables: Any, batch: Any, ways: dict[str, Any], path: Path
) -> _Found:
    """Explains the only clip of a batch: its frames, length and validity."""
    frames, length, valid = batch
    x, mask = model_inputs(frames, length, valid, spec)
    places, weights = path
    masks = jnp.broadcast_to(mask, (len(places), mask.shape[1]))
    rows = jnp.arange(len(places), dtype=jnp.int32)

    def of_one(_: Any, variables: Any) -> _Found:
        def score(along: Any) -> tuple[Any, Any]:
            logits, kept = model.apply(variables, along, masks, rows, training=False, mutable=["intermediates"])
            return jnp.stack([logits[head] @ way for head, way in ways.items()]).sum(0), _attention(kept)

        inputs, scores, kept = attribute(score, x[0], jnp.asarray(places), jnp.asarray(weights))
        importance = sum_over_inputs(inputs, spec)
        return _Found(importance, scores, [attention_received(layer[-1]) for layer in kept])

    found: _Found = each_member(of_one, members)(variables)
    return found if members == 1 else jax.tree.map(lambda values: values.mean(0), found)


def _attention(kept: Any) -> list[Any]:
    """The weights of each self-attention layer, among what the model kept."""
    leaves = jax.tree_util.tree_leaves_with_path(kept)
    return [value for path, value in leaves if any(getattr(key, "key", "") == "attention_weights" for key in path)]

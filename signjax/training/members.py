"""Several networks trained in one program on the same batches, which answer as one model.

Each member has its own initial weights, augmentation and dropout. Batches are the same for all, and so is the learning rate, unless
the schedule is `plateau`, which follows the loss of each. Where there are several, the arrays of parameters, batch statistics,
optimizer state and moving averages have a leading axis of members. A single network has no such axis, and draws what it drew before
there were members.

Shapes: M members, B clips, C classes of a head.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int


def each_member(function: Callable[..., Any], members: int) -> Callable[..., Any]:
    """The function of (member, *trees of one member) for all members at once: of trees with an axis of members.

    A single member is None and has no axis. On a CPU, members run one after another: a member's step keeps the cores busy.
    """
    if members == 1:
        return lambda *trees: function(None, *trees)
    numbers = jnp.arange(members)
    if _one_by_one():
        return lambda *trees: jax.lax.map(lambda one: function(*one), (numbers, *trees))
    return lambda *trees: jax.vmap(function)(numbers, *trees)


def _one_by_one() -> bool:
    return jax.default_backend() == "cpu"


def step_of_members(step: Callable[[Any, Any, Any], tuple[Any, Any]], members: int) -> Callable[[Any, Any], Any]:
    """(state of all members, batch) -> (state, metrics) for a step (state, batch, member); metrics are means over members.

    The step counter is one for all, so it alone has no axis of members.
    """

    def step_of_all(state: Any, batch: Any) -> tuple[Any, Any]:
        if members == 1:
            return step(state, batch, None)
        counted = state.replace(step=jnp.broadcast_to(state.step, (members,)))
        new, metrics = each_member(lambda member, one: step(one, batch, member), members)(counted)
        return new.replace(step=new.step[0]), jax.tree.map(lambda value: value.mean(0), metrics)

    return step_of_all


def pooled(logits: Float[Array, "m b c"]) -> Float[Array, "b c"]:
    """The answer of all members together: the mean of their log-probabilities, so of the geometric mean of probabilities."""
    return jax.nn.log_softmax(logits.astype(jnp.float32)).mean(0)


def right(logits: Float[Array, "m b c"], labels: Int[Array, "b"]) -> Bool[Array, "b m"]:
    """Whether each member alone scores the true class above all others; any value where the label is -1."""
    true = jnp.take_along_axis(logits, jnp.maximum(labels, 0)[None, :, None], axis=2)
    return ((~(logits < true)).sum(2) == 1).T  # only the true class itself, as in `metrics.true_class_rank`

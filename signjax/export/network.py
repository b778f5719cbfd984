"""The network as a pure function of what an exported program is given.

Shapes: B clips, T frames, F channels, P parts, C classes of a head, M members.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from signjax.model.factory import make_model
from signjax.model.input_spec import InputSpec
from signjax.model.inputs import model_inputs
from signjax.plans.hybrid import HybridSettings
from signjax.training.members import pooled
from signjax.training.state import Variables

# The inputs of a program, in order: float32 (B, T, F), int32 (B,) and bool (B, T, P).
INPUTS = ("frames", "lengths", "valid")

Function = Callable[[Array, Array, Array], tuple[Array, ...]]


def output_name(head: str) -> str:
    """The name of a program's output for a head: that of the head, unless an input has it."""
    return f"{head}_logits" if head in INPUTS else head


@dataclass(frozen=True)
class TrainedModel:
    """A network with its weights.

    Attributes:
      settings: sizes and options of the network.
      spec: its inputs and outputs.
      variables: on the host; with several members, all arrays have a leading axis of them.
      members: the number of networks that answer as one.
    """

    settings: HybridSettings
    spec: InputSpec
    variables: Variables
    members: int = 1

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of a program's outputs, in the order of the heads."""
        return tuple(map(output_name, self.spec.heads))

    @property
    def frame_step(self) -> int:
        """The network halves time before each stage but the first; numbers of frames that are multiples of this stay whole."""
        return int(2 ** (len(self.settings.filters) - 1))

    def function(self, loops: str = "fast") -> Function:
        """A function from the inputs of a program to the logits (B, C) of each head, in order, in float32.

        Args:
          loops: as in `make_model`; the results are the same.
        """
        settings = replace(self.settings, precision="float32", remat=False)
        model = make_model(settings, self.spec, loops=loops)
        each = [
            jax.tree.map(lambda leaf, one=member: jnp.asarray(leaf[one] if self.members > 1 else leaf), self.variables)
            for member in range(self.members)
        ]

        def logits(
            frames: Float[Array, "b t f"], lengths: Int[Array, "b"], valid: Bool[Array, "b t p"]
        ) -> tuple[Float[Array, "b c"], ...]:
            x, mask = model_inputs(frames, lengths, valid, self.spec)
            row = jnp.zeros_like(lengths)  # clips have rows for dropout alone
            answers = [model.apply(variables, x, mask, row, training=False) for variables in each]
            heads: list[Any] = [[answer[head] for answer in answers] for head in self.spec.heads]
            return tuple(of_head[0] if self.members == 1 else pooled(jnp.stack(of_head)) for of_head in heads)

        return logits


@contextmanager
def exact() -> Iterator[None]:
    """Traces programs with products in full float32 on every device, and with the promotions that converters' own code needs."""
    with (
        jax.default_matmul_precision("highest"),
        jax.numpy_dtype_promotion("standard"),
        jax.numpy_rank_promotion("allow"),
    ):
        yield

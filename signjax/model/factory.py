"""Makes a model from its settings and an `InputSpec`; a second architecture is one file and one line here."""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from jaxtyping import Array, Bool, Float, Int

from signjax.model.hybrid import Hybrid
from signjax.model.input_spec import InputSpec
from signjax.plans.hybrid import HybridSettings


@runtime_checkable
class Model(Protocol):
    """The interface of a model; B clips, T frames, I features from `model_inputs`.

    Attributes:
      classes: head name -> number of classes.
    """

    classes: Mapping[str, int]

    def init(
        self,
        rngs: Any,
        x: Float[Array, "b t i"],
        mask: Bool[Array, "b t"],
        row: Int[Array, "b"],
        *,
        training: bool,
    ) -> Any:
        """Fresh variables: `params` and `batch_stats`."""

    def apply(
        self,
        variables: Any,
        x: Float[Array, "b t i"],
        mask: Bool[Array, "b t"],
        row: Int[Array, "b"],
        *,
        training: bool,
        rngs: Any = None,
        mutable: Any = False,
    ) -> Any:
        """{head: logits (B, classes)}, and the changed variables if `mutable` names any."""


def make_model(settings: HybridSettings, spec: InputSpec, axis_name: str | None = None, loops: str = "fast") -> Model:
    """The network for these inputs.

    Args:
      settings: sizes and options of the network.
      spec: the inputs and outputs.
      axis_name: the mapped axis over which devices share a batch.
      loops: how recurrent layers run over time: `fast`; or, for predicting and with the same results, in ways that converters to
        other formats know, as `plain` scans or `unrolled`.
    """
    return Hybrid(spec.classes, settings, axis_name=axis_name, loops=loops)

"""A trained model on the devices of this machine; it does not need the dataset."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax

from signjax.data.batching.batch import Batch
from signjax.evaluation.evaluate import Answer
from signjax.model.factory import Model
from signjax.model.input_spec import InputSpec
from signjax.settings.arguments import Values, loss_arguments
from signjax.training import parallel
from signjax.training.losses import LossSettings
from signjax.training.records.restored import load_selected_average
from signjax.training.state import Variables, make_initializer
from signjax.training.step import make_eval_step

# Clips per batch; affects only speed and memory.
_BATCH = 64


class Predictor:
    """Runs a model over batches.

    Attributes:
      spec: describes the model's inputs.
      batch_size: clips per batch, a multiple of the number of devices.
      devices: that share a batch.
    """

    def __init__(
        self, model: Model, spec: InputSpec, losses: LossSettings, devices: Sequence[jax.Device], members: int = 1
    ):
        self.spec = spec
        self.batch_size = -(-_BATCH // len(devices)) * len(devices)
        self.devices = devices
        self._model, self._members = model, members
        self._arguments = loss_arguments(losses)

        def step(given: tuple[Variables, Values], batch: Batch) -> Any:
            variables, values = given
            return make_eval_step(model, replace(losses, **values), spec, members)(variables, batch)

        self._step = parallel.map_eval_step(step, devices)

    def answer_with(self, variables: Variables) -> Answer:
        """A function from a batch to the model's outputs."""
        placed = parallel.replicate((variables, self._arguments), self.devices)
        return lambda batch: parallel.unshard(self._step(placed, parallel.shard(batch, len(self.devices))))

    def load_variables(self, folder: Path) -> Variables:
        """The averaged variables of the selected checkpoint in a folder of checkpoints.

        Raises:
          InputError: there is none, or it belongs to another model or other data.
        """
        initialize = make_initializer(self._model, self.spec.features, self.spec.frames, self._members)
        shapes = parallel.replicated_shapes(initialize, 0, devices=self.devices)
        return load_selected_average(folder, shapes, self.spec.dataset)

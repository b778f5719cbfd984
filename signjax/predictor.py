"""A trained model on the devices of this machine; it does not need the dataset."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import numpy as np

from signjax.data.batching.batch import Batch
from signjax.evaluation.evaluate import Answer
from signjax.model.factory import Model
from signjax.model.input_spec import InputSpec
from signjax.settings import run_config
from signjax.settings.arguments import Values, loss_arguments
from signjax.training import parallel
from signjax.training.losses import LossSettings
from signjax.training.records.restored import load_selected_average
from signjax.training.records.weights import load_weights
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
      members: the number of networks that answer as one model.
    """

    def __init__(
        self, model: Model, spec: InputSpec, losses: LossSettings, devices: Sequence[jax.Device], members: int = 1
    ):
        self.spec = spec
        self.batch_size = -(-_BATCH // len(devices)) * len(devices)
        self.devices = devices
        self._model, self.members = model, members
        self._arguments = loss_arguments(losses)

        def step(given: tuple[Variables, Values], batch: Batch) -> Any:
            variables, values = given
            return make_eval_step(model, replace(losses, **values), spec, members)(variables, batch)

        self._step, self._step_of_one = parallel.map_eval_step(step, devices), jax.jit(step)

    def answer_with(self, variables: Variables) -> Answer:
        """A function from a batch to the model's outputs.

        A batch is shared by the devices. A single clip goes to the first alone, because somebody may be waiting for it, and it
        would take as long as a whole batch of which it is one row.
        """
        placed = parallel.replicate((variables, self._arguments), self.devices)
        of_first = parallel.on_first(placed)

        def answer(batch: Batch) -> Mapping[str, Mapping[str, np.ndarray]]:
            if len(batch.length) == 1:
                outputs: Mapping[str, Mapping[str, np.ndarray]] = jax.device_get(self._step_of_one(of_first, batch))
                return outputs
            return parallel.unshard(self._step(placed, parallel.shard(batch, len(self.devices))))

        return answer

    def load_variables(self, folder: Path) -> Variables:
        """The variables of the model in the folder of a run, or of an exported model.

        Raises:
          InputError: there is none, it is damaged, or it belongs to another model or other data.
        """
        initialize = make_initializer(self._model, self.spec.features, self.spec.frames, self.members)
        shapes = parallel.replicated_shapes(initialize, 0, devices=self.devices)
        if run_config.is_exported(folder):
            return load_weights(folder / run_config.WEIGHTS_FILE, shapes)
        return load_selected_average(folder / run_config.model_of(folder), shapes, self.spec.dataset)

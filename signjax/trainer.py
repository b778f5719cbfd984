"""A model, its steps and its data, put together once for a run."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import jax
import numpy as np
import optax

from signjax.data.batching.epoch_plan import steps_per_epoch
from signjax.data.dataset import Dataset
from signjax.evaluation.evaluate import Answers, answers_for, mean_over_heads
from signjax.model.factory import make_model
from signjax.model.input_spec import make_input_spec, write_input_spec
from signjax.plans.training import LoopSettings, OptimizerSettings
from signjax.predictor import Predictor
from signjax.runtime import processes
from signjax.runtime.compile_counter import compilations
from signjax.runtime.malloc import close_gaps
from signjax.runtime.out_of_memory import explain_out_of_memory
from signjax.runtime.plain import plain
from signjax.settings import training_plan as settings
from signjax.settings.arguments import arguments_of, with_arguments
from signjax.settings.plans import TrainingPlans
from signjax.training import parallel
from signjax.training.checkpoint import CHECKPOINTS
from signjax.training.input.batch_stream import Dispatch
from signjax.training.input.device_dataset import DeviceDataset, Resident, load_device_dataset
from signjax.training.input.epochs import Epochs
from signjax.training.loop import AfterEpoch, saved_outcome, train
from signjax.training.members import step_of_members
from signjax.training.multi_step import TrainStep, make_multi_step
from signjax.training.optimizer import make_optimizer, make_schedule, with_frozen_body
from signjax.training.records.outcome import Fit, Outcome
from signjax.training.records.selection import Validation
from signjax.training.state import TrainState, Variables, make_state_initializer, parameter_count
from signjax.training.step import make_train_step, skip_not_finite
from signjax.transfer.warm_start import begin_with, read_learned

Say = Callable[[str], None]
Validate = Callable[[Variables], Validation]
Around = tuple[int, int]  # steps of the run's other trainings, before and after

# Below the run folder: checkpoints and records of the second training.
_REFIT = "refit"


class Trainer:
    """A model, its steps and its data, made once for a run."""

    def __init__(
        self, plans: TrainingPlans, dataset: Dataset, say: Say = lambda line: None, followed: AfterEpoch | None = None
    ):
        self.dataset, self._say, self._after_epoch = dataset, say, followed
        self.devices = settings.devices(plans.batches)
        self._clips = dataset.indices("train")
        self.buckets = settings.buckets(plans, dataset.lengths[self._clips])
        self.frames = self.buckets[-1]
        self.spec = make_input_spec(dataset, self.buckets)
        self.model = make_model(plans.model, self.spec, parallel.AXIS)
        self._batch_size: int = plans.batches.batch_size
        parallel.check_batch_size(self._batch_size, len(self.devices), plans.batches.accumulate)
        self.steps_per_epoch = steps_per_epoch(len(self._clips), self._batch_size)
        classes = max(map(len, dataset.heads.values()))
        self.epochs = settings.epochs(plans.loop, self.steps_per_epoch, self._batch_size, classes)
        optimizer = replace(plans.optimizer, total_steps=self.epochs * self.steps_per_epoch)
        self.plans = replace(plans, optimizer=optimizer)
        self.predictor = Predictor(self.model, self.spec, plans.losses, self.devices, plans.loop.members)
        self._compilations = 0  # that there were when gaps were last closed
        self._met: set[int] = set()  # frames of the programs that all processes have compiled

    @cached_property
    def _make_state(self) -> Callable[[int], TrainState]:
        optimizer = self._optimizer(self.plans.optimizer)
        return make_state_initializer(self.model, optimizer, self.spec.features, self.frames, self.plans.loop.members)

    @cached_property
    def shapes(self) -> TrainState:
        """The shapes of a state, with the place of each array."""
        return parallel.replicated_shapes(self._make_state, self.plans.seed, devices=self.devices)

    def fresh_state(self) -> TrainState:
        """The state before the first step."""
        state = self._make_state(self.plans.seed)
        if self.plans.loop.init_from:
            learned = read_learned(Path(self.plans.loop.init_from))
            state = begin_with(jax.device_get(state), learned, self.spec.heads, self._say)
        return parallel.replicate(state, self.devices)

    def _begin(self) -> TrainState:
        """The state before the first step; while its weights are made, the program of that step is compiled.

        With jax 0.10.2 on two cores, this shortens a cold start by 8 % (2.3 of 27 s to the first step) and a warm one by as much.
        """
        if plain() or processes.several():
            return self.fresh_state()
        shapes = self.shapes
        with ThreadPoolExecutor(1) as beside:
            state = beside.submit(self.fresh_state)
            frames, batches, count = next(self.epochs_of().dispatches(1))
            program: Any = self.program(frames)
            program.lower(shapes, self.resident, batches, count).compile()  # jax keeps it for the call
            return state.result()

    def answers(self, variables: Variables, clips: np.ndarray) -> Answers:
        """The model's outputs for some clips of the dataset."""
        return answers_for(
            self.dataset, clips, self.predictor.answer_with(variables), self.predictor.batch_size, self.buckets
        )

    @property
    def mirrors(self) -> bool:
        """Whether the model learns from mirror images of clips."""
        return self.plans.augmentation.mirror > 0 and self.spec.layout.can_mirror(centred=self.spec.cleaning.centre)

    def step_with(
        self, plans: TrainingPlans, make: Callable[[OptimizerSettings], optax.GradientTransformation]
    ) -> TrainStep:
        """A training step with the values of these plans, which may be traced, and the optimizer that is made with them."""
        step = make_train_step(
            self.model,
            make(plans.optimizer),
            make_schedule(plans.optimizer),
            plans.losses,
            self.spec,
            plans.augmentation,
            plans.optimizer.average_decay,
            plans.seed,
            plans.batches.accumulate,
            parallel.AXIS,
            settings.weights_of_classes(plans.losses, self.dataset, self._clips),
        )
        if plans.loop.not_finite == "skip":
            step = skip_not_finite(step)
        return step_of_members(step, plans.loop.members)

    def _optimizer(self, settings: OptimizerSettings) -> optax.GradientTransformation:
        return with_frozen_body(make_optimizer(settings), self.plans.loop, settings)

    @cache  # noqa: B019  (one trainer lives as long as its process)
    def program(self, frames: int) -> Callable[..., tuple[TrainState, Any]]:
        """The steps of a dispatch on batches of `frames` frames, mapped over the devices: (state, resident, batches, count)."""
        parts, steps = len(self.dataset.layout.parts), settings.steps_per_dispatch(self.plans.batches, self.devices)

        def run(state: TrainState, resident: Resident, batches: Any, count: Any) -> tuple[TrainState, Any]:
            step = self.step_with(with_arguments(self.plans, resident.arguments), self._optimizer)
            return make_multi_step(step, frames, parts, steps)(state, resident.data, batches, count)

        return parallel.map_train_step(run, self.devices)

    @cached_property
    def resident(self) -> Resident:
        """What every dispatch is given."""
        return Resident(self.data, parallel.replicate(arguments_of(self.plans), self.devices))

    @cached_property
    def data(self) -> DeviceDataset | None:
        """The dataset on every device, where it fits."""
        return parallel.replicate(load_device_dataset(self.dataset), self.devices) if self._resident else None

    def dispatch(self, state: TrainState, work: Dispatch) -> tuple[TrainState, Any]:
        """Runs the training steps of a dispatch; each number of frames has its own program."""
        frames, batches, count = work
        if processes.several() and frames not in self._met:
            program: Any = self.program(frames)
            program.lower(state, self.resident, batches, count).compile()  # jax keeps it for the call
            processes.meet(f"compiled/{frames}")
            self._met.add(frames)
        state, metrics = self.program(frames)(state, self.resident, batches, count)
        if compilations() != self._compilations:
            # Compilations, here or in between, have left gaps in the heap. The memory of the step must come after them.
            self._compilations = compilations()
            jax.block_until_ready(metrics)
            close_gaps()
        return state, metrics

    def epochs_of(self, clips: np.ndarray | None = None) -> Epochs:
        """What training on these clips, by default the training clips, hands to `dispatch`."""
        return Epochs(
            dataset=self.dataset,
            clips=self._clips if clips is None else clips,
            pace=self.plans.pace,
            buckets=self.buckets,
            batch_size=self._batch_size,
            devices=len(self.devices),
            steps=settings.steps_per_dispatch(self.plans.batches, self.devices),
            resident=self._resident,
            seed=self.plans.seed,
        )

    @property
    def _resident(self) -> bool:
        return settings.fits_on_devices(self.plans.batches, self.dataset, self.devices)

    @cached_property
    def model_clips(self) -> np.ndarray:
        """The clips that the model is trained on which is tested and predicts."""
        return np.concatenate([self._clips, self.dataset.indices("valid")]) if self._refits else self._clips

    @property
    def model_checkpoints(self) -> str:
        """Where the checkpoints of the model lie that is tested and predicts, relative to the run folder."""
        return f"{_REFIT}/{CHECKPOINTS}" if self._refits else CHECKPOINTS

    def saved(self, folder: Path, say: Say) -> Fit:
        """How the run in a folder stands, without training; errors as in `loop.saved_outcome`."""
        first = saved_outcome(folder, self.shapes, self._loop, self.dataset.digest, say)
        if not self._refits or first.stopped_by == "unfinished":
            return Fit(first, None)
        return Fit(first, saved_outcome(folder / _REFIT, self.shapes, self._refit_loop, self.dataset.digest, say))

    def train(self, folder: Path, say: Say) -> Fit:
        """Trains or resumes, and writes down what predicting with the model will need."""
        if processes.is_chief():
            write_input_spec(folder, self.spec)
        where = "on the device" if self._resident else "read as needed"
        say(
            f"model: {self._sizes()}, {self.plans.model.precision}; batch {self._batch_size}, "
            f"{self.steps_per_epoch} steps per epoch, {self.epochs} epochs, padded to {' / '.join(map(str, self.buckets))} frames; "
            f"data {where}"
        )
        say(f"selection: {settings.selection(self.plans.loop, self._labelled, refits=self._refits)}")

        def validate(variables: Variables) -> Validation:
            scores = self.answers(variables, self.dataset.indices("valid")).scores()
            return Validation(mean_over_heads(scores, "top1"), mean_over_heads(scores, "loss"), scores)

        once = self.epochs * self.steps_per_epoch
        first = self._fit(folder, self._clips, validate, self._loop, (0, once if self._refits else 0), say)
        if not self._refits:
            return Fit(first, None)
        say(
            f"refit: the model is trained again, from the start, on the {len(self.model_clips)} clips of training and validation"
        )
        return Fit(first, self._fit(folder / _REFIT, self.model_clips, None, self._refit_loop, (once, 0), say))

    def _fit(
        self, folder: Path, clips: np.ndarray, judge: Validate | None, loop: LoopSettings, around: Around, say: Say
    ) -> Outcome:
        epochs = self.epochs_of(clips)
        with explain_out_of_memory():
            return train(
                make_state=self._begin,
                shapes=self.shapes,
                dispatch=self.dispatch,
                place=lambda state: parallel.replicate(state, self.devices),
                dispatches_of=epochs.dispatches,
                clips_of=epochs.names,
                steps_per_epoch=epochs.steps_each,
                batch_size=self._batch_size,
                validate=judge,
                settings=loop,
                workdir=folder,
                dataset_digest=self.dataset.digest,
                devices=f"{len(self.devices) * processes.process_count()} x {self.devices[0].device_kind}",
                say=say,
                steps_around=around,
                after_epoch=self._after_epoch,
            )

    @cached_property
    def _labelled(self) -> int:
        """Validation clips with a label."""
        return int((self.dataset.labels[self.dataset.indices("valid")] >= 0).any(1).sum())

    @cached_property
    def _refits(self) -> bool:
        return len(self.dataset.indices("valid")) > 0 and settings.refits(self.plans.loop)

    @cached_property
    def _loop(self) -> LoopSettings:
        """The loop of the first fit."""
        patience = self.plans.loop.patience if settings.chooses(self.plans.loop, self._labelled) else 0
        return replace(self.plans.loop, epochs=self.epochs, patience=patience)

    @cached_property
    def _refit_loop(self) -> LoopSettings:
        """The loop of the second fit: as many steps, up to what is left of an epoch, so that it runs the same programs."""
        steps = self.epochs * self.steps_per_epoch
        return replace(
            self._loop, epochs=-(-steps // steps_per_epoch(len(self.model_clips), self._batch_size)), patience=0
        )

    def _sizes(self) -> str:
        """The number of trained values, of each member where there are several."""
        members, count = self.plans.loop.members, parameter_count(self.shapes.params)
        return f"{count:,} parameters" if members == 1 else f"{members} members of {count // members:,} parameters"

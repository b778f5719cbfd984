"""A model, its steps and its data, put together once for a run."""

from collections.abc import Callable
from pathlib import Path

from ml_collections import ConfigDict

from signjax import settings
from signjax.data import batches
from signjax.data.dataset import Dataset
from signjax.evaluation.evaluate import Answer, Answers, answers_for, mean_over_heads
from signjax.training import parallel
from signjax.training.loop import Outcome, Validation, train
from signjax.training.optimizer import make_optimizer, make_schedule
from signjax.training.state import TrainState, Variables, make_state, parameter_count
from signjax.training.step import make_eval_step, make_train_step

Say = Callable[[str], None]

# Clips that are evaluated at once; it changes nothing but speed and memory.
_EVAL_BATCH = 64


class Trainer:
    """A model, its steps and its data, made once for a run."""

    def __init__(self, config: ConfigDict, dataset: Dataset):
        self.config, self.dataset = config, dataset
        self.devices = settings.devices()
        self.frames = batches.padded_frames(dataset, config.data.max_frames)
        self.model = settings.model(config, dataset)
        self._clips = dataset.indices("train")
        self._batch_size: int = config.train.batch_size
        parallel.check_batch_size(self._batch_size, len(self.devices))
        self._steps_per_epoch = batches.steps_per_epoch(len(self._clips), self._batch_size)
        self._optimizer_settings = settings.optimizer(config, self._steps_per_epoch)
        eval_step = make_eval_step(self.model, settings.losses(config), settings.inputs(dataset))
        self._eval_step = parallel.map_eval_step(eval_step, self.devices)
        self.eval_batch = -(-_EVAL_BATCH // len(self.devices)) * len(self.devices)

    def fresh_state(self) -> TrainState:
        """The state before the first step."""
        features = 2 * self.dataset.layout.width + len(self.dataset.layout.parts)
        optimizer = make_optimizer(self._optimizer_settings)
        state = make_state(self.model, optimizer, features, self.frames, self.config.seed)
        return parallel.replicate(state, self.devices)

    def answer_with(self, variables: Variables) -> Answer:
        """A function from a batch to what the model says of it."""
        return lambda batch: parallel.unshard(self._eval_step(variables, parallel.shard(batch, len(self.devices))))

    def answers(self, variables: Variables, split: str) -> Answers:
        """What the model says of a split."""
        clips = self.dataset.indices(split)
        return answers_for(self.dataset, clips, self.answer_with(variables), self.eval_batch, self.frames)

    def train(self, folder: Path, say: Say) -> Outcome:
        """Trains or resumes."""
        config = self.config
        step = make_train_step(
            self.model,
            make_optimizer(self._optimizer_settings),
            make_schedule(self._optimizer_settings),
            settings.losses(config),
            settings.inputs(self.dataset),
            settings.augmentation(config),
            config.train.average_decay,
            config.seed,
        )
        state = self.fresh_state()
        say(
            f"model: {parameter_count(state.params):,} parameters, {self.frames} frames, batch {self._batch_size}, "
            f"{self._steps_per_epoch} steps an epoch"
        )

        def validate(variables: Variables) -> Validation:
            scores = self.answers(variables, "valid").scores()
            return Validation(mean_over_heads(scores, "top1"), mean_over_heads(scores, "loss"), scores)

        return train(
            state=state,
            train_step=parallel.map_train_step(step, self.devices),
            batch_at=lambda at: batches.batch_at(
                self.dataset, self._clips, at, self._batch_size, self.frames, config.seed
            ),
            steps_per_epoch=self._steps_per_epoch,
            batch_size=self._batch_size,
            validate=validate,
            settings=settings.loop(config),
            workdir=folder,
            dataset_digest=self.dataset.digest,
            devices=len(self.devices),
            say=say,
        )

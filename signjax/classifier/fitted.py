"""Trains on clips in memory, and answers with what was learned.

Shapes: N clips, F channels, C classes.
"""

import contextlib
import io
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import jax
import numpy as np

from signjax.data.cleaning.clean import Cleaned, Cleaning, cleaned_layout, usable
from signjax.data.clip import Clip, Rejected, hand_over
from signjax.data.dataset import STATISTICS, Dataset, in_memory
from signjax.data.layout import registry as layout_registry
from signjax.data.layout.parts import Layout
from signjax.data.preparation.statistics import channel_statistics
from signjax.evaluation.evaluate import answers_for
from signjax.evaluation.fusion import Fusion, fit_weights
from signjax.model.factory import make_model
from signjax.model.input_spec import InputSpec
from signjax.predictor import Predictor
from signjax.random_convolution.classifier import fit_random_convolution
from signjax.runtime.jax_setup import configure_jax, cores
from signjax.settings import training_plan
from signjax.settings.plans import TrainingPlans
from signjax.trainer import Trainer
from signjax.training import parallel

Say = Callable[[str], None]

HEAD = "gloss"
# A dataset that is not in a folder needs no digest: nothing of it is found again later.
_DIGEST = "in memory"


@dataclass(frozen=True)
class Learned:
    """What training leaves: arrays and settings, which can be pickled.

    Attributes:
      plans: the settings.
      spec: what the model expects of a clip.
      variables: averaged parameters and batch statistics of the network, NumPy arrays.
      fusion: the random-convolution classifier and its weight; None if the network answers alone.
      epochs: that were trained.
    """

    plans: TrainingPlans
    spec: InputSpec
    variables: Any
    fusion: Fusion | None
    epochs: int


def cleaned(clips: Sequence[Clip], layout: Layout, cleaning: Cleaning) -> list[Clip]:
    """The clips as the model sees them.

    Raises:
      InputError: clips cannot be used; the message names all of them.
    """
    found = [usable(clip, layout, cleaning, no_sign=False) for clip in clips]
    hand_over([one for one in found if isinstance(one, Rejected)], None)
    return [one.clip for one in found if isinstance(one, Cleaned)]


def learn(
    clips: Sequence[Clip],
    codes: np.ndarray,
    classes: Sequence[str],
    layout: Layout,
    cleaning: Cleaning,
    plans: TrainingPlans,
    say: Say,
) -> Learned:
    """Trains the network and, if `train.fuse` is set, the random-convolution classifier, on all clips.

    No clip is held out: whoever calls this, such as cross-validation, has done so. The two are therefore fused with the weights
    that a run gives them where no validation clip tells. Checkpoints go to a temporary folder, which is removed.

    Args:
      clips: N of them, not cleaned.
      codes: int (N,), the class of each.
      classes: the names of the C classes.
      layout: of the clips.
      cleaning: how they are cleaned.
      plans: the settings.
      say: prints a line.

    Raises:
      InputError: clips or settings cannot be used.
    """
    dataset = _dataset(cleaned(clips, layout, cleaning), codes, classes, layout, cleaning)
    configure_jax(training_plan.step_bytes(plans, cores()), say)
    trainer = Trainer(plans, dataset, say)
    with tempfile.TemporaryDirectory(prefix="signjax-") as folder, _lines_to(say):
        outcome = trainer.train(Path(folder), say).model
    fusion = None
    if plans.loop.fuse:
        classifier = fit_random_convolution(dataset, trainer.model_clips, plans.seed, mirror=trainer.mirrors)
        none = np.zeros((0, len(classes)), np.float32)
        fusion = Fusion(classifier, {HEAD: fit_weights(none, none, np.zeros(0, np.int64))})
    return Learned(plans, trainer.spec, jax.device_get(outcome.variables), fusion, outcome.epochs)


def answering(learned: Learned) -> Callable[[Sequence[Clip]], np.ndarray]:
    """A function from N clips, not cleaned, to logits float32 (N, C).

    Clips are always computed in batches of one size, so that a clip has the same answer in any company, bit for bit: matrix
    products of another size add up in another order.
    """
    spec, plans = learned.spec, learned.plans
    model = make_model(plans.model, spec, parallel.AXIS)
    predictor = Predictor(model, spec, plans.losses, training_plan.devices(plans.batches), plans.loop.members)
    answer = predictor.answer_with(learned.variables)

    def logits(clips: Sequence[Clip]) -> np.ndarray:
        seen = cleaned(clips, spec.source_layout, spec.cleaning)
        size, found = predictor.batch_size, []
        for start in range(0, len(seen), size):
            batch = seen[start : start + size]
            filled = [*batch, *[batch[-1]] * (size - len(batch))]
            some = in_memory(filled, spec.layout, spec.heads, spec.statistics)
            answers = answers_for(some, np.arange(size), answer, size, spec.buckets[-1:])
            found.append((learned.fusion.fuse(some, answers) if learned.fusion else answers).logits[HEAD][: len(batch)])
        return np.concatenate(found)

    return logits


def _dataset(
    clips: Sequence[Clip], codes: np.ndarray, classes: Sequence[str], layout: Layout, cleaning: Cleaning
) -> Dataset:
    """Cleaned clips as a dataset, all of them for training."""
    own = cleaned_layout(layout, cleaning)
    unscaled = {name: np.zeros(own.width, np.float32) for name in STATISTICS}
    dataset = in_memory(clips, own, {HEAD: tuple(classes)}, unscaled)
    measured = channel_statistics(
        lambda clip: (dataset.frames(clip), dataset.validity(clip)), range(len(clips)), own
    )._asdict()
    return replace(
        dataset,
        labels=codes.astype(np.int32)[:, None],
        info={
            "digest": _DIGEST,
            "source_layout": layout_registry.to_store(layout),
            "source_width": layout.width,
            "recipe": {"cleaning": asdict(cleaning)},
            "blank_classes": [],
        },
        **{name: measured[name] for name in STATISTICS},
    )


@contextlib.contextmanager
def _lines_to(say: Say) -> Any:
    """Hands the lines that training prints by itself to `say`."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        yield
    for line in printed.getvalue().splitlines():
        say(line)

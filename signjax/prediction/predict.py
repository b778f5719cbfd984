"""Predicts the signs of unlabelled clips with a trained model; of its run, only the folder is needed."""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from signjax.data.cleaning.clean import clean
from signjax.data.cleaning.faults import unseen
from signjax.data.clip import Clip, Item, Rejected, Request
from signjax.data.dataset import in_memory
from signjax.data.layout.parts import Layout
from signjax.data.sources import registry as source_registry
from signjax.data.synthetic import registry as synthetic_registry
from signjax.data.text_files import write_json
from signjax.errors import InputError
from signjax.prediction.answers import AnswerFiles
from signjax.prediction.clips import list_new_clips
from signjax.prediction.source import check_alike, guess_source, guessed_line, requested_layout
from signjax.runtime.jax_setup import configure_jax, cores, describe_devices
from signjax.runtime.signals import Interrupted
from signjax.settings import run_config
from signjax.settings.plans import Plans, TrainingPlans, take_apart

if TYPE_CHECKING:
    from signjax.model.input_spec import InputSpec
    from signjax.predictor import Predictor

Say = Callable[[str], None]


def predict(plans: Plans, folder: Path, say: Say) -> None:
    """Predicts the clips that `plans` name with the model of a run folder, and writes `predicted.csv` there.

    Raises:
      InputError: the clips, the model or the run folder cannot be used.
      Interrupted: there was a request to stop.
    """
    try:
        _predict(plans, folder, say)
    except Interrupted as request:
        name = signal.Signals(request.number).name
        raise Interrupted(request.number, f"stopped by {name}; the same command predicts all clips again") from None


def _predict(plans: Plans, folder: Path, say: Say) -> None:
    from signjax.evaluation.evaluate import answers_for
    from signjax.evaluation.fusion import FILE, read_fusion
    from signjax.model.input_spec import read_input_spec

    if not plans.data.path:
        raise InputError("mode predict: name the clips, a file or a folder, with --config.data.path=PATH")
    path = Path(plans.data.path)
    of_run, spec = take_apart(run_config.of_run(folder)), read_input_spec(folder)
    own, given = of_run.data.source, plans.data.source
    if given in synthetic_registry.SOURCES:  # the default, which new clips never have
        guess = guess_source(path, own)
        given = guess.source
        say(guessed_line(guess))
    wanted = requested_layout(given, own, of_run.data.layout, spec.source_layout)
    with _layout_for_sources(wanted, spec.source_layout) as layout:
        request = Request(path, layout=layout, labelled=False)
        items = list_new_clips(given, request, spec.source_layout.width, say)
        check_alike(given, own, request, spec.source_layout)
        source_layout = source_registry.layout_like(given, request, spec.source_layout)
        with AnswerFiles(folder, spec.heads, say) as answers:
            predictor = _make_predictor(of_run.training, spec, say)
            say(describe_devices())
            answer = predictor.answer_with(predictor.load_variables(folder / _model_of(folder)))
            fusion = read_fusion(folder) if of_run.training.loop.fuse else None
            if of_run.training.loop.fuse and fusion is None:
                say(
                    f"fusion: the network answers alone, because there is no {folder / FILE}: the run has not been evaluated yet"
                )
            answers.remove_old()
            usable = _usable(given, items, source_layout, spec, answers.rejected)
            while chunk := list(islice(usable, predictor.batch_size)):
                some = in_memory(chunk, spec.layout, spec.heads, spec.statistics)
                found = answers_for(some, np.arange(len(some)), answer, predictor.batch_size, spec.buckets)
                found = fusion.fuse(some, found) if fusion else found
                answers.add([(clip.name, clip.file) for clip in chunk], found.logits)
            answers.finish(path)


def _usable(
    source: str, items: Sequence[Item | Rejected], layout: Layout, spec: "InputSpec", rejected: list[Rejected]
) -> Iterator[Clip]:
    """The clips that can be predicted, cleaned; the others are added to `rejected`."""
    for item in items:
        clip = item if isinstance(item, Rejected) else source_registry.read_item(source, item)
        found = clip if isinstance(clip, Rejected) else clean(clip, layout, spec.cleaning)
        if isinstance(found, Rejected):
            rejected.append(found)
        elif found.unseen and not spec.no_sign:
            rejected.append(unseen(found.clip.name, found.clip.file, len(found.clip.frames)))
        else:
            yield found.clip


def _make_predictor(plans: TrainingPlans, spec: "InputSpec", say: Say) -> "Predictor":
    """Sets up jax for this machine, and loads the model of a run."""
    from signjax.model.factory import make_model
    from signjax.predictor import Predictor
    from signjax.settings import training_plan
    from signjax.training import parallel

    configure_jax(training_plan.step_bytes(plans, cores()), say)
    model = make_model(plans.model, spec, parallel.AXIS)
    return Predictor(model, spec, plans.losses, training_plan.devices(plans.batches), plans.loop.members)


def _model_of(folder: Path) -> str:
    """Where a run's model has its checkpoints, relative to the run folder."""
    file = folder / run_config.RUN_FILE
    run = run_config.read_object(file) if file.is_file() else {}
    return str(run.get("model", "checkpoints"))


@contextmanager
def _layout_for_sources(name: str, layout: Layout) -> Iterator[str]:
    """The layout for sources: `config.data.layout`, but a JSON file is written again, because the original may be gone."""
    if not name.endswith(".json"):
        yield name
        return
    with TemporaryDirectory() as folder:
        path = Path(folder) / Path(name).name
        write_json(path, layout.description())
        yield str(path)

"""Predicts the signs of unlabelled clips with a trained model; of its run, only the folder is needed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from signjax.data.cleaning.clean import clean
from signjax.data.cleaning.faults import unseen
from signjax.data.clip import Clip, Rejected, Request
from signjax.data.dataset import in_memory
from signjax.data.layout.parts import Layout
from signjax.data.preparation.quarantine import write_quarantine
from signjax.data.sources import registry as source_registry
from signjax.data.synthetic import registry as synthetic_registry
from signjax.data.text_files import write_json
from signjax.errors import InputError
from signjax.runtime.jax_setup import configure_jax, cores, describe_devices
from signjax.settings import run_config
from signjax.settings.plans import Plans, TrainingPlans, take_apart

if TYPE_CHECKING:
    from signjax.model.input_spec import InputSpec
    from signjax.predictor import Predictor

Say = Callable[[str], None]


def predict(plans: Plans, folder: Path, say: Say) -> None:
    """Predicts the clips that `plans` name with the model of a run folder, and writes `predicted.csv` there."""
    from signjax.evaluation.evaluate import answers_for
    from signjax.evaluation.fusion import FILE, read_fusion
    from signjax.evaluation.predict import write_unlabelled
    from signjax.model.input_spec import read_input_spec

    if not plans.data.path:
        raise InputError("mode predict: set --config.data.path to the clips, and --config.data.source to their format")
    of_run, spec = take_apart(run_config.of_run(folder)), read_input_spec(folder)
    predictor = _make_predictor(of_run.training, spec, say)
    say(describe_devices())
    answer = predictor.answer_with(predictor.load_variables(folder / _model_of(folder)))
    fusion = read_fusion(folder) if of_run.training.loop.fuse else None
    if of_run.training.loop.fuse and fusion is None:
        say(
            f"fusion: the network answers alone, because there is no {folder / FILE}: the run has not been evaluated yet"
        )
    path = Path(plans.data.path)
    source = "signavatars" if plans.data.source in synthetic_registry.SOURCES else plans.data.source
    rejected: list[Rejected] = []
    named: list[tuple[str, str]] = []
    logits: dict[str, list[np.ndarray]] = {head: [] for head in spec.heads}

    def read_usable(request: Request) -> Iterator[Clip]:
        for item in source_registry.read(source, request):
            found = item if isinstance(item, Rejected) else clean(item, source_layout, spec.cleaning)
            if isinstance(found, Rejected):
                rejected.append(found)
            elif found.unseen and not spec.no_sign:
                rejected.append(unseen(found.clip.name, found.clip.file, len(found.clip.frames)))
            else:
                yield found.clip

    with _layout_for_sources(of_run.data.layout, spec.source_layout) as layout:
        request = Request(path, layout=layout, labelled=False)
        source_layout = source_registry.layout_like(source, request, spec.source_layout)
        clips = read_usable(request)
        while chunk := list(islice(clips, predictor.batch_size)):
            some = in_memory(chunk, spec.layout, spec.heads, spec.statistics)
            answers = answers_for(some, np.arange(len(some)), answer, predictor.batch_size, spec.buckets)
            answers = fusion.fuse(some, answers) if fusion else answers
            named += [(clip.name, clip.file) for clip in chunk]
            for head, values in answers.logits.items():
                logits[head].append(values)
    if rejected:
        write_quarantine(folder / "predict_quarantine.csv", rejected)
        say(f"quarantine: {len(rejected)} clips left out; see {folder / 'predict_quarantine.csv'}")
    if not named:
        raise InputError(f"{path}: none of the clips can be used; for example {rejected[0].file}: {rejected[0].detail}")
    out = folder / "predicted.csv"
    write_unlabelled(out, named, {head: np.concatenate(values) for head, values in logits.items()}, spec.heads)
    say(f"predict: {len(named)} clips, written to {out}")


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

"""Predicts the signs of unlabelled clips with a trained model; of its run, only the folder is needed."""

import signal
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from signjax.data.synthetic import registry as synthetic_registry
from signjax.errors import InputError
from signjax.prediction.answers import AnswerFiles
from signjax.prediction.new_clips import listed
from signjax.runtime.signals import Interrupted
from signjax.settings import run_config
from signjax.settings.plans import Plans, take_apart

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
    from signjax.model.input_spec import read_input_spec

    if not plans.data.path:
        raise InputError("mode predict: name the clips, a file or a folder, with --config.data.path=PATH")
    path = Path(plans.data.path)
    of_run, spec = take_apart(run_config.of_run(folder)), read_input_spec(folder)
    # The default source is a synthetic one, which new clips never have.
    source = "" if plans.data.source in synthetic_registry.SOURCES else plans.data.source
    with (
        listed(path, source, of_run.data, spec.source_layout, say) as new,
        AnswerFiles(folder, spec.heads, say) as answers,
    ):
        from signjax.prediction.recognizer import Recognizer  # loads jax, which takes seconds
        from signjax.runtime.jax_setup import describe_devices

        recognizer = Recognizer(folder, say)
        say(describe_devices())
        answers.remove_old()
        usable, adapt = recognizer.usable(new, answers.rejected), plans.training.loop.adapt
        while chunk := list(islice(usable, None if adapt else recognizer.batch_size)):
            answers.add([(clip.name, clip.file) for clip in chunk], recognizer.logits(chunk, adapt=adapt))
        answers.finish(path)

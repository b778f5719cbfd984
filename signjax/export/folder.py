"""Makes the folder of an exported model: everything that names the signs in new clips, and nothing of the clips it learned from."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from signjax.data.csv_table import read_table
from signjax.data.folders import written_whole
from signjax.data.text_files import write_json, write_text
from signjax.errors import InputError, first_line, together
from signjax.evaluation import fusion, open_set
from signjax.export import preprocessing, verify
from signjax.export.card import model_card
from signjax.export.formats import check_formats, load_format
from signjax.export.network import TrainedModel
from signjax.export.samples import sample_clips
from signjax.model.factory import make_model
from signjax.model.input_spec import read_input_spec, write_input_spec
from signjax.predictor import Predictor
from signjax.settings import run_config, training_plan
from signjax.settings.plans import take_apart
from signjax.training import parallel
from signjax.training.records.weights import write_weights

Say = Callable[[str], None]

_SUMMARY, _PREDICTIONS, _CARD, _LICENSE = "summary.json", "predictions.csv", "README.md", "LICENSE"

# Settings that say where files of the training were.
_PLACES = ("data.path", "data.labels", "data.dataset", "train.init_from")

# What converters raise for what they do not know.
_CONVERTER_ERRORS = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)

_LICENSE_TEXT = """Copyright of the model's authors.

Licensed under the Apache License, Version 2.0 (the "License"); you may not use these files except in compliance with the License.
You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS"
BASIS, WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language governing
permissions and limitations under the License.
"""


def export_model(run: Path, target: Path, formats: Sequence[str], say: Say, *, replace: bool = False) -> None:
    """Writes the model of a run into a folder, under another name until it is whole.

    Each program is run on synthetic clips and compared with jax. One that differs is left out, and is an error once the folder
    is there.

    Args:
      run: the folder of a run that has been evaluated.
      target: the folder to make.
      formats: those of `signjax.export.formats.FORMATS`.
      say: receives a line for each part.
      replace: whether an exported model may be replaced.

    Raises:
      InputError: the run has no evaluated model, the folder cannot be made, or programs differ from jax.
    """
    check_formats(list(formats))
    _check_target(run, target, replace=replace)
    model, summary, rows = _load(run)
    with written_whole(target) as folder:
        _write_model(run, folder, model, summary)
        faults = _write_programs(folder, model, formats, say)
        programs = [one for one in formats if (folder / load_format(one).FILE).is_file()]
        write_text(folder / _CARD, model_card(target.resolve().name, model, summary, rows, programs))
    say(f"export: {target}; signjax predict {target} CLIPS, or signjax.load({str(target)!r}), needs this folder alone")
    if faults:
        raise together(faults)


def _check_target(run: Path, target: Path, *, replace: bool) -> None:
    """Checks that a folder can be made.

    Raises:
      InputError: something else is there, or an exported model that must not be replaced.
    """
    if target.resolve() == run.resolve() or target.resolve() in run.resolve().parents:
        raise InputError(f"{target}: the folder of the run is there; name another folder for the exported model")
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    if not run_config.is_exported(target):
        raise InputError(f"{target}: something else is there already; name a new folder")
    if not replace:
        raise InputError(f"{target}: an exported model is there already; replace it with --force, or name a new folder")


def _load(run: Path) -> tuple[TrainedModel, dict[str, Any], list[dict[str, str]]]:
    """The model of a run, what its summary says, and the rows of its predictions.

    Raises:
      InputError: the run has no model, or has not been evaluated.
    """
    run_config.check_trained(run, "export")
    absent = [name for name in (_SUMMARY, _PREDICTIONS) if not (run / name).is_file()]
    if absent:
        raise InputError(
            f"{run}: {' and '.join(absent)} not found, so the accuracy of the model is not known. signjax evaluate {run} writes it"
        )
    plans, spec = take_apart(run_config.of_run(run)).training, read_input_spec(run)
    network = make_model(plans.model, spec, parallel.AXIS)
    predictor = Predictor(network, spec, plans.losses, training_plan.devices(plans.batches)[:1], plans.loop.members)
    model = TrainedModel(plans.model, spec, predictor.load_variables(run), plans.loop.members)
    return model, run_config.read_object(run / _SUMMARY), read_table(run / _PREDICTIONS)


def _write_model(run: Path, folder: Path, model: TrainedModel, summary: dict[str, Any]) -> None:
    """Everything but the programs and the card."""
    write_weights(
        folder / run_config.WEIGHTS_FILE, model.variables, {"format": "signjax", "dataset": model.spec.dataset}
    )
    write_input_spec(folder, model.spec)
    config = run_config.of_run(run)
    for key in _PLACES:
        run_config.set_value(config, key, "")
    run_config.set_value(config, "data.layout", Path(config.data.layout).name)
    write_json(folder / run_config.CONFIG_FILE, config.to_dict())
    write_json(folder / _SUMMARY, summary)
    write_json(folder / preprocessing.FILE, preprocessing.describe(model))
    fusion.write_fusion(folder, fusion.read_fusion(run))
    open_set.write_open_set(folder, open_set.read_open_set(run))
    write_text(folder / _LICENSE, _LICENSE_TEXT)


def _write_programs(folder: Path, model: TrainedModel, formats: Sequence[str], say: Say) -> list[InputError]:
    """Writes the program of each format, and returns what is wrong with those that were left out."""
    faults: list[InputError] = []
    clips = sample_clips(model.spec)
    wanted = verify.reference(model, clips) if formats else []
    for name in formats:
        made = load_format(name)
        path = folder / made.FILE
        path.parent.mkdir(exist_ok=True)
        try:
            made.write(model, path)
            difference = verify.largest_difference(made, path, clips, model.outputs, wanted)
            fault = f"a logit differs from jax by {difference:.1e}, more than {verify.TOLERANCE:.0e}"
        except _CONVERTER_ERRORS as error:
            difference, fault = float("inf"), f"its converter fails: {type(error).__name__}: {first_line(error)[:300]}"
        if difference > verify.TOLERANCE:
            path.unlink(missing_ok=True)
            if path.parent != folder:
                path.parent.rmdir()
            faults.append(InputError(f"{name}: {fault}, so this format was left out"))
            continue
        scale = max(float(np.abs(logits).max()) for logits in wanted)
        say(
            f"{name}: {made.FILE}, {path.stat().st_size / 1e6:.1f} MB; {len(clips.lengths)} synthetic clips of up to "
            f"{clips.lengths.max()} frames: largest difference from jax {difference:.1e}, of logits up to {scale:.1f}"
        )
    return faults

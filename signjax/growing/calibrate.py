"""Calibrates the model of a run to a new signer, and writes it as a new run folder.

The folder has all that predicting and evaluating need of a run: the settings, the checkpoints, of which the model's is new, and the
classifier beside the network. Reports and results of the run are not copied, because they are of the model before.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from signjax.data import locks
from signjax.data.clip import Clip, Rejected, hand_over
from signjax.data.folders import written_whole
from signjax.data.synthetic import registry as synthetic_registry
from signjax.data.text_files import write_json
from signjax.data.visible import clips as counted
from signjax.errors import InputError
from signjax.prediction.calibration.record import write_calibration
from signjax.prediction.new_clips import listed
from signjax.settings import run_config

if TYPE_CHECKING:
    from signjax.prediction.recognizer import Recognizer

Say = Callable[[str], None]

# What a run folder must have for its model to be used; those of the second training only where there was one.
_NEEDED = (run_config.CONFIG_FILE, run_config.RUN_FILE, "input_spec.json", "checkpoints")
_TAKEN = (*_NEEDED, "metrics.jsonl", "refit")


def calibrate(run: Path, clips: Path, new: Path, say: Say, *, source: str = "", labels: str = "") -> "Recognizer":
    """Calibrates the model of a run with labelled clips, and writes it into a new folder.

    Args:
      run: the folder of a trained and evaluated run.
      clips: file or folder of the clips, one or two of each sign or more.
      new: the folder to write, which must not exist or be empty.
      say: prints a line.
      source: of the clips; if empty, it is guessed.
      labels: their label table; if empty, the source has the labels or finds the table.

    Returns:
      The calibrated model.

    Raises:
      InputError: the run, the clips, their labels or the folder cannot be used.
    """
    from signjax.evaluation.fusion import FILE as FUSION
    from signjax.prediction.calibration.calibrated import calibrated
    from signjax.prediction.recognizer import Recognizer

    _check(run, new)
    model = Recognizer(run, say)
    if model.settings.training.loop.fuse and model.fusion is None:
        raise InputError(
            f"{run}: the run has not been evaluated yet, so it has no {FUSION}; signjax evaluate {run} writes it"
        )
    cleaned, rejected = labelled_clips(model, clips, source, labels, say)
    hand_over(rejected, None)
    found = calibrated(model, cleaned)
    assert found.calibration is not None
    with locks.inner_lock(run, say) as lock:  # nobody trains it while its checkpoints are copied
        lock.require()
        write_folder(found, run, new)
    heads = ", ".join(f"{head} ({_shown(cleaned, head)})" for head in found.calibration.heads)
    say(f"calibrate: {counted(len(cleaned))} of {heads}; the model is {new}, which predict, evaluate and load take")
    return found


def labelled_clips(
    model: "Recognizer", path: Path, source: str, labels: str, say: Say
) -> tuple[list[Clip], list[Rejected]]:
    """The labelled clips of a file or folder, cleaned as the model's own, and those that cannot be used."""
    rejected: list[Rejected] = []
    with listed(path, source, model.settings.data, model.layout, say, labels) as found:
        return list(model.usable(found, rejected)), rejected


def write_folder(model: "Recognizer", run: Path, new: Path) -> None:
    """Writes a calibrated model as a run folder; nothing is left under its name if that fails."""
    from signjax.evaluation.fusion import write_fusion
    from signjax.growing.checkpoint import replace_model

    config = run_config.read_object(run / run_config.CONFIG_FILE)
    if config["data"]["source"] not in synthetic_registry.SOURCES:  # which write their clips into the run folder
        config["data"]["dataset"] = str(model.settings.dataset_folder(run).absolute())
    assert model.calibration is not None
    with written_whole(new) as folder:
        for name in _TAKEN:
            if (run / name).is_dir():
                shutil.copytree(run / name, folder / name)
            elif (run / name).is_file():
                shutil.copy2(run / name, folder / name)
        write_json(folder / run_config.CONFIG_FILE, config)
        replace_model(folder / run_config.model_of(folder), model)
        write_fusion(folder, model.fusion)
        write_calibration(folder, model.calibration)


def _check(run: Path, new: Path) -> None:
    run_config.check_trained(run, "calibrate")
    missing = [name for name in _NEEDED if not (run / name).exists()]
    if missing:
        raise InputError(
            f"{run}: {', '.join(missing)} is missing; calibrating needs the folder of a run, not a part of it"
        )
    if new.exists() and (not new.is_dir() or any(new.iterdir())):
        raise InputError(f"--workdir={new}: it exists and is not empty; name a new folder for the calibrated model")


def _shown(clips: list[Clip], head: str) -> str:
    """`30 classes, 2 or 3 clips of each`."""
    counts: dict[str, int] = {}
    for clip in clips:
        if head in clip.labels:
            counts[clip.labels[head]] = counts.get(clip.labels[head], 0) + 1
    least, most = min(counts.values()), max(counts.values())
    return f"{len(counts)} classes, {least if least == most else f'{least} to {most}'} of each"

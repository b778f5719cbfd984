"""The file `calibration.json` in the folder of a calibrated model: which clips it was fitted to, so that none of them is scored."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from signjax.data.clip import Clip
from signjax.data.dataset import Dataset
from signjax.data.text_files import write_json
from signjax.data.visible import clips as counted
from signjax.errors import InputError

FILE = "calibration.json"


@dataclass(frozen=True)
class Calibration:
    """What a model was calibrated with.

    Attributes:
      run: the folder of the model before.
      heads: the heads that were fitted.
      clips: the names of the clips.
      digests: SHA-256 of their cleaned frames, by which they are known under any name.
    """

    run: str
    heads: tuple[str, ...]
    clips: tuple[str, ...]
    digests: tuple[str, ...]

    def unused(self, dataset: Dataset, clips: np.ndarray) -> np.ndarray:
        """Those of some clips of a dataset that the model was not calibrated with."""
        used = set(self.digests)
        kept = [clip for clip in clips.tolist() if _digest(dataset.frames(clip)) not in used]
        return np.array(kept, np.int64)

    def note(self, left_out: int) -> str:
        """What a report says of it."""
        told = f"the model was calibrated with {counted(len(self.clips))} ({', '.join(self.heads)}), from {self.run}"
        return f"{told}; {counted(left_out)} of the test split are among them and are not scored" if left_out else told


def calibration_with(run: Path, heads: Sequence[str], clips: Sequence[Clip]) -> Calibration:
    """The record of a calibration with these cleaned clips."""
    digests = tuple(_digest(clip.frames) for clip in clips)
    return Calibration(str(run), tuple(heads), tuple(clip.name for clip in clips), digests)


def write_calibration(folder: Path, calibration: Calibration) -> None:
    """Writes `calibration.json`."""
    write_json(folder / FILE, asdict(calibration))


def read_calibration(folder: Path) -> Calibration | None:
    """The calibration of the model in a folder; None if it was not calibrated.

    Raises:
      InputError: the file is damaged.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Calibration(
            str(content["run"]), *(tuple(map(str, content[key])) for key in ("heads", "clips", "digests"))
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: the file cannot be used: {error}. Restore it, or calibrate again") from error


def _digest(frames: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(frames, np.float32).tobytes()).hexdigest()

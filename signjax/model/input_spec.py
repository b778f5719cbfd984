"""What a model was trained on, as far as predicting needs it: saved in the run folder, so that a model can leave its data.

Shapes: F channels, P parts.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from signjax.data.cleaning.clean import Cleaning
from signjax.data.dataset import Dataset
from signjax.data.layout.parts import COORDINATES, Layout, from_description
from signjax.data.text_files import write_json
from signjax.errors import InputError

FILE = "input_spec.json"
_FORMAT_VERSION = 1
# Each statistic, with the value that null stands for: JSON has no infinity.
_STATISTICS = {"mean": np.nan, "std": np.nan, "low": -np.inf, "high": np.inf}


@dataclass(frozen=True, eq=False)
class InputSpec:
    """How clips become the inputs of a model, and what its outputs are called.

    Attributes:
      dataset: digest of the data that the model was trained on.
      layout: what the F channels are that the model sees.
      source_layout: what the channels of a source are before its clips are cleaned.
      heads: head name -> class names, in the order of the logits.
      mean, std: float32 (F,), from training clips; `std` is safe to divide by.
      low, high: float32 (F,), the range in which values are plausible; infinite where nothing is known.
      cleaning: what is done to each clip.
      no_sign: whether one of the classes is of clips in which nothing is seen.
      buckets: the numbers of frames that clips are padded to, rising; longer clips are thinned to the last.
    """

    dataset: str
    layout: Layout
    source_layout: Layout
    heads: Mapping[str, tuple[str, ...]]
    mean: np.ndarray
    std: np.ndarray
    low: np.ndarray
    high: np.ndarray
    cleaning: Cleaning
    no_sign: bool
    buckets: tuple[int, ...]

    @property
    def frames(self) -> int:
        """The most frames that the model sees of a clip."""
        return self.buckets[-1]

    @property
    def features(self) -> int:
        """Features of each frame that `model_inputs` makes: values, velocities, and a flag for each part."""
        return 2 * self.layout.width + len(self.layout.parts)

    @property
    def classes(self) -> dict[str, int]:
        """Head name -> number of classes."""
        return {head: len(names) for head, names in self.heads.items()}

    @property
    def statistics(self) -> dict[str, np.ndarray]:
        """`mean`, `std`, `low` and `high`, each float32 (F,)."""
        return {name: getattr(self, name) for name in _STATISTICS}

    @cached_property
    def mirror(self) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """`Layout.mirror`; None where clips cannot be mirrored.

        The mirror image of coordinates that are not centred would lie outside the picture: augmenting with it would only harm.
        """
        centred = self.cleaning.centre or not any(part.kind in COORDINATES for part in self.layout.parts)
        return self.layout.mirror if self.layout.mirrors and centred else None


def make_input_spec(dataset: Dataset, buckets: tuple[int, ...]) -> InputSpec:
    """The spec of models that are trained on this dataset, padded to these numbers of frames."""
    return InputSpec(
        dataset=dataset.digest,
        layout=dataset.layout,
        source_layout=dataset.source_layout,
        heads=dict(dataset.heads),
        mean=dataset.mean,
        std=dataset.std,
        low=dataset.low,
        high=dataset.high,
        cleaning=Cleaning(**dataset.info["recipe"]["cleaning"]),
        no_sign=any(blank["kept"] for blank in dataset.info["blank_classes"]),
        buckets=buckets,
    )


def write_input_spec(folder: Path, spec: InputSpec) -> None:
    """Writes `input_spec.json` into a run folder."""
    content = {field.name: getattr(spec, field.name) for field in fields(spec)}
    content |= {name: getattr(spec, name).description() for name in ("layout", "source_layout")}
    for name, values in spec.statistics.items():
        # A float32 is a float64, whose shortest decimal form is read back exactly.
        content[name] = [float(value) if np.isfinite(value) else None for value in values]
    write_json(folder / FILE, {"format_version": _FORMAT_VERSION, **content, "cleaning": asdict(spec.cleaning)})


def read_input_spec(folder: Path) -> InputSpec:
    """The spec in a run folder, equal to the one that was written, bit for bit.

    Raises:
      InputError: there is none, or it is damaged or of another version.
    """
    path = folder / FILE
    if not path.is_file():
        raise InputError(f"{path}: no such file; train with this version of signjax to write it")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format_version"] != _FORMAT_VERSION:
            raise ValueError(f"format {content['format_version']}, this version reads {_FORMAT_VERSION}")
        layout = from_description(content["layout"])
        statistics = {name: _statistic(content[name], null, layout.width) for name, null in _STATISTICS.items()}
        return InputSpec(
            dataset=str(content["dataset"]),
            layout=layout,
            source_layout=from_description(content["source_layout"]),
            heads={str(head): tuple(map(str, names)) for head, names in content["heads"].items()},
            cleaning=Cleaning(**content["cleaning"]),
            no_sign=bool(content.get("no_sign", False)),
            buckets=tuple(int(size) for size in content["buckets"]),
            **statistics,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: cannot be used: {error}; put the file back, or train again") from error


def _statistic(values: Any, null: float, width: int) -> np.ndarray:
    array = np.array([null if value is None else value for value in values], np.float32)
    if array.shape != (width,):
        raise ValueError(f"{len(array)} values where the layout has {width} channels")
    return array

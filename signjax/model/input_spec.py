"""What prediction must know about the training data, saved in the run folder so that a model works without its data.

Shapes: F channels, P parts, S coordinates of bones.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from signjax.data.cleaning.clean import Cleaning
from signjax.data.dataset import STATISTICS, Dataset
from signjax.data.geometry.bones import bones_of
from signjax.data.layout.parts import Layout, from_description
from signjax.data.text_files import write_json
from signjax.errors import InputError
from signjax.model.bone_scale import BoneScale, measure_bones

FILE = "input_spec.json"
_FORMAT_VERSION = 5


@dataclass(frozen=True, eq=False)
class InputSpec:
    """How clips become the inputs of a model, and the names of its outputs.

    Attributes:
      dataset: digest of the data that the model was trained on.
      layout: the layout of the F channels that the model sees.
      source_layout: the layout of a source before its clips are cleaned.
      heads: head name -> class names, in the order of the logits.
      mean, std, within, speed: float32 (F,), from training clips; see `Dataset`.
      low, high: float32 (F,), the range in which values are plausible; infinite where nothing is known.
      bones: how bones move in training clips; None: there are no bones among the inputs.
      cleaning: how each clip is cleaned.
      no_sign: whether there is a class of clips in which nothing is seen.
      buckets: the lengths that clips are padded to, ascending; longer clips are subsampled to the last.
    """

    dataset: str
    layout: Layout
    source_layout: Layout
    heads: Mapping[str, tuple[str, ...]]
    mean: np.ndarray
    std: np.ndarray
    within: np.ndarray
    speed: np.ndarray
    low: np.ndarray
    high: np.ndarray
    bones: BoneScale | None
    cleaning: Cleaning
    no_sign: bool
    buckets: tuple[int, ...]

    @property
    def frames(self) -> int:
        """The largest number of frames that the model sees of a clip."""
        return self.buckets[-1]

    @property
    def features(self) -> int:
        """Features of a frame that `model_inputs` makes: 4 of each channel, 3 of each coordinate of bones, a flag of each part."""
        of_bones = 3 * bones_of(self.layout).coordinates if self.bones else 0
        return 4 * self.layout.width + of_bones + len(self.layout.parts)

    @property
    def classes(self) -> dict[str, int]:
        """Head name -> number of classes."""
        return {head: len(names) for head, names in self.heads.items()}

    @property
    def statistics(self) -> dict[str, np.ndarray]:
        """The statistics by name, each float32 (F,)."""
        return {name: getattr(self, name) for name in STATISTICS}


def make_input_spec(dataset: Dataset, buckets: tuple[int, ...]) -> InputSpec:
    """The spec of models that are trained on this dataset, padded to these lengths."""
    return InputSpec(
        dataset=dataset.digest,
        layout=dataset.layout,
        source_layout=dataset.source_layout,
        heads=dict(dataset.heads),
        **{name: getattr(dataset, name) for name in STATISTICS},
        bones=measure_bones(dataset),
        cleaning=Cleaning(**dataset.info["recipe"]["cleaning"]),
        no_sign=any(blank["kept"] for blank in dataset.info["blank_classes"]),
        buckets=buckets,
    )


def write_input_spec(folder: Path, spec: InputSpec) -> None:
    """Writes `input_spec.json` into a run folder."""
    content = {field.name: getattr(spec, field.name) for field in fields(spec)}
    content |= {name: getattr(spec, name).description() for name in ("layout", "source_layout")}
    for name, values in spec.statistics.items():
        # A float32 is also a float64, whose shortest decimal form is read back exactly.
        content[name] = [float(value) if np.isfinite(value) else None for value in values]
    write_json(folder / FILE, {"format_version": _FORMAT_VERSION, **content, "cleaning": asdict(spec.cleaning)})


def read_input_spec(folder: Path) -> InputSpec:
    """The spec in a run folder, equal to the one that was written, bit for bit.

    Raises:
      InputError: the file does not exist, is damaged, or has another version.
    """
    path = folder / FILE
    if not path.is_file():
        raise InputError(f"{path}: the file does not exist; train with this version of signjax to create it")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format_version"] != _FORMAT_VERSION:
            raise ValueError(f"it has format {content['format_version']}, but this version reads {_FORMAT_VERSION}")
        layout = from_description(content["layout"])
        statistics = {name: _statistic(content[name], null, layout.width) for name, null in STATISTICS.items()}
        return InputSpec(
            dataset=str(content["dataset"]),
            layout=layout,
            source_layout=from_description(content["source_layout"]),
            heads={str(head): tuple(map(str, names)) for head, names in content["heads"].items()},
            bones=BoneScale(*map(float, content["bones"])) if content["bones"] else None,
            cleaning=Cleaning(**content["cleaning"]),
            no_sign=bool(content.get("no_sign", False)),
            buckets=tuple(int(size) for size in content["buckets"]),
            **statistics,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: the file cannot be used: {error}. Restore it, or train again") from error


def _statistic(values: Any, null: float, width: int) -> np.ndarray:
    array = np.array([null if value is None else value for value in values], np.float32)
    if array.shape != (width,):
        raise ValueError(f"found {len(array)} values, but the layout has {width} channels")
    return array

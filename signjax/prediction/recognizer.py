"""A trained model that names the signs in clips; of its run, only the folder is needed.

Shapes: T frames, F channels of the source, C classes.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from signjax.data.cleaning.clean import clean
from signjax.data.cleaning.faults import unseen
from signjax.data.clip import Clip, ClipInfo, Rejected, hand_over
from signjax.data.dataset import in_memory
from signjax.data.layout.parts import Layout
from signjax.evaluation.calibration import probabilities
from signjax.evaluation.evaluate import answers_for
from signjax.evaluation.fusion import FILE, read_fusion
from signjax.evaluation.predict import best_classes
from signjax.model.factory import make_model
from signjax.model.input_spec import read_input_spec
from signjax.prediction.new_clips import NewClips, listed
from signjax.predictor import Predictor
from signjax.runtime.jax_setup import configure_jax, cores
from signjax.settings import run_config, training_plan
from signjax.settings.plans import take_apart
from signjax.training import parallel

Say = Callable[[str], None]


@dataclass(frozen=True)
class HeadPrediction:
    """What a model says of a clip, for one head.

    Attributes:
      classes: the names of all classes.
      logits: float32 (C,), in their order.
    """

    classes: Sequence[str]
    logits: np.ndarray

    @property
    def probabilities(self) -> np.ndarray:
        """(C,), in the order of `classes`; they add up to 1."""
        return probabilities(self.logits[None])[0]

    @property
    def name(self) -> str:
        """The most likely class."""
        return self.top(1)[0][0]

    @property
    def probability(self) -> float:
        """The probability of the most likely class."""
        return self.top(1)[0][1]

    def top(self, count: int = 5) -> list[tuple[str, float]]:
        """Classes with their probabilities, the most likely first."""
        return best_classes(self.logits[None], self.classes, count)[0]


@dataclass(frozen=True)
class Prediction(Mapping[str, HeadPrediction]):
    """What a model says of a clip: a mapping from the name of a head to its prediction.

    Attributes:
      clip: the name of the clip.
      heads: head -> prediction.
    """

    clip: str
    heads: Mapping[str, HeadPrediction]

    def __getitem__(self, head: str) -> HeadPrediction:
        return self.heads[head]

    def __iter__(self) -> Iterator[str]:
        return iter(self.heads)

    def __len__(self) -> int:
        return len(self.heads)

    def __str__(self) -> str:
        found = (f"{head} {one.name} ({one.probability:.1%})" for head, one in self.heads.items())
        return f"{self.clip}: {', '.join(found)}"


class Recognizer:
    """The model of a run folder, on the devices of this machine.

    Attributes:
      folder: the run folder.
      heads: head -> class names.
      layout: the F channels of the clips that it takes.
    """

    def __init__(self, folder: Path, say: Say):
        """Loads the model.

        Raises:
          InputError: the folder has no trained model, or it is damaged.
        """
        run_config.check_trained(folder, "predict")
        self.settings = take_apart(run_config.of_run(folder))
        plans, self.spec = self.settings.training, read_input_spec(folder)
        configure_jax(training_plan.step_bytes(plans, cores()), say)
        model = make_model(plans.model, self.spec, parallel.AXIS)
        predictor = Predictor(model, self.spec, plans.losses, training_plan.devices(plans.batches), plans.loop.members)
        self.folder, self.batch_size, self._say = folder, predictor.batch_size, say
        self._answer = predictor.answer_with(predictor.load_variables(folder))
        self._fusion = read_fusion(folder) if plans.loop.fuse else None
        if plans.loop.fuse and self._fusion is None:
            say(
                f"fusion: the network answers alone, because there is no {folder / FILE}: the run has not been evaluated yet"
            )

    @property
    def heads(self) -> Mapping[str, Sequence[str]]:
        """Head -> class names."""
        return self.spec.heads

    @property
    def layout(self) -> Layout:
        """The channels of the clips that it takes."""
        return self.spec.source_layout

    def predict(
        self,
        clips: "np.ndarray | Clip | str | Path | Sequence[np.ndarray | Clip | str | Path]",
        *,
        source: str = "",
        rejected: list[Rejected] | None = None,
    ) -> "Prediction | list[Prediction]":
        """Names the signs, with the cleaning and the numbers of `--mode=predict`.

        Args:
          clips: frames (T, F) or (T, points, coordinates) in the order of `layout`, with NaN for what was not found; a `Clip`; the
            path of a file or folder of clips; or a list of these.
          source: the source of paths; if empty, it is guessed from what lies there.
          rejected: receives the clips that cannot be used; without it, they are an error.

        Returns:
          For frames or a clip, its prediction; else a list with one for each clip, in order, without those that were rejected.

        Raises:
          InputError: clips cannot be used; the message names all of them.
        """
        single = isinstance(clips, np.ndarray | Clip)
        given = [clips] if single or isinstance(clips, str | Path) else list(clips)  # type: ignore[arg-type]
        unusable: list[Rejected] = []
        usable = self._all(given, source, unusable)
        found: list[Prediction] = []
        while chunk := list(islice(usable, self.batch_size)):
            logits = self.logits(chunk)
            for row, clip in enumerate(chunk):
                heads = {head: HeadPrediction(classes, logits[head][row]) for head, classes in self.heads.items()}
                found.append(Prediction(clip.name, heads))
        hand_over(unusable, rejected)
        return found[0] if single and found else found

    def logits(self, clips: Sequence[Clip]) -> dict[str, np.ndarray]:
        """Head -> float32 (N, C) for cleaned clips, the network's fused with the other classifier's where the run fuses them."""
        some = in_memory(clips, self.spec.layout, self.spec.heads, self.spec.statistics)
        answers = answers_for(some, np.arange(len(some)), self._answer, self.batch_size, self.spec.buckets)
        return (self._fusion.fuse(some, answers) if self._fusion else answers).logits

    def usable(self, new: NewClips, rejected: list[Rejected]) -> Iterator[Clip]:
        """The clips that can be predicted, cleaned; the others are added to `rejected`."""
        for clip in new.read():
            yield from self._cleaned(clip, new.layout, rejected)

    def _cleaned(self, clip: Clip | Rejected, layout: Layout, rejected: list[Rejected]) -> Iterator[Clip]:
        found = clip if isinstance(clip, Rejected) else clean(clip, layout, self.spec.cleaning)
        if isinstance(found, Rejected):
            rejected.append(found)
        elif found.unseen and not self.spec.no_sign:
            rejected.append(unseen(found.clip.name, found.clip.file, len(found.clip.frames)))
        else:
            yield found.clip

    def _all(self, given: Sequence[object], source: str, rejected: list[Rejected]) -> Iterator[Clip]:
        for number, one in enumerate(given):
            if isinstance(one, str | Path):
                with listed(Path(one), source, self.settings.data, self.layout, self._say) as new:
                    yield from self.usable(new, rejected)
            else:
                yield from self._cleaned(self._clip(one, number), self.layout, rejected)

    def _clip(self, given: object, number: int) -> Clip | Rejected:
        """A clip of frames, in float32."""
        if isinstance(given, Clip):
            return given
        name, frames = f"clip {number}", np.asarray(given)
        shape, width = frames.shape, self.layout.width
        if frames.dtype.kind not in "fiu" or len(shape) not in (2, 3) or int(np.prod(shape[1:])) != width:
            return Rejected(
                name,
                "",
                "channels",
                f"expected frames (T, {width}), numbers in the order of the model's layout; found {frames.dtype} {shape}",
            )
        return Clip(ClipInfo(name, ""), np.ascontiguousarray(frames.reshape(len(frames), width), np.float32))

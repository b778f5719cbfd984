"""A trained model that names the signs in clips; of its run, only the folder is needed.

Shapes: T frames, F channels of the source, C classes.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from signjax.data.cleaning.clean import Cleaned, usable
from signjax.data.clip import Clip, ClipInfo, Rejected, hand_over
from signjax.data.dataset import in_memory
from signjax.data.layout.parts import Layout
from signjax.evaluation.evaluate import Answers, answers_for
from signjax.evaluation.fusion import FILE, fuse, read_fusion
from signjax.evaluation.open_set import FALSE_REJECTION
from signjax.explanation.explainer import Explainer, check_names
from signjax.explanation.explanation import Explanation
from signjax.model.factory import make_model
from signjax.model.input_spec import read_input_spec
from signjax.prediction.calibration.calibrated import calibrated
from signjax.prediction.calibration.labels import Labels, per_clip
from signjax.prediction.calibration.record import Calibration, read_calibration
from signjax.prediction.new_clips import NewClips, listed
from signjax.prediction.prediction import HeadPrediction, Prediction
from signjax.prediction.together import logits_together
from signjax.predictor import Predictor
from signjax.runtime.jax_setup import configure_jax, cores
from signjax.settings import run_config, training_plan
from signjax.settings.plans import take_apart
from signjax.training import parallel

if TYPE_CHECKING:
    from signjax.live.stream import Stream

Say = Callable[[str], None]


class Opinions(NamedTuple):
    """The answers for some clips.

    Attributes:
      network: of the network.
      other: head -> log-probabilities (N, C) of the classifier beside it; None if there is none.
      fused: of both together.
    """

    network: Answers
    other: Mapping[str, np.ndarray] | None
    fused: Answers


class Recognizer:
    """The model of a run folder, on the devices of this machine.

    Attributes:
      folder: the run folder.
      heads: head -> class names.
      layout: the F channels of the clips that it takes.
      settings: of the run.
      spec: what the network is given.
      predictor: which runs the network, with any variables.
      variables: of the network.
      answer: the network with its variables, for a batch.
      fusion: the classifier beside the network; None if the network answers alone.
      calibration: the clips that it was calibrated with; None if it was not.
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
        self.folder, self.batch_size, self.say, self.predictor = folder, predictor.batch_size, say, predictor
        self.variables = predictor.load_variables(folder)
        self.answer = predictor.answer_with(self.variables)
        self.fusion = read_fusion(folder) if plans.loop.fuse else None
        self.calibration: Calibration | None = read_calibration(folder)
        if plans.loop.fuse and self.fusion is None:
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
        adapt: bool = False,
    ) -> "Prediction | list[Prediction]":
        """Names the signs, with the cleaning and the numbers of `--mode=predict`.

        Args:
          clips: frames (T, F) or (T, points, coordinates) in the order of `layout`, with NaN for what was not found; a `Clip`; the
            path of a file or folder of clips; or a list of these.
          source: the source of paths; if empty, it is guessed from what lies there.
          rejected: receives the clips that cannot be used; without it, they are an error.
          adapt: whether the clips of each signer are named together, which needs sixteen of them; see docs/data.md.

        Returns:
          For frames or a clip, its prediction; else a list with one for each clip, in order, without those that were rejected.

        Raises:
          InputError: clips cannot be used; the message names all of them.

        Example:
          >>> model = signjax.load("runs/first")
          >>> clip = signjax.read("NEW_CLIPS")[0]
          >>> prediction = model.predict(clip.frames)
          >>> prediction["gloss"].name == prediction["gloss"].top(3)[0][0]
          True
          >>> len(model.predict([clip, clip.frames[:10], "NEW_CLIPS"]))
          4
        """
        single = isinstance(clips, np.ndarray | Clip)
        given = [clips] if single or isinstance(clips, str | Path) else list(clips)  # type: ignore[arg-type]
        unusable: list[Rejected] = []
        usable = self._all(given, source, unusable)
        found: list[Prediction] = []
        while chunk := list(islice(usable, None if adapt else self.batch_size)):
            logits = self.logits([one.clip for one in chunk], adapt=adapt)
            found += (self.told(one, logits, row) for row, one in enumerate(chunk))
        hand_over(unusable, rejected)
        return found[0] if single and found else found

    def told(self, one: Cleaned, logits: Mapping[str, np.ndarray], row: int) -> Prediction:
        """The prediction for a clip from a row of the logits of several."""
        heads = {head: HeadPrediction(classes, logits[head][row]) for head, classes in self.heads.items()}
        explain = partial(self.explain_cleaned, one.clip, first_frame=one.trimmed_start)
        return Prediction(one.clip.name, heads, explain)

    def explain(
        self,
        clip: "np.ndarray | Clip",
        head: str | None = None,
        of: str | None = None,
        against: str | None = None,
    ) -> Explanation:
        """Which frames and body parts speak for a class; the arguments after the clip are those of `Prediction.explain`.

        Where the network is fused with a random-convolution classifier, only the network is explained; `note` then says so.

        Args:
          clip: frames (T, F) or (T, points, coordinates) in the order of `layout`, or a `Clip`.

        Raises:
          InputError: the clip cannot be used, or there is no such head or class.
        """
        prediction = self.predict(clip)
        assert isinstance(prediction, Prediction)
        return prediction.explain(head, of, against)

    def calibrated(self, clips: "Sequence[np.ndarray | Clip]", labels: "Labels | None" = None) -> "Recognizer":
        """A model that is fitted to a few labelled clips of a new signer, one or two of each sign; this one stays as it is.

        Args:
          clips: frames or `Clip`s, as for `predict`.
          labels: a class name for each clip, or for several heads a mapping from the head to such a list; empty or None where a
            clip has no label. Without them, those of the `Clip`s count.

        Raises:
          InputError: the clips cannot be used, have no labels, or show classes that the model does not know; the message names all.
        """
        return calibrated(self, self._labelled(clips, labels))

    def _labelled(self, clips: "Sequence[np.ndarray | Clip]", labels: "Labels | None") -> list[Clip]:
        """The clips cleaned, with their labels."""
        found: list[Clip] = []
        unusable: list[Rejected] = []
        for number, (given, own) in enumerate(zip(clips, per_clip(labels, clips, self.heads), strict=True)):
            one = self._clip(given, number)
            named = (
                one if isinstance(one, Rejected) or own is None else replace(one, info=replace(one.info, labels=own))
            )
            found += (cleaned.clip for cleaned in self.clean(named, self.layout, unusable))
        hand_over(unusable, None)
        return found

    def logits(self, clips: Sequence[Clip], *, adapt: bool = False) -> dict[str, np.ndarray]:
        """Head -> float32 (N, C) for cleaned clips, the network's fused with the other classifier's where the run fuses them."""
        return logits_together(self, clips) if adapt else self.answers(clips).fused.logits

    def answers(self, clips: Sequence[Clip]) -> Opinions:
        """The answers for cleaned clips."""
        some = in_memory(clips, self.spec.layout, self.spec.heads, self.spec.statistics)
        size = 1 if len(some) == 1 else self.batch_size
        network = answers_for(some, np.arange(len(some)), self.answer, size, self.spec.buckets)
        if not self.fusion:
            return Opinions(network, None, network)
        other = self.fusion.other(some, network)
        return Opinions(network, other, fuse(network, other, self.fusion.weights))

    def stream(
        self, *, window: int | None = None, hop: int | None = None, reject: float | None = FALSE_REJECTION
    ) -> "Stream[Prediction]":
        """Names the signs in a stream of frames, such as that of a camera; see docs/live.md.

        Args:
          window: frames of a usual sign; if None, the median of the training clips.
          hop: if None, a sign is one or several stretches of movement, whichever the model finds more familiar. Else the last
            `window` frames are looked at after every `hop` frames, and neighbouring windows with the same answer are one sign.
          reject: the share of known signs that may be rejected so that others are told from them, at least 0 and below 1; None
            believes every answer.

        Returns:
          The stream. `push(frame)` adds a frame and returns the signs that have ended; `signs(frames)` goes through an iterable.

        Raises:
          InputError: an argument cannot be used, or the run has to be evaluated first so that signs can be rejected.
        """
        from signjax.prediction.streaming import open_stream

        return open_stream(self, window, hop, reject)

    def usable(self, new: NewClips, rejected: list[Rejected]) -> Iterator[Clip]:
        """The clips that can be predicted, cleaned; the others are added to `rejected`."""
        for clip in new.read():
            yield from (cleaned.clip for cleaned in self.clean(clip, new.layout, rejected))

    @cached_property
    def explainer(self) -> Explainer:
        """Explains the answers of the network alone."""
        plans = self.settings.training
        return Explainer(make_model(plans.model, self.spec), self.spec, self.variables, plans.loop.members)

    def explain_cleaned(
        self, clip: Clip, head: str, of: str, against: str | None, *, first_frame: int = 0
    ) -> Explanation:
        """What speaks for a class in a cleaned clip, of which cleaning cut off `first_frame` frames at the start.

        Raises:
          InputError: there is no such head or class.
        """
        notes = []
        if self.fusion:
            check_names(self.heads, head, [])
            own, other = self.fusion.weights[head]
            notes.append(
                f"Only the network is explained; its log-probabilities count {own:.2f} times, those of the random-convolution "
                f"classifier {other:.2f} times"
            )
        if (members := self.settings.training.loop.members) > 1:
            notes.append(f"Mean over {members} members")
        return self.explainer.explain(clip, head, of, against, first_frame=first_frame, note="; ".join(notes))

    def clean(self, clip: Clip | Rejected, layout: Layout, rejected: list[Rejected]) -> Iterator[Cleaned]:
        """The clip, cleaned, with what cleaning found; nothing if it cannot be used, which is added to `rejected`."""
        spec = self.spec
        found = clip if isinstance(clip, Rejected) else usable(clip, layout, spec.cleaning, no_sign=spec.no_sign)
        if isinstance(found, Rejected):
            rejected.append(found)
        else:
            yield found

    def _all(self, given: Sequence[object], source: str, rejected: list[Rejected]) -> Iterator[Cleaned]:
        for number, one in enumerate(given):
            if isinstance(one, str | Path):
                with listed(Path(one), source, self.settings.data, self.layout, self.say) as new:
                    for clip in new.read():
                        yield from self.clean(clip, new.layout, rejected)
            else:
                yield from self.clean(self._clip(one, number), self.layout, rejected)

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
